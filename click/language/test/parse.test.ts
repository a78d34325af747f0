import t from 'tap'
import { createDiagnostics, formatDiagnostic } from '../../diagnostics.ts'
import { parse } from '../parse.ts'

const known = ['Idle', 'Discard', 'Queue', 'Tee', 'Null']

/** What is said of a configuration, as a driver says it: names that are not declared are none. */
const problemsOf = (text: string, options: Parameters<typeof parse>[2] = {}) => {
  const diagnostics = createDiagnostics()
  parse(text, 'f', { isClass: (name) => known.includes(name), ...options }, diagnostics)
  return diagnostics.list.map(formatDiagnostic)
}

t.test('what click(5) allows is allowed', async (t) => {
  const right = [
    '',
    ';;',
    'a :: Idle; b :: Discard; a -> b; a -> b;',
    'a, b :: Null; Idle -> a -> b -> Discard',
    'Idle -> q :: Queue(10) -> Discard',
    'Idle -> ( input -> output ) -> Discard',
    'Idle -> ( [0] -> [0] ) -> Discard',
    'Idle -> (->) -> Discard',
    'Idle => ( [0]->[0]; [1]->[1] ) => ( [0]->[0]; [1]->[1] ) -> Discard;',
    'Idle => [0,1] ( [0]->[0]; [1]->[1] ) [0,1] -> Discard',
    't :: Tee; t [0], t [1] => Null, Null -> Discard',
    't :: Tee; t => Null, Null, Null -> Discard; t [3-] => Null, Null -> Discard; t [5-6] => Discard, Discard',
    'Idle -> { -> Null -> } -> Discard',
    'elementclass A { $a, KEY $b, __REST__ $c | input -> Null -> output }',
    'elementclass A { | input -> output || $a | input -> output || $a, $b | }',
    'elementclass Queue { $a, $b | input -> Queue($a) -> output || ... } Idle -> Queue(5) -> Discard',
    'elementclass Queue { input -> Queue -> output } Idle -> Queue -> Discard',
    'elementclass Q Queue; Idle -> Q -> Discard',
    'Idle -> { elementclass A Null; input -> A -> output } -> Discard',
    'define($a 1, $b "x, y")',
    'require(compact_config, package foo, bar)',
    'Idle -> Null // comment\n -> /* and */ Discard',
    'Idle [0] -> [0] Discard; Idle[]->Discard',
  ]
  for (const text of right) t.same(problemsOf(text), [], text)
})

