// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${name} is Click's
import t from 'tap'
import { createDiagnostics, formatDiagnostic } from '../../diagnostics.ts'
import { parse } from '../../language/parse.ts'
import { unparse } from '../../unparse.ts'
import { type FlattenOptions, flatten } from '../flatten.ts'

const flat = (text: string, options: FlattenOptions = {}) => {
  const diagnostics = createDiagnostics()
  const graph = flatten(parse(text, 'f', {}, diagnostics), options, diagnostics)
  const problems = diagnostics.list.map(formatDiagnostic)
  return { problems, text: unparse(graph, { landmarks: false }), graph }
}

const cases: readonly (readonly [what: string, text: string, flat: readonly string[]])[] = [
  ['anonymous elements', 'A -> B -> A', ['A@1 :: A;', 'B@2 :: B;', 'A@3 :: A;', 'A@1 -> B@2', '    -> A@3;']],
  [
    'a name that is taken',
    'A@1 :: B; A@3 :: B; A; A -> x :: C',
    [...['A@1 :: B;', 'A@3 :: B;', 'A@4 :: A;', 'A@5 :: A;', 'x :: C;', 'A@5 -> x;']],
  ],
  [
    'a compound element',
    'a -> c :: { input -> x :: X(1) -> Y -> output } -> b',
    [...['a@1 :: a;', 'b@3 :: b;', 'c/x :: X(1);', 'c/Y@2 :: Y;', 'a@1 -> c/x', '    -> c/Y@2', '    -> b@3;']],
  ],
  [
    'an anonymous one',
    'a -> { input -> X -> output } -> b',
    [...['a@1 :: a;', 'b@3 :: b;', '@2/X@1 :: X;', 'a@1 -> @2/X@1', '    -> b@3;']],
  ],
  [
    'several ports',
    'c :: { input -> X -> output; input [1] -> Y -> [1] output }; a -> c -> b; d -> [1] c [1] -> e',
    [
      ...['a@2 :: a;', 'b@3 :: b;', 'd@4 :: d;', 'e@5 :: e;', 'c/X@1 :: X;', 'c/Y@2 :: Y;'],
      ...['a@2 -> c/X@1', '    -> b@3;', 'd@4 -> c/Y@2', '    -> e@5;'],
    ],
  ],
  ['a wire through a compound element', 'a -> { input -> output } -> b', ['a@1 :: a;', 'b@3 :: b;', 'a@1 -> b@3;']],
  [
    'compound elements in each other',
    'elementclass I { input -> x :: X -> output } elementclass O { input -> I -> i :: I -> output } a -> o :: O -> b',
    [...['a@1 :: a;', 'b@3 :: b;', 'o/I@1/x :: X;', 'o/i/x :: X;', 'a@1 -> o/I@1/x', '    -> o/i/x', '    -> b@3;']],
  ],
  [
    'a class within its own name',
    'elementclass Queue { input -> Queue -> S -> output } a -> Queue -> b',
    [
      ...['a@1 :: a;', 'b@3 :: b;', 'Queue@2/Queue@1 :: Queue;', 'Queue@2/S@2 :: S;'],
      ...['a@1 -> Queue@2/Queue@1', '    -> Queue@2/S@2', '    -> b@3;'],
    ],
  ],
  ['another name for a class', 'elementclass Q Queue; q :: Q(5)', ['q :: Queue(5);']],
  [
    'groups',
    'x -> c :: C(00/01) => ( input [0] -> output; input [1] -> P(1) -> output ) -> y',
    [
      ...['x@1 :: x;', 'c :: C(00/01);', 'P@6 :: P(1);', 'y@7 :: y;'],
      ...['x@1 -> c', '    -> y@7;', 'c [1] -> P@6', '    -> y@7;'],
    ],
  ],
  [
    'a group is no scope',
    'a -> ( -> n :: N -> ) -> b; n [1] -> c',
    [...['a@1 :: a;', 'n :: N;', 'b@6 :: b;', 'c@7 :: c;', 'n [1] -> c@7;', 'a@1 -> n', '    -> b@6;']],
  ],
  [
    'many to one and one to many within',
    'a, b -> { input -> output } -> c, d',
    [
      ...['a@1 :: a;', 'b@2 :: b;', 'c@4 :: c;', 'd@5 :: d;'],
      ...['b@2 -> c@4;', 'a@1 -> c@4;', 'b@2 -> d@5;', 'a@1 -> d@5;'],
    ],
  ],
  [
    'a declaration for several names',
    'a, b :: C(1); d, e :: C(2) -> a',
    [...['a :: C(1);', 'b :: C(1);', 'd@3 :: d;', 'e :: C(2);', 'd@3 -> a;', 'e -> a;']],
  ],
  [
    'parameters',
    'elementclass P { $a, K $k, __REST__ $r | X($a, $k, $r) } P(1, K 3, 2, FOO 4)',
    ['P@1/X@1 :: X(1, 3, 2, FOO 4);'],
  ],
  ['parameters pass on', 'elementclass I { $a | X($a $b) } { $a, $b | I("$a") }(1, 2)', ['@1/I@1/X@1 :: X("1" $b);']],
  [
    'variables of the scope around',
    'define($g 5); { define($l 6); { X($g, $l, ${n-7}) } }',
    [...['define($g 5);', '', '@1/@1/X@1 :: X($g, 6, 7);']],
  ],
  [
    'overloads',
    'elementclass M { input -> A -> output || $c | input -> B($c) -> output || input -> C -> output; input [1] -> Discard } a -> M -> b; a -> M(5) -> b; a => M -> b; x, x => M -> b',
    [
      ...[
        'a@1 :: a;',
        'b@3 :: b;',
        'a@4 :: a;',
        'b@6 :: b;',
        'a@7 :: a;',
        'b@9 :: b;',
        'x@10 :: x;',
        'x@11 :: x;',
        'b@13 :: b;',
      ],
      ...['M@2/A@1 :: A;', 'M@5/B@1 :: B(5);', 'M@8/A@1 :: A;', 'M@12/C@1 :: C;', 'M@12/Discard@2 :: Discard;'],
      ...['a@1 -> M@2/A@1', '    -> b@3;', 'a@4 -> M@5/B@1', '    -> b@6;', 'a@7 -> M@8/A@1', '    -> b@9;'],
      ...['x@10 -> M@12/C@1', '    -> b@13;', 'x@11 -> M@12/Discard@2;'],
    ],
  ],
  [
    'extension',
    'elementclass Q { $a, $b | input -> Q($a) -> S($b) -> output || ... } a -> Q(1, 2) -> b; c -> Q(3) -> d',
    [
      ...['a@1 :: a;', 'b@3 :: b;', 'c@4 :: c;', 'Q@5 :: Q(3);', 'd@6 :: d;', 'Q@2/Q@1 :: Q(1);', 'Q@2/S@2 :: S(2);'],
      ...['c@4 -> Q@5', '    -> d@6;', 'a@1 -> Q@2/Q@1', '    -> Q@2/S@2', '    -> b@3;'],
    ],
  ],
  [
    'requirements, also of what is within',
    'require(compact_config); { require(package x); A }',
    [...['require(compact_config, package "x");', '', '@1/A@1 :: A;']],
  ],
  [
    'ports of chains',
    'a [1] -> [2] x [3] -> [4] b',
    [...['a@1 :: a;', 'x@2 :: x;', 'b@3 :: b;', 'a@1 [1] -> [2] x@2;', 'x@2 [3] -> [4] b@3;']],
  ],
  [
    'a circle',
    'a -> b -> c; d :: D; d -> e :: E -> d',
    [
      ...[
        'a@1 :: a;',
        'b@2 :: b;',
        'c@3 :: c;',
        'd :: D;',
        'e :: E;',
        'a@1 -> b@2',
        '    -> c@3;',
        'd -> e',
        '    -> d;',
      ],
    ],
  ],
]

