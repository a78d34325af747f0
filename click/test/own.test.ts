import t from 'tap'
import { catalogue } from '../elements/catalogue.ts'
import { checkOwn, ownAllowed, ownClass, ownLimits, ownRefused, ownTables, takesBoth } from '../own.ts'
import { readRouter } from '../read.ts'

const errors = (text: string): readonly string[] =>
  checkOwn(text).map(({ landmark, text: said }) => `${landmark}: ${said}`)

t.test('every element class is either allowed or refused', async (t) => {
  for (const name of catalogue.keys()) t.not(ownAllowed.has(name), ownRefused.has(name), name)
  for (const name of ownAllowed) t.ok(catalogue.has(name), name)
  for (const name of ownTables) t.ok(ownAllowed.has(name), name)
})

t.test('no class that is allowed reaches a device, the host or a link', async (t) => {
  const arguments_ = [...ownAllowed].flatMap((name) => Object.keys(catalogue.get(name)?.arguments ?? {}))
  t.notOk(arguments_.some((name) => /^(DEVNAME|DEV|DEVICE|INTERFACE)$/.test(name)))
})

t.test('texts between input and output are right', async (t) => {
  for (const text of [
    'input -> output',
    'input -> c :: Counter -> output;',
    'input -> Counter -> output // to the end',
    'input -> Counter\n    -> output\n',
    'input -> cl :: Classifier(12/0800, -) -> output;\r\ncl[1] -> Discard;',
    'elementclass Twice { input -> Null -> Null -> output } input -> Twice -> output',
    'input -> { input -> Counter -> output } -> output',
    'define($colour 3) input -> Paint($colour) -> output',
    'input -> Strip(14) -> IPEncap(4, 10.0.0.1, 10.0.0.2) -> EtherEncap(0x0800, 2:0:0:0:0:1, 2:0:0:0:0:2) -> output',
  ]) {
    t.same(errors(text), [], text)
  }
})

t.test('what reaches a device, the host or other links is refused by its line and name', async (t) => {
  const refusal = (name: string) => `cannot stand in an operator's own Click: ${ownRefused.get(name)}`
  t.same(errors('input -> t :: Tee -> output;\nt[1]\n  -> leak :: ToDevice(eth0);'), [
    `click:3: 'leak :: ToDevice' ${refusal('ToDevice')}`,
  ])
  t.same(errors('input -> ToHost'), [
    'click:1: output is not connected: packets come in by input and leave by output',
    `click:1: 'ToHost@1 :: ToHost' ${refusal('ToHost')}`,
  ])
  t.same(errors('FromDevice(eth0) -> output; input -> Discard'), [
    `click:1: 'FromDevice@1 :: FromDevice' ${refusal('FromDevice')}`,
  ])
  t.same(
    errors('elementclass Quiet { input -> t :: Tee -> output; t[1] -> ToNeighbour(eth0) }\ninput -> Quiet -> output'),
    [`click:1: 'Quiet@1/ToNeighbour@2 :: ToNeighbour' ${refusal('ToNeighbour')}`],
  )
  t.same(
    errors('input -> { input -> t :: Tee -> output; t[1] -> LinkSwitch(mpls 3 7) -> Discard } -> output').length,
    1,
  )
})

t.test('a text cannot close the brace that it stands in', async (t) => {
  const closes = /a brace or a comment is not in balance/
  for (const text of [
    'input -> output } FromDevice(eth0) -> ToDevice(eth1); elementclass More { input -> output',
    'input -> output } elementclass Own { input -> output',
    'input -> output } elementclass More Null; elementclass Last { input -> output',
    'input -> output } define($a 1); elementclass Last { input -> output',
    'input -> output } { input -> output',
    'input -> output } /*',
    'input -> output } behind :: Idle; /*',
  ]) {
    t.match(errors(text), [closes], text)
  }
  for (const text of [
    'input -> output /*',
    'input -> output } //',
    'input -> output }',
    'input -> Paint(1',
    'input -> Paint("',
    '{',
    '',
  ]) {
    t.ok(errors(text).length > 0, text)
  }
})