t.test('what it does not allow is said with its place', async (t) => {
  const wrong: readonly (readonly [text: string, problem: string | RegExp])[] = [
    ['a -> Discard', "f:1: undeclared element 'a'"],
    ['\n\nIdle -> b', "f:3: undeclared element 'b'"],
    ['a :: Nope', "f:1: unknown element class 'Nope'"],
    ['a :: Idle;\na :: Idle', "f:2: redeclaration of element 'a'"],
    ['a :: Idle; a :: Idle', "f:1:   element 'a' previously declared here"],
    ['Idle :: Queue', "f:1: class 'Idle' used as element name"],
    ['1/x :: Idle', "f:1: element name '1/x' has all-digit component"],
    ['a :: Idle; a(5) -> Discard', 'f:1: configuration string ignored on element reference'],
    ['a ::', 'f:1: missing element type in declaration'],
    ['[1] Idle -> Discard', 'f:1: input ports ignored at start of chain'],
    ['Idle -> Discard [1]', 'f:1: output ports ignored at end of chain'],
    ['Idle -> ;', "f:1: syntax error near ';'"],
    ['-> Discard', "f:1: syntax error near '->'"],
    ['Idle -> Discard )', "f:1: syntax error near ')'"],
    ['}', "f:1: syntax error near '}'"],
    ['provide x', "f:1: syntax error near 'provide'"],
    ['[0] ;', 'f:1: stranded port ignored'],
    ['Idle [x] -> Discard', 'f:1: syntax error: port number should be integer'],
    ['Idle [-> Discard', 'f:1: syntax error: expected port number'],
    ['Idle [0;] -> Discard', "f:1: syntax error: expected ','"],
    ['Idle [99999] -> Discard', 'f:1: port number above 65535'],
    ['Tee [0,1] -> [0,1] Tee', "f:1: syntax error: many-to-many connections require '=>'"],
    ['Tee [0,1] => Null, Null, Null', 'f:1: connection mismatch: 2 outputs connected to 3 inputs'],
    ['Tee [0,1,2-] => Null, Null', 'f:1: connection mismatch: 3 or more outputs connected to 2 inputs'],
    ['Tee [0-] => [0-] Null', 'f:1: at most one expandable port allowed per connection'],
    ['{ input[0] -> Discard; input[2] -> Discard }', "f:1: '<anonymous>' input 1 missing"],
    ['{ Idle -> input -> Discard }', "f:1: '<anonymous>' pseudoelement 'input' may only be used as output"],
    ['elementclass A { output -> Discard }', "f:1: 'A' pseudoelement 'output' may only be used as input"],
    ['Idle -> ( [0]->[0]; [2]->Discard ) -> Discard', "f:1: '<anonymous group>' input 1 missing"],
    ['{ input -> Null', "f:1: expected '}'"],
    ['( input -> Null', "f:1: expected ')'"],
    ['elementclass', 'f:1: expected element type name'],
    ['elementclass A;', "f:1: syntax error near ';'"],
    ['elementclass A { $a, $a | }', "f:1: parameter '$a' multiply defined"],
    ['elementclass A { K $a, K $b | }', "f:1: repeated keyword parameter 'K' in compound element"],
    ['elementclass A { K $a, $b | }', /f:1: compound element parameters out of order/],
    ['elementclass A { $a $b | }', "f:1: expected ',' or '|'"],
    ['elementclass A { $a, x -> y }', 'f:1: expected variable'],
    ['elementclass New { ... }', "f:1: '...' should occur last, after one or more compounds"],
    ['elementclass New { input -> output || ... }', "f:1: cannot extend unknown element class 'New'"],
    ['define(x 1)', "f:1: bad 'define' declaration: not a variable"],
    ['define($a 1); define($a 2)', "f:1: parameter '$a' multiply defined"],
    ['define', "f:1: expected '('"],
    ['require(package a b)', 'f:1: syntax error at requirement'],
    ['require(library x.click)', "f:1: library 'x.click' not found"],
    ['{ require(library x.click) }', "f:1: 'require library' must be used at file scope"],
    ['# foo\n', 'f:1: unknown preprocessor directive'],
    ['{ input -> Null; -> Discard }', "f:1: warning: suggest 'input ->' or '[0] ->' to start connection"],
  ]
  for (const [text, problem] of wrong) {
    const problems = problemsOf(text)
    if (problem instanceof RegExp) t.match(problems.join('\n'), problem, text)
    else t.ok(problems.includes(problem), `${text}: ${problems.join(' | ')}`)
  }
})

t.test('a name that is used wrongly is said once', async (t) => {
  t.same(problemsOf('a -> b; a -> b; c :: Nope; d :: Nope'), [
    "f:1: undeclared element 'a'",
    "f:1: undeclared element 'b'",
    "f:1: unknown element class 'Nope'",
  ])
})

t.test('as in the tools, any name is a class where nothing says which there are', async (t) => {
  const diagnostics = createDiagnostics()
  const { nodes } = parse('a -> b; c :: d; d -> a', 'f', {}, diagnostics)
  t.same(diagnostics.list, [])
  t.same(
    nodes.map(({ name }) => name),
    ['a@1', 'b@2', 'c', 'd@4', 'a@5'],
  )
})

t.test('a library is read where it is required, once', async (t) => {
  const asked: string[] = []
  const library = (name: string, requiredBy: string) => {
    asked.push(`${name} by ${requiredBy}`)
    if (name === 'missing') return undefined
    return {
      file: `lib/${name}`,
      text: name === 'a' ? 'require(library b); elementclass A Nope1;' : 'elementclass B Null;',
    }
  }
  const text = 'require(library a, library b); Idle -> B -> Discard; require(library a)'
  t.same(problemsOf(text, { library }), ["lib/a:1: unknown element class 'Nope1'"])
  t.same(asked, ['a by f', 'b by lib/a', 'b by f', 'a by f'])
})

t.test('depth is bounded', async (t) => {
  const deep = (open: string, close: string, count: number) =>
    `Idle -> ${open.repeat(count)}${close.repeat(count)} -> Discard`
  t.same(problemsOf(deep('{ input -> ', ' -> output }', 60)).slice(-1), [
    'f:1: maximum compound element nesting depth exceeded',
  ])
  t.same(problemsOf(deep('( -> ', ' -> )', 60)).slice(-1), ['f:1: maximum element group nesting depth exceeded'])
})
