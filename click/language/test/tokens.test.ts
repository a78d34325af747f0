import t from 'tap'
import { createDiagnostics } from '../../diagnostics.ts'
import { createLexer, readPort } from '../tokens.ts'

const tokensOf = (text: string) => {
  const diagnostics = createDiagnostics()
  const lexer = createLexer(text, 'f', diagnostics)
  const tokens: string[] = []
  for (let token = lexer.next(); token.kind !== 'end'; token = lexer.next()) {
    tokens.push(`${token.kind === token.text ? '' : `${token.kind} `}${token.text}@${token.landmark}`)
  }
  return { tokens, errors: diagnostics.list.map(({ landmark, text: words }) => `${landmark}: ${words}`) }
}

t.test('words, symbols and variables', async (t) => {
  t.same(tokensOf('a->b=>c::d||...|elementclass $x_1 a/b//c\n1').tokens, [
    'identifier a@f:1',
    '->@f:1',
    'identifier b@f:1',
    '=>@f:1',
    'identifier c@f:1',
    '::@f:1',
    'identifier d@f:1',
    '||@f:1',
    '...@f:1',
    '|@f:1',
    'elementclass@f:1',
    'variable x_1@f:1',
    'identifier a/b@f:1',
    'identifier 1@f:2',
  ])
  t.same(tokensOf('a//b/ @1 /c').tokens, ['identifier a@f:1'])
  t.same(tokensOf('a/ /b ! a/* c\n */b').tokens, [
    'identifier a@f:1',
    'other /@f:1',
    'other /@f:1',
    'identifier b@f:1',
    'other !@f:1',
    'identifier a@f:1',
    'identifier b@f:2',
  ])
})

t.test('lines end with LF, CR and CR LF', async (t) => {
  t.same(
    tokensOf('a\r\nb\rc\n\nd').tokens,
    ['a@f:1', 'b@f:2', 'c@f:3', 'd@f:5'].map((token) => `identifier ${token}`),
  )
})

t.test('line directives change what errors call the place', async (t) => {
  const text = ['# 7 "other.click"', 'a', '#line 3', 'b', '# 1 ""', 'c', '#bad', 'd', ' # 5', 'e'].join('\n')
  const { tokens, errors } = tokensOf(text)
  t.same(tokens.slice(0, 3), ['identifier a@other.click:7', 'identifier b@other.click:3', 'identifier c@f:1'])
  t.same(errors, ['f:2: unknown preprocessor directive'])
  t.same(tokens.slice(3), ['identifier d@f:3', 'other #@f:4', 'identifier 5@f:4', 'identifier e@f:5'])
})

t.test('a configuration string goes to the parenthesis that closes it', async (t) => {
  const cases: readonly (readonly [text: string, configuration: string])[] = [
    ['simple string) x', 'simple string'],
    ['string with (balanced parens))', 'string with (balanced parens)'],
    ['string with ")quoted" paren)', 'string with ")quoted" paren'],
    ['// end-of-line comment)\n still going!)', '// end-of-line comment)\n still going!'],
    ['/* slash-star comment) */ and backslash \\)', '/* slash-star comment) */ and backslash \\'],
    ["'single \\')", "'single \\'"],
    ['\\<41 /* > */ )>)', '\\<41 /* > */ )>'],
    ['a\n# 9 "g"\nb)', 'a\nb'],
    ['open', 'open'],
  ]
  for (const [text, configuration] of cases) {
    t.equal(createLexer(text, 'f', createDiagnostics()).configuration(), configuration, text)
  }
})

t.test('port numbers are those of C', async (t) => {
  const numbers = ['0', '12', '010', '0x1F', '1a', '08', 'a', '-1'].map(readPort)
  t.same(numbers, [0, 12, 8, 31, undefined, undefined, undefined, undefined])
})
