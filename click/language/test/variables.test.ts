// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${name} is Click's
import t from 'tap'
import { Overflow } from '../../diagnostics.ts'
import { createScope, expand, scopeOutside } from '../variables.ts'

const scopeOf = (values: Readonly<Record<string, string>>, parent = createScope()) => {
  const scope = createScope(parent)
  for (const [name, value] of Object.entries(values)) scope.values.set(name, value)
  return scope
}

const expanded = (text: string, values: Readonly<Record<string, string>>) => expand(text, scopeOf(values), 'f:1')

t.test('variables are replaced, others stay', async (t) => {
  const values = { a: '1', b: 'two words', c: '$a+$a', q: 'say "x"\\' }
  const cases: readonly (readonly [text: string, result: string])[] = [
    ['$a', '1'],
    ['A(1, $a, 3)', 'A(1, 1, 3)'],
    ['$ab ${a}b $(a)', '$ab 1b 1'],
    ['$none ${none} $', '$none ${none} $'],
    ['${none-7} ${a-7} ${none-$a} ${none-}', '7 1 1 '],
    ['${b[0]}|${b[1]}|${b[2]}', 'two|words|'],
    ["'$a' $a", "'$a' 1"],
    ['"$b" "$q"', '"two words" "say \\"x\\"\\\\"'],
    ['"\\$a"', '"\\$a"'],
    ['/* $a */ $a // $a\n$a', '/* $a */ 1 // $a\n1'],
    ['$c', '1+1'],
    ['${$n}', '${$n}'],
  ]
  for (const [text, result] of cases) t.equal(expanded(text, values), result, text)
})

t.test('the innermost scope counts', async (t) => {
  const outer = scopeOf({ a: 'outer', b: 'outer' })
  const inner = scopeOf({ a: 'inner' }, outer)
  t.equal(expand('$a $b', inner, 'f:1'), 'inner outer')
  t.equal(scopeOutside(inner, inner.depth), outer)
  t.equal(scopeOutside(inner, 0), undefined)
})

t.test('values that mean each other end', async (t) => {
  t.match(expanded('$a', { a: '$b', b: '$a' }), /^\$[ab]$/)
})

t.test('what grows without end is refused', async (t) => {
  const names = 'abcdefghij'
  const values = Object.fromEntries(
    [...names].map((name, i) => [name, `$${names[i + 1] ?? 'z'}`.repeat(30)] as const).concat([['z', '0123456789']]),
  )
  t.throws(() => expanded('$a', values), Overflow)
})
