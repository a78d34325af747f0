/** Segments of GRE and VLANs: what the plan of a link needs of the kernel for them. */
import t from 'tap'
import type { Link } from '../../netlink/link/link.ts'
import { handle, minorOf } from '../../netlink/traffic/handle.ts'
import { bridgeName, serviceName, tunnelName } from '../bridge/names.ts'
import { inverse, type Operation } from '../bridge/operation.ts'
import { planLinks } from '../bridge/plan.ts'
import { wirePort } from '../bridge/ports.ts'
import { linkMark, serviceMark } from '../mark.ts'
import { pieces } from '../underlay/pieces.ts'
import { candidateClass } from '../underlay/reservation.ts'
import { bridge, guard, iface, lines, snapshot, vif } from './support/reading.ts'
import { link } from './support/world.ts'

const b = bridgeName('a.v', 'l1')
const port = { kind: 'bridge', ...wirePort, unknown: [] } as const
const setPort = JSON.stringify(wirePort)
const eth1 = iface(2, 'eth1')
const allPieces = pieces(1e9)
  .map(({ name }) => name)
  .join(', ')

const gre = { technology: 'gre', identifier: 7, local: '192.0.2.1', remote: '192.0.2.2', nic: 'eth1' }
const vlan = { technology: 'vlan', identifier: 5, local: '', remote: '', nic: 'eth1', peer: 'west' }
const qinq = { ...vlan, technology: 'qinq', identifier: 100 * 4096 + 200 }
type Asked = typeof gre

const of = (segment: Asked, rate = 0, mtu = 1450) => link({ vifs: ['vif1.0'], mtu, segments: [{ ...segment, rate }] })

const marked = (index: number, segment: Asked, more: Partial<Link>): Link =>
  iface(index, tunnelName('a.v', 'l1', segment), {
    alias: linkMark('a.v', 'l1'),
    mtu: 1450,
    addressGeneration: 1,
    master: 20,
    port,
    ...more,
  })

const gretap = (more: Record<string, unknown> = {}): Link =>
  marked(21, gre, {
    info: {
      kind: 'gretap',
      lower: 2,
      inFlags: 0x2000,
      outFlags: 0x2000,
      inKey: 7,
      outKey: 7,
      local: '192.0.2.1',
      remote: '192.0.2.2',
      ttl: 64,
      dontFragment: true,
      unknown: [],
      ...more,
    },
  })

const tagged = (identifier: number, protocol = 0x8100) => ({ kind: 'vlan', identifier, protocol, unknown: [] }) as const
const service = (more: Partial<Link> = {}): Link =>
  iface(30, serviceName('eth1', 100), {
    alias: serviceMark(100, 'eth1'),
    lower: 2,
    info: tagged(100, 0x88a8),
    ...more,
  })

const wired = [eth1, bridge(20, b), vif(10, 'vif1.0', 'a.v', 20)]

const planOf = (spec: ReturnType<typeof of>, reading: Parameters<typeof snapshot>[0]) =>
  planLinks(
    'a.v',
    [spec],
    snapshot({
      qdiscs: [guard(20)],
      nicRates: new Map([['eth1', { bitsPerSecond: 1e9, isConfigured: false }]]),
      ...reading,
    }),
  )

t.test('a gretap device by key', async (t) => {
  const name = tunnelName('a.v', 'l1', gre)
  const [step] = planOf(of(gre, 40e6), { interfaces: wired })
  t.same(lines(step), [
    `underlay eth1 at 1000000000: ${allPieces}`,
    `reserve eth1 key 7 ${Math.round((40e6 * 1506) / 1464 / 8) * 8}`,
    `add tunnel ${name} mtu 1450 key 7 192.0.2.1 to 192.0.2.2 by eth1`,
    `join ${name} ${b}`,
    `set-port ${name} ${setPort} from {}`,
    `limit ${name} to 40000000 bit/s`,
    `raise ${name}`,
  ])
})

t.test('a change of a gretap device says everything of it, its MTU too, and can be undone', async (t) => {
  const [step] = planOf(of(gre), { interfaces: [...wired, gretap({ remote: '192.0.2.9', ttl: 3 })] })
  const set = ((step?.operations ?? []) as readonly Operation[]).find(({ op }) => op === 'set')
  const to = { key: 7, local: '192.0.2.1', remote: '192.0.2.2', nic: 'eth1', ttl: 64, dontFragment: true }
  const from = { ...to, remote: '192.0.2.9', ttl: 3 }
  t.match(set, { to: { mtu: 1450, gretap: to }, from: { mtu: 1450, gretap: from } })
  t.match(set && inverse(set), { to: { mtu: 1450, gretap: from } })
  t.match(step?.reasons.at(-1), /remote is not 192\.0\.2\.2, ttl is not 64$/)
  const right = planOf(of(gre), { interfaces: [...wired, gretap()] })
  t.same(lines(right[0]), [`underlay eth1 at 1000000000: ${allPieces}`], 'a right one stays as it is')
})

