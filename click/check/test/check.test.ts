import t from 'tap'
import { formatDiagnostic } from '../../diagnostics.ts'
import { ipFilter } from '../../elements/ip-filter.ts'
import { paint } from '../../elements/paint.ts'
import { readRouter } from '../../read.ts'
import { configuredAs } from '../check.ts'
import { flows, processingOf } from '../codes.ts'
import { fitPorts, readPortCounts } from '../port-counts.ts'

const problemsOf = (text: string): readonly string[] => readRouter(text, 'f').diagnostics.map(formatDiagnostic)

t.test('configurations that Click runs are right', async (t) => {
  const right = [
    'Idle -> Discard',
    'FromDevice(eth0) -> Queue -> ToDevice(eth0)',
    'FromDevice(eth0) -> Counter -> q :: Queue(10) -> Counter -> ToDevice(eth0); q [1] -> Discard',
    'FromDevice(a) -> Tee -> Queue -> ToDevice(b)',
    'f :: FromDevice(a) -> t :: Tee(3) => Discard, Discard, Discard',
    'FromDevice(a) -> Classifier(12/0800, -) => Discard, Discard',
    'FromDevice(a) -> s :: EtherSwitch -> q :: Queue -> ToDevice(a); FromDevice(b) -> [1] s [1] -> q',
    'Idle -> c :: CheckIPHeader(INTERFACES 10.0.0.1/24, VERBOSE true) -> Discard; c [1] -> Discard',
    'i :: Idle; i [3] -> Discard; i [1] -> Discard; i -> Discard; i [2] -> Discard; Idle -> i',
    'FromDevice(a) -> s :: Switch(1) => Discard, Discard',
    'FromDevice(a) -> StaticSwitch(-1) -> Discard',
    'FromDevice(a) -> IPFilter(allow tcp, 1 udp, deny all) => Discard, Discard',
    'FromDevice(a) -> rt :: StaticIPLookup(10.0.0.0/8 0, 0/0 10.0.0.1 1) => Discard, Discard',
    'FromDevice(a) -> Queue -> p :: PaintTee(1) -> ToDevice(a); p [1] -> Discard',
    'Idle -> a :: ARPQuerier(10.0.0.1/24, 2:0:0:0:0:1) -> Discard; Idle -> [1] a',
    'require(compact_config); Idle -> Discard',
  ]
  for (const text of right) t.same(problemsOf(text), [], text)
})

t.test('what is wrong is said in the words of Click, with its place', async (t) => {
  const wrong: readonly (readonly [text: string, ...problems: string[]])[] = [
    [
      'a :: FromDevice(x) -> b :: ToDevice(y)',
      "f:1: 'a :: FromDevice' push output 0 connected to 'b :: ToDevice' pull input 0",
    ],
    [
      'FromDevice(x) -> c :: Counter -> ToDevice(y)',
      "f:1: agnostic 'c :: Counter' in mixed context: push input 0, pull output 0",
    ],
    ['q :: Queue -> ToDevice(y)', "f:1: 'q :: Queue' input 0 unused"],
    ['Idle -> c :: Counter', "f:1: 'c :: Counter' output 0 unused"],
    ['Idle -> n :: Null [1] -> Discard; n -> Discard', "f:1: 'n :: Null' has no output 1"],
    ['Idle -> [2] d :: Discard', "f:1: 'd :: Discard' has no input 2", "f:1: 'd :: Discard' input 0 unused"],
    [
      'c :: Counter; FromDevice(x) -> c; c -> Discard; c -> Discard',
      "f:1: illegal reuse of 'c :: Counter' push output 0",
    ],
    [
      'FromDevice(a) -> q :: Queue -> t :: ToDevice(a); FromDevice(b) -> r :: Queue -> t',
      "f:1: illegal reuse of 't :: ToDevice' pull input 0",
    ],
    [
      'FromDevice(a) -> EtherSwitch -> Discard',
      "f:1: 'EtherSwitch@2 :: EtherSwitch' input 1 unused",
      "f:1: 'EtherSwitch@2 :: EtherSwitch' output 1 unused",
    ],
    ['Idle ->\nPrint(x) -> Discard', "f:2: element class 'Print' not supported"],
    ['Idle -> Print -> Nonsense', "f:1: undeclared element 'Nonsense'", "f:1: element class 'Print' not supported"],
    ['require(package foo); Idle -> Discard', "f:1: package 'foo' not supported"],
  ]
  for (const [text, ...problems] of wrong) t.same(problemsOf(text), problems, text)
})