t.test('the flat configuration has the names and connections of click-flatten', async (t) => {
  for (const [what, text, lines] of cases) {
    const { problems, text: found } = flat(text)
    t.same(problems, [], what)
    t.equal(found, `${lines.join('\n')}\n`, what)
  }
})

t.test('values are put in where that is asked for, those from outside first', async (t) => {
  const text = 'define($a 1, $b "$a 2"); X($a, $b, ${c-3}, $d)'
  t.equal(flat(text).text, 'define($a 1, $b "$a 2");\n\nX@1 :: X($a, $b, 3, $d);\n')
  const options = { expandVariables: true, variables: { a: '9', d: '8' } }
  t.equal(flat(text, options).text, 'X@1 :: X(9, "9 2", 3, 8);\n')
})

t.test('what does not fit is said', async (t) => {
  const wrong: readonly (readonly [text: string, ...problems: string[]])[] = [
    [
      '{ $a, $b | }(1)',
      "f:1: no match for '<anonymous>[1 argument, 0 inputs, 0 outputs]'",
      'f:1:   candidate: <anonymous>(<arg>, <arg>)[0 inputs, 0 outputs]',
    ],
    [
      '{ $a | }(1, 2)',
      "f:1: no match for '<anonymous>[2 arguments, 0 inputs, 0 outputs]'",
      'f:1:   candidate: <anonymous>(<arg>)[0 inputs, 0 outputs]',
    ],
    [
      'elementclass A { C $c, __REST__ $r | }\nA(1)',
      "f:2: no match for 'A[1 argument, 0 inputs, 0 outputs]'",
      'f:1:   candidate: A(C, ...)[0 inputs, 0 outputs]',
    ],
    ['c :: { input -> X -> output }; a -> c', "f:1: 'c' output 0 unused"],
    ['c :: { input -> X -> output }; a -> [1] c -> b', "f:1: 'c' input 0 unused", "f:1: 'c' has no input 1"],
    [
      'c :: { input -> x :: X }; c/x :: Y; a -> c',
      "f:1: redeclaration of element 'c/x'",
      "f:1:   element 'c/x' previously declared here",
    ],
  ]
  for (const [text, ...problems] of wrong) t.same(flat(text).problems.toSorted(), problems.toSorted(), text)
})

