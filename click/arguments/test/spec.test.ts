import t from 'tap'
import { boolean, unsigned } from '../numbers.ts'
import { keyword, optional, readArguments, required } from '../spec.ts'
import { string } from '../text.ts'

const spec = {
  DATA: required(string, ''),
  LIMIT: optional(unsigned, '', '7'),
  STOP: keyword(boolean, ''),
} as const

const read = (...args: readonly string[]) => readArguments(spec, args)
const values = (...args: readonly string[]) => read(...args).values
const problems = (...args: readonly string[]) => read(...args).problems

t.test('by place and by name, in any order', async (t) => {
  const both = { DATA: 'x', LIMIT: 10 }
  t.same(values('x', '10'), both)
  t.same(values('DATA x', 'LIMIT 10'), both)
  t.same(values('LIMIT 10', 'DATA x'), both)
  t.same(values('x', 'LIMIT 10', 'STOP true'), { ...both, STOP: true })
  t.same(values('STOP no', 'DATA x'), { DATA: 'x', LIMIT: 7, STOP: false })
})

t.test('defaults stand in, the last of several counts', async (t) => {
  t.same(values('x'), { DATA: 'x', LIMIT: 7 })
  t.same(values('DATA x', 'DATA y'), { DATA: 'y', LIMIT: 7 })
})

t.test('what is wrong is said as Click says it', async (t) => {
  t.same(problems(), ['DATA: required argument missing'])
  t.same(problems('x', 'y'), ['LIMIT: invalid number'])
  t.same(problems('x', '1', '2'), ['too many arguments'])
  t.same(problems('x', '1', 'true'), ['too many arguments'], 'STOP has no place')
  t.same(problems('x', 'FOO 1', 'BAR 2'), ['FOO: unknown argument', 'BAR: unknown argument'])
  t.same(problems('x', 'LIMIT -1', 'STOP 5'), ['LIMIT: out of range, bound 0', 'STOP: parse error'])
  t.equal(values('x', 'y'), undefined)
})

t.test('an argument that looks like a keyword may be the mandatory one', async (t) => {
  t.same(problems('LIMIT 10', 'x'), ['DATA: parse error', 'LIMIT: invalid number'])
  t.same(readArguments({ TEXT: required({ name: 'any', parse: (text: string) => text }, '') }, ['FOO bar']).values, {
    TEXT: 'FOO bar',
  })
})
