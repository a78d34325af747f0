import t from 'tap'
import { bridgeName, tunnelName } from '../bridge/names.ts'
import { inverse, type Operation } from '../bridge/operation.ts'
import { planLinks } from '../bridge/plan.ts'
import { wirePort } from '../bridge/ports.ts'
import { linkMark } from '../mark.ts'
import { bucketOf } from '../rates.ts'
import { address, bridge, guard, iface, lines, root, snapshot, tunnel, vif } from './support/reading.ts'
import { link } from './support/world.ts'

const b = bridgeName('a.v', 'l1')
const segment = { technology: 'vxlan', identifier: 7, local: '192.0.2.1', remote: '192.0.2.2', nic: 'eth1' }
const w = tunnelName('a.v', 'l1', segment)
const port = JSON.stringify(wirePort)
const eth1 = iface(2, 'eth1')
const eth2 = iface(3, 'eth2')
const allPieces =
  'root, rate, management, best effort, management queue, best effort queue, table of vxlan, vxlan, vxlan without a rate, ' +
  'table of gre, gre, gre without a rate, table of etherip, etherip, etherip without a rate, table of ipip, ipip, ipip without a rate'

t.test('a link within a host: made down, guarded and limited before it is raised', async (t) => {
  const interfaces = [vif(10, 'vif1.0'), vif(11, 'vif2.0')]
  const [step, ...more] = planLinks(
    'a.v',
    [link({ vifs: ['vif1.0', 'vif2.0'], rates: [0, 8e6] })],
    snapshot({ interfaces }),
  )
  t.same(more, [])
  t.match(step, { vnet: 'a.v', link: 'l1', action: 'add', waitsFor: [] })
  t.same(lines(step), [
    `add bridge ${b} mtu 1450 alias weft:a.v:link/l1`,
    `isolate ${b}, hooks missing`,
    `join vif1.0 ${b}`,
    `set-port vif1.0 ${port} from {}`,
    `join vif2.0 ${b}`,
    `set-port vif2.0 ${port} from {}`,
    'limit vif2.0 to 8000000 bit/s',
    `raise ${b}`,
    'raise vif1.0',
    'raise vif2.0',
  ])
  t.same(step?.reasons, [
    `the bridge ${b} is not there`,
    `vif1.0 is not in ${b}`,
    `vif2.0 is not in ${b}`,
    'what leaves vif2.0 shall have 8000000 bit/s',
  ])
})

t.test(
  'a tunnel: queueing at the NIC, a guarantee in bytes of the wire, a ceiling in those of the guest',
  async (t) => {
    const reading = {
      interfaces: [eth1, vif(10, 'vif1.0')],
      nicRates: new Map([['eth1', { bitsPerSecond: 1e9, isConfigured: false }]]),
    }
    const spec = link({ vifs: ['vif1.0'], segments: [{ ...segment, rate: 40e6 }] })
    const [step] = planLinks('a.v', [spec], snapshot(reading))
    t.same(lines(step), [
      `underlay eth1 at 1000000000: ${allPieces}`,
      `reserve eth1 VNI 7 ${Math.round((40e6 * 1514) / 1464 / 8) * 8}`,
      `add bridge ${b} mtu 1450 alias weft:a.v:link/l1`,
      `add tunnel ${w} mtu 1450 VNI 7 192.0.2.1 to 192.0.2.2 by eth1`,
      `isolate ${b}, hooks missing`,
      `join ${w} ${b}`,
      `set-port ${w} ${port} from {}`,
      `limit ${w} to 40000000 bit/s`,
      `join vif1.0 ${b}`,
      `set-port vif1.0 ${port} from {}`,
      `raise ${b}`,
      `raise ${w}`,
      'raise vif1.0',
    ])
  },
)

t.test('what is right has no step', async (t) => {
  const interfaces = [bridge(20, b), vif(10, 'vif1.0', 'a.v', 20), vif(11, 'vif2.0', 'a.v', 20)]
  const seen = snapshot({ interfaces, qdiscs: [guard(20), root(11, bucketOf(8e6, 1450))] })
  t.same(planLinks('a.v', [link({ vifs: ['vif1.0', 'vif2.0'], rates: [0, 8e6] })], seen), [])
  t.same(planLinks('b.w', [], seen), [], 'and nobody else has one')
})