t.test('landmarks are those of the elements, also from within', async (t) => {
  const { graph } = flat('a ::\nA; {\n  X;\n}\n# 7 "g"\nB')
  t.same(
    graph.elements.map(({ name, landmark }) => `${name} ${landmark}`),
    ['a f:1', 'B@3 g:7', '@2/X@1 f:3'],
  )
})

t.test('what would grow without end is refused', async (t) => {
  const doubling = (count: number, inner: string) =>
    Array.from({ length: count }, (_, i) => `elementclass C${i + 1} { C${i}; C${i} }`)
      .join('\n')
      .replace('C0; C0', inner)
  t.match(flat(`${doubling(30, 'X; X')}\nC30`).problems, [/^f:\d+: more than 100000 elements$/])
  const deep = Array.from({ length: 600 }, (_, i) => `elementclass C${i + 1} { C${i} }`).join('\n')
  t.match(flat(`elementclass C0 { X }\n${deep}\nC600`).problems, [/maximum compound element nesting depth exceeded/])
  const doubled = Array.from({ length: 30 }, (_, i) => `elementclass C${i + 1} { $a | C${i}($a$a) }`).join('\n')
  t.match(flat(`elementclass C0 { $a | X($a) }\n${doubled}\nC30(1)`).problems, [/larger than|too large/])
  const cross = 'x :: X; y :: Y; x [0-9999] -> ( -> ) -> [0-9999] y'
  t.ok(flat(cross).graph.connections.length < 400_001)
})

t.test('thousands of groups after each other are no depth', async (t) => {
  const { problems, graph } = flat(`a -> ${'( -> ) -> '.repeat(5000)}b`)
  t.same(problems, [])
  t.same(graph.connections.length, 1)
})