t.test('arguments are checked by the class', async (t) => {
  const wrong: readonly (readonly [element: string, ...problems: string[]])[] = [
    ['Paint', 'COLOR: required argument missing'],
    ['Paint(256)', 'COLOR: out of range, bound 255'],
    ['Paint(1, 2, 3)', 'too many arguments'],
    ['Strip(x, FOO 1)', 'LENGTH: invalid number', 'FOO: unknown argument'],
    ['Tee(2)', '1 outputs implies 1 arms'],
    ['Switch(1)', 'output must be < 1'],
    ['Classifier(12/0800, -)', 'need 1 arguments, one per output port'],
    ['Classifier(12/080)', 'pattern 0: value has odd number of hex digits'],
    ['IPClassifier(tcp and)', 'pattern 0: missing expression'],
    ['IPFilter(allow tcp, 1 udp)', "pattern 1: slot '1' out of range"],
    ['RadixIPLookup(10/8 0, x)', "argument 2: should be 'ADDR/MASK [GATEWAY] OUTPUT'"],
    ['RadixIPLookup(10.0.0.0/8 1)', 'argument 1 bad OUTPUT'],
    ['GetIPAddress(16, IP dst)', 'set one of OFFSET, IP'],
    ['GetIPAddress', 'set one of OFFSET, IP'],
    ['SetIPECN(4)', 'ECN: parse error'],
    ['SetIPDSCP(64)', 'DSCP: out of range, bound 63'],
    ['StoreIPAddress', 'OFFSET: required argument missing'],
    ['StoreIPAddress(1, 2)', 'ADDR: parse error'],
    ['StoreIPAddress(1.2.3.4)', 'OFFSET: required argument missing'],
    ['StoreIPAddress(1.2.3.4, 0, 1)', 'too many arguments'],
    ['ARPResponder(10.0.0.1)', 'argument 0: missing ETH'],
    ['ARPResponder(2:0:0:0:0:1)', 'argument 0: missing IP/MASK'],
    ['ARPResponder(10.0.0.1 2:0:0:0:0:1 2:0:0:0:0:2)', 'argument 0: more than one ETH'],
    ['ARPResponder(x)', 'argument 0: expected IP/MASK ETH'],
    ['ICMPError(1.2.3.4, echo)', 'ICMP type 8 is not an error type'],
    ['ICMPError(1.2.3.4, unreachable, transit)', 'argument 2 takes ICMP code (integer between 0 and 255)'],
    ['IPEncap(4, 1.2.3.4, 5.6.7.8, TOS 1, DSCP 1)', 'cannot set both TOS and DSCP'],
    ['IPEncap(4, 1.2.3.4, x)', 'DST: parse error'],
    ['VLANEncap(VLAN_ID 4096)', 'VLAN_ID: out of range, bound 4095'],
    ['EtherEncap(0x800, 1:1:1:1:1:1)', 'DST: required argument missing'],
    ['Paint($nothing)', 'COLOR: invalid number'],
  ]
  for (const [element, ...problems] of wrong) {
    const found = problemsOf(`FromDevice(a) -> e :: ${element} -> Discard`)
    const [name = ''] = element.split('(')
    const expected = [`f:1: While configuring 'e :: ${name}':`, ...problems.map((problem) => `f:1:   ${problem}`)]
    t.same(found, [expected.join('\n')], element)
  }
})

t.test('a checked element has its arguments, typed, and its ports', async (t) => {
  const { checked } = readRouter('FromDevice(a) -> Paint(7) -> f :: IPFilter(allow tcp) -> Queue -> ToDevice(a)')
  const [, painted, filter, queue] = checked?.elements ?? []
  if (!painted || !filter || !queue) return t.fail('it is right')
  t.same(configuredAs(painted, paint)?.values, { COLOR: 7, ANNO: 16 })
  t.equal(configuredAs(painted, ipFilter), undefined)
  t.equal(configuredAs(filter, ipFilter)?.list[0]?.action, 0)
  t.same([painted.inputs, painted.outputs, queue.inputs, queue.outputs], [['push'], ['push'], ['push'], ['pull']])
})

t.test('port count codes', async (t) => {
  const fit = (code: string, inputs: number, outputs: number) => {
    const counts = readPortCounts(code)
    return counts && fitPorts(counts, { inputs, outputs })
  }
  t.same(fit('1/1-2', 0, 0), { inputs: 1, outputs: 1 })
  t.same(fit('1/1-2', 3, 3), { inputs: 1, outputs: 2 })
  t.same(fit('1', 0, 0), { inputs: 1, outputs: 1 })
  t.same(fit('-/-', 5, 6), { inputs: 5, outputs: 6 })
  t.same(fit('2-/=', 1, 7), { inputs: 2, outputs: 2 })
  t.same(fit('1-/=+', 3, 0), { inputs: 3, outputs: 4 })
  for (const code of ['', 'x', '1/2/3', '1/+']) t.equal(readPortCounts(code), undefined, code)
})

t.test('processing and flow codes', async (t) => {
  t.same(processingOf('a/ah', 'output', 3), ['agnostic', 'push', 'push'])
  t.same(processingOf('l', 'output', 2), ['pull', 'pull'])
  const pairs = (code: string, inputs: number, outputs: number) =>
    Array.from({ length: inputs * outputs }, (_, i) => [Math.floor(i / outputs), i % outputs] as const)
      .filter(([input, output]) => flows(code)(input, output))
      .map(([input, output]) => `${input}${output}`)
      .join(' ')
  t.equal(pairs('x/x', 2, 2), '00 01 10 11')
  t.equal(pairs('x/y', 2, 2), '')
  t.equal(pairs('xy/x', 2, 2), '00 01')
  t.equal(pairs('#/#', 2, 2), '00 11')
  t.equal(pairs('#/[^#]', 3, 3), '01 02 10 12 20 21')
  t.equal(pairs('xyx/[xy]y', 3, 2), '00 10 11 20')
})
