import t from 'tap'
import { missing } from '../../ebpf/features.ts'
import { testRun } from '../../ebpf/test-run.ts'
import { compile } from '../compile/compile.ts'
import { loadRouter } from '../router.ts'
import { graphOf } from './support/compare.ts'
import { counting, frameOf, ipPacket } from './support/ip-packets.ts'
import { runFrames } from './support/run-frames.ts'

// On an emulated machine a run takes seconds.
t.setTimeout(1_200_000)
const reason = missing('bpf')?.message
const settings = { skip: reason ?? false, timeout: 300_000 } as const

const load = (t: { teardown(work: () => void): void }, text: string) => {
  const router = loadRouter(compile(graphOf(text), { device: () => 1 }))
  t.teardown(() => router.close())
  return router
}

t.test('arguments are read as they count', settings, async (t) => {
  const router = load(
    t,
    `FromDevice(in) -> en :: EtherEncap(0x0806, 2:0:0:0:0:1, 2:0:0:0:0:2) -> re :: EtherRewrite(2:0:0:0:0:3, 2:0:0:0:0:4)
      -> v :: VLANEncap(0x6005, NATIVE_VLAN -1, ETHERTYPE 0x88a8) -> a :: VLANEncap(ANNO) -> s :: SetVLANAnno(VLAN_ID 7, VLAN_PCP 2)
      -> h :: HostEtherFilter(2:0:0:0:0:5) -> t :: Truncate(100) -> MarkIPHeader(14) -> d :: SetIPDSCP(10) -> e :: SetIPECN(ce)
      -> ip :: IPEncap(4, 10.0.0.1, DST_ANNO) -> u :: UDPIPEncap(10.0.0.1, 5, 10.0.0.2, dns)
      -> x :: ICMPError(10.0.0.3, unreachable, needfrag, PMTU 1400) -> Discard`,
  )
  const values = {
    'en.src': '02-00-00-00-00-01',
    'en.dst': '02-00-00-00-00-02',
    'en.ethertype': '2054',
    're.src': '02-00-00-00-00-03',
    're.dst': '02-00-00-00-00-04',
    'v.vlan_tci': '24581',
    'v.vlan_id': '5',
    'v.vlan_pcp': '3',
    'v.native_vlan': '-1',
    'v.ethertype': '34984',
    'a.vlan_tci': 'ANNO',
    's.vlan_tci': '16391',
    's.vlan_id': '7',
    's.vlan_pcp': '2',
    'h.ether': '02-00-00-00-00-05',
    't.nbytes': '100',
    'd.dscp': '10',
    'e.ecn': '3',
    'ip.src': '10.0.0.1',
    'ip.dst': 'DST_ANNO',
    'u.sport': '5',
    'u.dst': '10.0.0.2',
    'u.dport': '53',
    'x.src': '10.0.0.3',
    'x.mtu': '576',
    'x.pmtu': '1400',
  }
  t.same(Object.fromEntries(Object.keys(values).map((name) => [name, router.read(name)])), values)
  const constants = Object.keys(values).filter((name) => !name.startsWith('x.'))
  for (const name of constants) {
    t.throws(() => router.write(name, '1'), { code: 'config.invalid', message: /swap/ }, name)
  }
})

t.test('an ICMPError takes another source and other sizes while it runs', settings, async (t) => {
  const text = `FromDevice(in) -> Strip(14) -> CheckIPHeader -> x :: ICMPError(10.0.0.3, unreachable, needfrag, PMTU 1400)
    -> EtherEncap(0x0800, 2:0:0:0:0:1, 2:0:0:0:0:2) -> ToDevice(out)`
  const router = load(t, text)
  const [{ program } = { program: undefined }] = router.programs
  if (!program) return t.fail('no program')
  const error = (): Buffer =>
    testRun(program, { data: frameOf(ipPacket({ payload: counting(1000) })) }).data.subarray(14)
  t.equal(error().length, 576)
  router.write('x.src', '10.9.9.9')
  router.write('x.mtu', '100')
  router.write('x.pmtu', '1234')
  const changed = error()
  t.equal(changed.length, 100)
  t.same([...changed.subarray(12, 16)], [10, 9, 9, 9])
  t.equal(changed.readUInt16BE(26), 1234)
  t.throws(() => router.write('x.mtu', '67'), { code: 'config.invalid' })
  t.throws(() => router.write('x.src', 'here'), { code: 'config.invalid' })
})