t.test('an 802.1Q device, whose frames say their class before the link is raised', async (t) => {
  const name = tunnelName('a.v', 'l1', vlan)
  const [step] = planOf(of(vlan, 8e6), { interfaces: wired })
  t.same(lines(step), [
    `underlay eth1 at 1000000000: ${allPieces}`,
    'reserve eth1 VLAN id 5 8000000',
    `add tunnel ${name} mtu 1450 VLAN id 5 by eth1`,
    `join ${name} ${b}`,
    `set-port ${name} ${setPort} from {}`,
    `say-class ${name} 7766:8005`,
    `limit ${name} to 8000000 bit/s`,
    `raise ${name}`,
  ])
  t.match(step?.reasons, [/lacks queueing/, /VLAN id 5 at eth1 is missing/, /to west is not there/])

  const device = marked(21, vlan, { lower: 2, info: tagged(5) })
  const [change] = planOf(of(vlan), { interfaces: [...wired, device], said: new Map([[21, handle(0x7766, 0x8005)]]) })
  t.same(lines(change).slice(1), [`say-class ${name} 7766:3`], 'best effort')
  const [again] = planOf(of(vlan), { interfaces: [...wired, device], said: new Map([[21, handle(0x7766, 3)]]) })
  t.same(lines(again).slice(1), [])
})

t.test('a VLAN device on another interface, or of another id, is made anew', async (t) => {
  const name = tunnelName('a.v', 'l1', vlan)
  for (const wrong of [
    { lower: 9, info: tagged(5) },
    { lower: 2, info: tagged(6) },
    { lower: 2, info: tagged(5, 0x88a8) },
  ]) {
    const device = marked(21, vlan, wrong)
    const [step] = planOf(of(vlan), { interfaces: [...wired, device], said: new Map([[21, handle(0x7766, 3)]]) })
    const seen = lines(step)
    t.equal(seen[0], `delete ${name}`)
    t.ok(seen.includes(`add tunnel ${name} mtu 1450 VLAN id 5 by eth1`))
    t.ok(seen.includes(`say-class ${name} 7766:3`), 'what the one before said is gone with it')
  }
})

t.test('of qinq an 802.1Q device on an 802.1ad one, which is made where no other link has made it', async (t) => {
  const name = tunnelName('a.v', 'l1', qinq)
  const outer = serviceName('eth1', 100)
  const first = candidateClass(qinq, 0)
  const [step] = planOf(of(qinq, 8e6), { interfaces: wired })
  const classOfIt = `7766:${minorOf(first).toString(16)}`
  t.same(lines(step), [
    `underlay eth1 at 1000000000: ${allPieces}`,
    `reserve eth1 VLAN 100.200 ${Math.round((8e6 * 1468) / 1464 / 8) * 8}`,
    `add service ${outer} VLAN 100 on eth1`,
    `add tunnel ${name} mtu 1450 VLAN 100.200 by eth1 on ${outer}`,
    `join ${name} ${b}`,
    `set-port ${name} ${setPort} from {}`,
    `say-class ${name} ${classOfIt}`,
    `limit ${name} to 8000000 bit/s`,
    `raise ${name}`,
  ])
  t.match(planOf(of(qinq), { interfaces: [...wired, service()] }), [{ reasons: { length: 2 } }])
  const shared = lines(planOf(of(qinq), { interfaces: [...wired, service()] })[0]).join('\n')
  t.notMatch(shared, /add service/)
  t.match(shared, `add tunnel ${name} mtu 1450 VLAN 100.200 by eth1 on ${outer}`)
  const down = lines(planOf(of(qinq), { interfaces: [...wired, service({ up: false })] })[0]).join('\n')
  t.match(down, `add service ${outer} VLAN 100 on eth1`, 'and raised where it is down')
  const small = planOf(of(qinq), { interfaces: [...wired, service({ mtu: 1400 })] })[0]
  t.match(small?.operations, [{}, { op: 'add-service', name: outer, mtu: 1500 }])
  t.match(small?.reasons[0], /service VLAN 100 on eth1 has only the MTU 1400/)
})

