import t from 'tap'
import { jsonProblem } from '../json-syntax.ts'

t.test('JSON has no problem', async (t) => {
  for (const text of ['{}', '[1, "a", null]', ' true ', '1e3']) t.equal(jsonProblem(text), undefined, text)
})

t.test('the first wrong character is found', async (t) => {
  for (const [text, offset, message] of [
    ['', 0, /end of JSON/],
    ['{"a": [1, 2', 11, /Expected/],
    ['{"a": 1,}', 8, /property name/],
    ['{"a": }', 6, /Unexpected token '}'/],
    ['{"a": 1} x', 9, /Unexpected/],
    ['{"a": tru3}', 9, /Unexpected number/],
    ["{'a': 1}", 1, /property name/],
    ['{"a": 01}', 7, /Unexpected number/],
    ['{"a": "x\ny"}', 8, /control character/],
    ['{"a": 1 # why\n}', 8, /Expected/],
    [`{"a": [${'1, '.repeat(100_000)}x]}`, 300_007, /Unexpected token 'x'/],
  ] as const) {
    const problem = jsonProblem(text)
    t.match(problem, { offset, message }, text.slice(0, 20))
    t.notMatch(problem?.message, /\n/)
  }
})