t.test('CheckIPHeader says what was wrong, if it is asked to', settings, async (t) => {
  const packet = ipPacket({ payload: counting(20) })
  const changed = (at: number, value: number): Buffer => {
    const wrong = Buffer.from(packet)
    wrong[at] = value
    return frameOf(wrong)
  }
  const frames = [
    frameOf(packet),
    frameOf(packet.subarray(0, 19)),
    changed(0, 0x65),
    changed(0, 0x65),
    changed(0, 0x44),
    changed(3, 200),
    changed(3, 19),
    changed(10, 0),
    frameOf(ipPacket({ source: '10.0.0.255' })),
  ]
  const text = (details: string): string =>
    `FromDevice(in) -> c :: CheckIPHeader(14, BADSRC 10.0.0.255${details}) -> ToDevice(out)`
  const { handler } = await runFrames(text(', DETAILS true'), frames, ['c.drops', 'c.drop_details'])
  t.equal(handler('c.drops'), '8')
  t.equal(
    handler('c.drop_details'),
    '1\ttiny packet\n2\tbad IP version\n1\tbad IP header length\n2\tbad IP length\n1\tbad IP checksum\n1\tbad source address\n',
  )
  t.throws(() => load(t, text('')).read('c.drop_details'), { code: 'config.invalid' })
})

t.test('a filter tells what it comes down to', settings, async (t) => {
  const router = load(
    t,
    `FromDevice(in) -> c :: Classifier(12/0806 20/00??, -); c[0] -> Discard;
      c[1] -> MarkIPHeader(14) -> i :: IPClassifier(tcp , "udp"); i[0] -> f :: IPFilter(deny tcp, allow all) -> Discard; i[1] -> Discard`,
  )
  t.equal(
    router.read('c.program'),
    '0\t(data[12:2] == 0x806 && data[20:1] == 0x0)\t[0]\n1\ttrue\t[1]\n'.replace(':1] ==', ':2] & 0xff00 =='),
  )
  t.equal(router.read('i.pattern0'), 'tcp')
  t.equal(router.read('i.pattern1'), '"udp"')
  t.throws(() => router.read('i.pattern2'), { code: 'config.invalid' })
  t.match(router.read('f.program'), /^0\t.*\t\[X\]\n1\ttrue\t\[0\]\n$/)
})

t.test('every element tells its ports and its handlers', settings, async (t) => {
  const router = load(t, 'FromDevice(in) -> n :: Null -> q :: Queue -> Discard; Idle -> n; q[1] -> Discard')
  t.equal(router.read('n.ports'), '1 input\npush~\t-\tFromDevice@1 [0], Idle@5 [0]\n1 output\npush~\t-\tq [0]\n')
  t.equal(
    router.read('q.ports'),
    '1 input\npush\t-\tn [0]\n2 outputs\npull\t-\tDiscard@4 [0]\npush\t-\tDiscard@6 [0]\n',
  )
  t.match(router.read('q.handlers'), /^capacity\trw\nclass\tr\n/)
  router.write('q.capacity', '5')
  t.equal(router.read('q.capacity'), '5')
  t.throws(() => router.write('q.capacity', '0'), { code: 'config.invalid', message: /swap/ })
})

t.test('a Discard that is not active does not count', settings, async (t) => {
  const router = load(t, 'FromDevice(in) -> Queue -> d :: Discard(ACTIVE false)')
  const [{ program } = { program: undefined }] = router.programs
  if (!program) return t.fail('no program')
  const send = () => testRun(program, { data: Buffer.alloc(60) })
  send()
  t.same([router.read('d.active'), router.read('d.count')], ['false', '0'])
  router.write('d.active', 'true')
  send()
  t.same([router.read('d.active'), router.read('d.count')], ['true', '1'])
})

t.test('a Counter tells rates, 0 before the first packet and after a reset', settings, async (t) => {
  const router = load(t, 'FromDevice(in) -> c :: Counter -> Discard')
  const [{ program } = { program: undefined }] = router.programs
  if (!program) return t.fail('no program')
  const rates = () => ['rate', 'byte_rate', 'bit_rate'].map((name) => Number(router.read(`c.${name}`)))
  t.same(rates(), [0, 0, 0])
  const start = process.hrtime.bigint()
  testRun(program, { data: Buffer.alloc(100), repeat: 1000 })
  const [packets = 0, bytes = 0, bits = 0] = rates()
  const mostSeconds = Number(process.hrtime.bigint() - start) / 1e9
  // They count from when the router was loaded, some time before.
  t.ok(packets > 0 && packets < 1e12, `${packets} packets a second`)
  t.ok(packets * (mostSeconds + 60) > 1000, 'not fewer than they were')
  t.ok(Math.abs(bytes / packets - 100) < 20 && Math.abs(bits / packets - 800) < 160, 'of 100 bytes')
  router.write('c.reset', '')
  t.same([router.read('c.count'), ...rates()], ['0', 0, 0, 0])
})

t.test('what calls handlers where packets pass is refused', async (t) => {
  for (const call of ['COUNT_CALL', 'BYTE_COUNT_CALL']) {
    const text = `FromDevice(in) -> c :: Counter(${call} 5 s.switch 1) -> s :: Switch -> Discard`
    t.throws(() => compile(graphOf(text), { device: () => 1 }), {
      code: 'not-supported',
      message: `${call} not supported`,
    })
  }
})