t.test('a link of qinq goes with the service device below it, if nothing else is on that', async (t) => {
  const device = marked(21, qinq, { lower: 30, info: tagged(200) })
  const told = candidateClass(qinq, 1)
  const classes = [
    { index: 2, classId: told, parent: 0, options: { kind: 'other', name: 'x', data: Buffer.alloc(0) } },
  ] as const
  const seen = snapshot({
    interfaces: [...wired, service(), device],
    qdiscs: [
      guard(20),
      { index: 2, handle: handle(0x7766), parent: 0xffff_ffff, options: { kind: 'htb', defaultClass: 2 }, drops: 0 },
    ],
    classes,
    said: new Map([[21, told]]),
  })
  const [step] = planLinks('a.v', [], seen)
  t.same(lines(step), [
    `leave vif1.0 ${b}`,
    `delete ${b}`,
    `delete ${device.name}`,
    `drop service ${serviceName('eth1', 100)} of eth1`,
    'reserve eth1 VLAN 100.200 none',
    'tidy eth1',
  ])
})

t.test('what somebody left alone is removed with the next link', async (t) => {
  const [step] = planLinks('a.v', [], snapshot({ interfaces: [eth1, bridge(20, b), service()], qdiscs: [guard(20)] }))
  t.same(lines(step), [`delete ${b}`, `drop service ${serviceName('eth1', 100)} of eth1`])
})

t.test('devices of others that have the numbers are in the way; those of ours may be going', async (t) => {
  const refused = (spec: ReturnType<typeof of>, other: Link, message: RegExp) =>
    t.throws(() => planOf(spec, { interfaces: [...wired, other] }), { code: 'object.foreign', message })
  refused(of(gre), { ...gretap(), name: 'tun7', alias: '' }, /key 7 belongs to tun7/)
  refused(of(vlan), iface(40, 'eth1.5', { lower: 2, info: tagged(5) }), /VLAN id 5 belongs to eth1\.5/)
  refused(of(qinq), service({ name: 'eth1.100', alias: '' }), /VLAN 100\.200 belongs to eth1\.100/)
  t.ok(planOf(of(vlan), { interfaces: [...wired, iface(40, 'eth2.5', { lower: 3, info: tagged(5) })] }))
  const ours = iface(40, 'wtother', { lower: 2, info: tagged(5), alias: linkMark('b.w', 'l1') })
  t.ok(planOf(of(vlan), { interfaces: [...wired, ours] }))
})

t.test('numbers that a technology does not have are refused, and underlays that would drop its tags', async (t) => {
  const refused = (segment: Asked, code: string, message: RegExp, interfaces: readonly Link[] = wired) =>
    t.throws(() => planOf(of(segment), { interfaces }), { code, message })
  refused({ ...vlan, identifier: 4095 }, 'slice.invalid', /VLAN id 4095/)
  refused({ ...qinq, identifier: 4096 }, 'slice.invalid', /pair of VLAN ids 4096/)
  refused({ ...gre, remote: 'fd00::1' }, 'slice.invalid', /outer address/)
  const filtering = {
    ...bridge(2, 'eth1', ''),
    mtu: 1500,
    info: { kind: 'bridge', vlanFiltering: true, unknown: [] },
  } as const
  refused(vlan, 'datapath.unavailable', /eth1 is a bridge that filters VLANs/, [filtering, ...wired.slice(1)])
  t.ok(planOf(of(gre), { interfaces: [filtering, ...wired.slice(1)] }), 'which is no matter of tunnels over IP')
  t.throws(
    () => planLinks('a.v', [link({ segments: [vlan, vlan] })], snapshot({ interfaces: wired })),
    /VLAN id 5 on eth1 is used twice/,
  )
})

t.test('the MTU that a technology leaves of the underlay’s', async (t) => {
  const fits = (segment: Asked, mtu: number) => t.ok(planOf(of(segment, 0, mtu), { interfaces: wired }))
  const exceeds = (segment: Asked, mtu: number) =>
    t.throws(() => planOf(of(segment, 0, mtu), { interfaces: wired }), { code: 'mtu.too-small' })
  for (const [segment, mtu] of [
    [gre, 1458],
    [vlan, 1500],
    [qinq, 1496],
  ] as const) {
    fits(segment, mtu)
    exceeds(segment, mtu + 1)
  }
})