t.test('a link whose vif is not there, or not marked yet, is built without it and waits', async (t) => {
  const spec = link({ vifs: ['vif1.0', 'vif2.0'] })
  const interfaces = [vif(10, 'vif1.0'), iface(11, 'vif2.0')]
  const [step] = planLinks('a.v', [spec], snapshot({ interfaces }))
  t.same(step?.waitsFor, ['vif2.0'])
  t.notMatch(lines(step).join('\n'), /vif2\.0/)
  const built = snapshot({ interfaces: [bridge(20, b), vif(10, 'vif1.0', 'a.v', 20)], qdiscs: [guard(20)] })
  t.match(planLinks('a.v', [spec], built), [
    { operations: [], waitsFor: ['vif2.0'], reasons: ['vif2.0 is not there yet'] },
  ])
})

t.test('removal lowers vifs before it lets them go, gives back and tidies', async (t) => {
  const note = 'nic=eth2 index=3 up=0 mtu=9000 addrgen=0'
  const interfaces = [
    eth1,
    iface(3, 'eth2', { master: 20 }),
    bridge(20, b, linkMark('a.v', 'l1', note)),
    tunnel(21, w, 7, 2, 20),
    vif(10, 'vif1.0', 'a.v', 20),
  ]
  const seen = snapshot({ interfaces, qdiscs: [guard(20), root(10, bucketOf(8e6, 1450))] })
  const [step] = planLinks('a.v', [], seen)
  t.match(step, { action: 'remove', link: 'l1' })
  t.same(lines(step), [
    `leave vif1.0 ${b}`,
    'limit vif1.0 to no limit',
    'give back {"nic":"eth2","index":3,"up":false,"mtu":9000,"addressGeneration":0}',
    `delete ${b}`,
    `delete ${w}`,
    'tidy eth1',
  ])
})

t.test('another segment replaces the one before it, the old tunnel last', async (t) => {
  const interfaces = [eth1, eth2, bridge(20, b), tunnel(21, w, 7, 2, 20), vif(10, 'vif1.0', 'a.v', 20)]
  const seen = snapshot({ interfaces, qdiscs: [guard(20)] })
  const other = { ...segment, identifier: 8, nic: 'eth2' }
  const [step] = planLinks('a.v', [link({ vifs: ['vif1.0'], segments: [other] })], seen)
  const name = tunnelName('a.v', 'l1', other)
  t.same(lines(step), [
    `underlay eth2 at 10000000000: ${allPieces}`,
    `add tunnel ${name} mtu 1450 VNI 8 192.0.2.1 to 192.0.2.2 by eth2`,
    `join ${name} ${b}`,
    `set-port ${name} ${port} from {}`,
    `raise ${name}`,
    `delete ${w}`,
    'tidy eth1',
  ])
})

t.test('a tunnel moves to another NIC in place, and leaves the first one tidy', async (t) => {
  const interfaces = [eth1, eth2, bridge(20, b), tunnel(21, w, 7, 2, 20), vif(10, 'vif1.0', 'a.v', 20)]
  const seen = snapshot({ interfaces, qdiscs: [guard(20)] })
  const [step] = planLinks('a.v', [link({ vifs: ['vif1.0'], segments: [{ ...segment, nic: 'eth2' }] })], seen)
  t.same(lines(step), [
    `underlay eth2 at 10000000000: ${allPieces}`,
    `set ${w} {"vxlan":{"nic":"eth2"}} from {"vxlan":{"nic":"eth1"}}`,
    'tidy eth1',
  ])
})

t.test('a NIC is taken with a note of what it was, and of no other', async (t) => {
  const spec = link({ vifs: ['vif1.0'], nic: 'eth2' })
  const free = iface(3, 'eth2', { up: false, mtu: 9000 })
  const [step] = planLinks('a.v', [spec], snapshot({ interfaces: [free, vif(10, 'vif1.0')] }))
  t.same(lines(step), [
    `add bridge ${b} mtu 1450 alias weft:a.v:link/l1 nic=eth2 index=3 up=0 mtu=9000 addrgen=0`,
    `isolate ${b}, hooks missing`,
    `join vif1.0 ${b}`,
    `set-port vif1.0 ${port} from {}`,
    'set eth2 {"mtu":1450,"addressGeneration":1} from {"mtu":9000,"addressGeneration":0}',
    `join eth2 ${b}`,
    `set-port eth2 ${port} from {}`,
    `raise ${b}`,
    'raise vif1.0',
    'raise eth2',
  ])
})

t.test(
  'vifs of other VNets that got into a bridge are put out; interfaces without our mark are never named',
  async (t) => {
    const interfaces = [
      bridge(20, b),
      vif(10, 'vif1.0', 'a.v', 20),
      vif(11, 'vif2.0', 'a.v', 20),
      vif(12, 'vif3.0', 'b.w', 20),
      iface(13, 'stranger', { master: 20 }),
    ]
    const [step] = planLinks(
      'a.v',
      [link({ vifs: ['vif1.0', 'vif2.0'] })],
      snapshot({ interfaces, qdiscs: [guard(20)] }),
    )
    t.same(lines(step), [`leave vif3.0 ${b}`])
  },
)

