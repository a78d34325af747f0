import t from 'tap'
import { quote, shiftWord, splitArguments, splitWords, uncomment, unquote } from '../strings.ts'

t.test('arguments stand between commas, without comments and space around them', async (t) => {
  const cases: readonly (readonly [text: string, args: readonly string[]])[] = [
    ['', []],
    ['  ', []],
    ['a, b, c', ['a', 'b', 'c']],
    ['  a /*?*/ b,  c, ', ['a b', 'c']],
    ['1, // last\n', ['1']],
    [',', ['']],
    ['a,,b', ['a', '', 'b']],
    ['"x, y" // ?', ['"x, y"']],
    ["'a, \\', b", ["'a, \\'", 'b']],
    ['"a\\", b", c', ['"a\\", b"', 'c']],
    ['\\<2c /* > */ 2c>, x', ['\\<2c /* > */ 2c>', 'x']],
    ['a   b', ['a   b']],
    ['"open, to the end', ['"open, to the end']],
  ]
  for (const [text, args] of cases) t.same(splitArguments(text), args, text)
})

t.test('words stand between spaces', async (t) => {
  t.same(splitWords(' a  b, "c d" e/**/f '), ['a', 'b,', '"c d"', 'e', 'f'])
  t.same(shiftWord(' $x  1 2 '), ['$x', '1 2 '])
  t.same(shiftWord(''), ['', ''])
  t.equal(uncomment(' a // b\n c '), 'a c')
})

t.test('quotes come off, and what is escaped in them is put in', async (t) => {
  const cases: readonly (readonly [text: string, value: string])[] = [
    ['abc', 'abc'],
    ['a"b"c', 'abc'],
    ['"\\n" abc /* 1 */ \'/* 2 */\'', '\n abc /* 2 */'],
    ['"\\101\\x42\\x143"', 'ABC'],
    ['"\\<48 45 4c4C 4f>"', 'HELLO'],
    ['\\<48656c6C 6f 2 /* and finally */ 1>', 'Hello!'],
    ["'\\<41>'", '\\<41>'],
    ['"a\\\nb"', 'ab'],
    ['"\\q\\"\\$"', 'q"$'],
    ['\\n', '\\n'],
    ['"\\', '\\'],
  ]
  for (const [text, value] of cases) t.equal(unquote(text), value, text)
})

t.test('what was quoted is unquoted to itself', async (t) => {
  for (const text of ['', 'a b', '"', '\\', '$x', '\t\r\n', '\0\x01\x7f\x80\xff', "it's", '/* no comment */ // none']) {
    t.equal(unquote(quote(text)), text, JSON.stringify(text))
    t.match(quote(text), /^"[\x20-\x7e]*"$/)
  }
})