t.test('with ports 1 it takes what comes for the node, apart from what the node sends', async (t) => {
  for (const text of [
    'input -> output; input[1] -> [1]output',
    'input -> Counter -> output; input[1] -> c :: Classifier(12/0800, -) -> [1]output; c[1] -> Discard',
    'd :: Discard; input -> a :: Classifier(12/0806, -) -> d; input[1] -> b :: Classifier(12/0806, -) -> d; a[1] -> output; b[1] -> [1]output',
  ]) {
    t.same(errors(text), [], text)
    t.ok(takesBoth(text))
  }
  t.notOk(takesBoth('input -> output // input[1] -> [1]output'))
  t.match(errors('input -> output;\n\ninput[1] -> c :: Counter -> s :: Switch -> [1]output; s[1] -> output'), [
    /^click:3: 's' lets packets of input\[1\] leave by output: the two ways are apart$/,
  ])
  t.match(errors('input -> output; input[1] -> t :: Tee -> [1]output; t[1] -> Discard'), [
    /^click:1: 't :: Tee' cannot stand behind input\[1\]: it makes copies$/,
  ])
  t.match(errors('input -> Tee(2) => output, [1]output; input[1] -> [1]output'), [
    /^click:1: 'Tee@1' lets packets of input leave by output\[1\]/,
  ])
  t.match(errors('input -> output; input[1] -> Discard'), [/input\[1\] is connected and output\[1\] is not/])
  t.match(errors('input -> Tee(2) => output, [1]output'), [/output\[1\] is connected and input\[1\] is not/])
})

t.test('it has one input and one output, is pushed and pushes', async (t) => {
  const three = 'input -> output; input[1] -> [1]output; input[2] -> [2]output'
  t.match(errors(three), [/input has other ports than 0 and 1/, /output has other ports than 0 and 1/])
  t.match(errors('input[1] -> [1]output'), [/input 0 missing/, /output 0 missing/])
  t.match(errors('Idle -> output'), [/input is not connected/])
  t.match(errors('input -> Queue -> output'), [/pull output 0 connected to 'link :: Queue' push input 0/])
  t.match(errors('input -> output || input, input -> output'), [/one definition without parameters/])
  t.match(errors('$a | input -> Paint($a) -> output'), [/one definition without parameters/])
  t.match(errors('require(package "x"); input -> output'), [/require\(package x\) cannot stand/])
})

t.test('what Click itself would refuse is told with its line', async (t) => {
  t.same(errors('input\n-> c :: Countre -> output'), ["click:2: unknown element class 'Countre'"])
  t.same(errors('input\n\n-> p :: Paint(300) -> output'), [
    "click:3: While configuring 'p :: Paint':\nCOLOR: out of range, bound 255",
  ])
  t.same(errors('input -> Print(x) -> output'), ["click:1: element class 'Print' not supported"])
  t.same(errors('input -> output;\nc :: Counter -> Discard'), ["click:2: 'c :: Counter' input 0 unused"])
})

t.test('the budget counts what compound elements expand to', async (t) => {
  const chain = (count: number) => `input ${'-> Null '.repeat(count)}-> output`
  t.same(errors(chain(ownLimits.elements)), [])
  t.match(errors(chain(ownLimits.elements + 1)), ['click:1: 257 elements are too many: at most 256'])
  const sixteen = `elementclass Sixteen { ${chain(16)} }`
  t.same(errors(`${sixteen} input ${'-> Sixteen '.repeat(16)}-> output`), [])
  t.match(errors(`${sixteen} input ${'-> Sixteen '.repeat(17)}-> output`), [/272 elements are too many/])
  t.match(errors(`input ${'-> RadixIPLookup(0/0 0) '.repeat(17)}-> output`), [/17 elements with tables are too many/])
  t.match(errors(`input -> output // ${'é'.repeat(ownLimits.bytes / 2)}`), [/16403 bytes are too many/])
})

t.test('a text that would expand without end is refused before it does', async (t) => {
  const level = (n: number) => `elementclass C${n} { input ${`-> C${n - 1} `.repeat(100)}-> output }\n`
  const bomb = `elementclass C0 { ${`input ${'-> Null '.repeat(100)}-> output`} }\n${[1, 2, 3, 4, 5].map(level).join('')}`
  const start = performance.now()
  t.match(errors(`${bomb}input -> C5 -> output`), [/more than 1024 elements/])
  t.match(errors('t :: Tee; input -> t; t[0-65535] => Discard; Idle -> output'), [/connections are too many/])
  t.ok(performance.now() - start < 10_000)
})

t.test('spliced in, it keeps its own lines, and the router around it those of its own', async (t) => {
  const text = 'input\n-> wrong :: Paint(300)\r\n-> output'
  const before = '// one\n// two\n'
  const router = `${before}${ownClass(text, 3)}FromDevice(a) -> Own -> also :: Paint(301)\n-> Queue -> ToDevice(b);\n`
  const line = router.split('\n').findIndex((each) => each.includes('also')) + 1
  const found = readRouter(router, 'router').diagnostics.map(({ landmark }) => landmark)
  // The carriage return and line feed of the text end one line.
  t.same(found, [`router:${line}`, 'click:2'])
})

t.test('a declaration is readable', async (t) => {
  t.equal(ownClass('input -> output'), 'elementclass Own {\n# 1 "click"\ninput -> output\n# 5 ""\n}\n')
})