t.test('a link that breaks a rule is refused before anything is planned', async (t) => {
  const seen = snapshot({
    interfaces: [
      iface(1, 'lo', { hardware: 772 }),
      eth1,
      eth2,
      iface(4, 'eth4'),
      iface(5, 'vlan5', { info: { kind: 'other', name: 'vlan', data: Buffer.alloc(0) }, lower: 4 }),
      iface(6, 'eth6'),
    ],
    addresses: [address(3, '192.0.2.1/24')],
    routed: new Set([6]),
  })
  const refused = (code: string, options: Parameters<typeof link>[0], message: RegExp) =>
    t.throws(() => planLinks('a.v', [link(options)], seen), { code, object: 'link/l1', message })
  refused('slice.invalid', { vifs: [] }, /joins 0 things/)
  refused('slice.invalid', { vifs: ['vif1.0'] }, /joins 1 things/)
  refused('slice.invalid', { vifs: ['vif1.0', 'vif2.0'], segments: [segment] }, /joins 3 things/)
  refused('slice.invalid', { segments: [segment], nic: 'eth4' }, /joins 2 things/)
  refused('slice.invalid', { vifs: ['vif1.0', 'vif2.0'], mtu: 60 }, /MTU 60/)
  refused('slice.invalid', { vifs: ['vif1.0'], segments: [{ ...segment, identifier: 0 }] }, /VNI 0/)
  refused('slice.invalid', { vifs: ['vif1.0'], segments: [{ ...segment, remote: 'fd00::1' }] }, /outer address/)
  refused('slice.invalid', { segments: [segment, segment] }, /VNI 7 is used twice/)
  refused('slice.invalid', { vifs: ['vif1.0', 'vif1.0'] }, /vif1.0 is used twice/)
  refused('slice.invalid', { id: 'l1', vnet: 'v'.repeat(250), vifs: ['vif1.0', 'vif2.0'] }, /mark has/)
  refused('mtu.too-small', { mtu: 1451, vifs: ['vif1.0'], segments: [segment] }, /1451 and 50 bytes/)
  refused('nic.taken', { vifs: ['vif1.0'], nic: 'eth2' }, /address/)
  refused('nic.taken', { vifs: ['vif1.0'], nic: 'eth4' }, /carries vlan5/)
  refused('nic.taken', { vifs: ['vif1.0'], nic: 'eth6' }, /route/)
  refused('nic.taken', { vifs: ['vif1.0'], nic: 'lo' }, /no physical/)
  refused('nic.unknown', { vifs: ['vif1.0'], nic: 'eth9' }, /eth9/)
  const etherip = link({ vifs: ['vif1.0'], segments: [{ ...segment, technology: 'etherip', identifier: 0 }] })
  t.throws(() => planLinks('a.v', [etherip], seen), { code: 'datapath.unavailable', hint: 'vxlan, gre, vlan, qinq' })
})

t.test('without an MTU a link gets the greatest that its underlay carries, 1500 at most', async (t) => {
  const mtuWith = (nic: number) => {
    const seen = snapshot({ interfaces: [iface(2, 'eth1', { mtu: nic })] })
    const [step] = planLinks('a.v', [link({ mtu: 0, vifs: ['vif1.0'], segments: [segment] })], seen)
    return ((step?.operations ?? []) as readonly Operation[]).flatMap((one) =>
      one.op === 'add-bridge' ? [one.mtu] : [],
    )
  }
  t.same(mtuWith(1500), [1450])
  t.same(mtuWith(9000), [1500])
})

t.test('what is done can be undone by its inverse; what is removed stays removed', async (t) => {
  const set: Operation = { op: 'set', name: 'x', to: { mtu: 1400 }, from: { mtu: 1500 } }
  t.same(inverse(set), { op: 'set', name: 'x', to: { mtu: 1500 }, from: { mtu: 1400 } })
  t.same(inverse({ op: 'join', name: 'x', bridge: 'y' }), { op: 'leave', name: 'x', bridge: 'y' })
  t.same(inverse({ op: 'add-bridge', name: 'x', alias: '', mtu: 1500 }), { op: 'delete', name: 'x' })
  t.equal(inverse({ op: 'delete', name: 'x' }), undefined)
  t.equal(inverse({ op: 'isolate', name: 'x', hooks: 'missing' }), undefined)
})
