/** Plans of the data path click for links that leave the host, over a kernel made up. */
import t from 'tap'
import { readRouter } from '../../../click/read.ts'
import { type TechnologyName, technologies } from '../../../proto/technologies.ts'
import type { RouterInfo } from '../../click/service/service.ts'
import type { Link } from '../../netlink/link/link.ts'
import { nicRouterFile, placeOf, portName, routerFile, routerName } from '../click/names.ts'
import type { Operation } from '../click/operation.ts'
import { planLinks } from '../click/plan.ts'
import { type ClickSnapshot, snapshotOf } from '../click/snapshot.ts'
import { flowOfKey, parseTable, tableKey } from '../click/table.ts'
import { segmentIn } from '../click/text/tunnel.ts'
import { wantedLink } from '../click/wanted.ts'
import type { LinkSpec, LinkStep } from '../driver.ts'
import { linkMark } from '../mark.ts'
import { bestEffortClass } from '../underlay/pieces.ts'
import { iface, kernel, type Lists, root, vif } from './support/reading.ts'
import { interfaceOf, link, macOf } from './support/world.ts'

const nic = (index: number, name: string): Link => iface(index, name, { mtu: 1600, mac: `02:00:00:00:ee:0${index}` })
const interfaces = [{ ...vif(11, 'vif1.0'), up: true, mtu: 1500 }, nic(2, 'eth1'), nic(3, 'eth2')]

const identifiers: Readonly<Record<TechnologyName, number>> = {
  vxlan: 7,
  gre: 8,
  etherip: 0,
  ipip: 0,
  vlan: 100,
  qinq: 200 * 4096 + 300,
  mpls: 16,
}

const segment = (technology: TechnologyName, change: object = {}) => ({
  technology,
  identifier: identifiers[technology],
  local: technologies[technology].crosses ? '192.0.2.1' : '',
  remote: technologies[technology].crosses ? '192.0.2.2' : '',
  nic: 'eth1',
  peer: 'h2',
  remoteMac: '02:00:00:00:ee:09',
  ...change,
})

const far = { mac: '02:00:00:00:0f:00', addresses: ['10.0.0.2/24'] }

const toOther = (technology: TechnologyName, change: object = {}): LinkSpec =>
  link({ mtu: 1500, vifs: ['vif1.0'], segments: [segment(technology, change)], far })

type Readings = Lists & Partial<Omit<Parameters<typeof snapshotOf>[0], keyof Lists>>

const snapshot = (reading: Readings = {}): ClickSnapshot =>
  snapshotOf({
    nicRates: new Map(),
    routed: new Set(),
    routers: [],
    tables: new Map(),
    attach: 'tcx',
    ...reading,
    ...kernel({ interfaces, ...reading }),
  })

const subject = (one: Operation): string => {
  if ('router' in one) return one.router
  if (one.op === 'ports') return one.cut ? 'cut' : 'whole'
  if (one.op === 'entry') return `${one.nic} ${one.key} to ${one.to?.device.index ?? one.to?.device.name ?? 'none'}`
  if (one.op === 'give-back') return one.note.nic
  return 'nic' in one ? one.nic : one.name
}

const operationsOf = (steps: readonly LinkStep[]): readonly Operation[] =>
  steps.flatMap(({ operations }) => operations as readonly Operation[])

const lines = (steps: readonly LinkStep[]): readonly string[] =>
  operationsOf(steps).map((one) => `${one.op} ${subject(one)}`)

/** What is there once the operations of a plan are done, but for queueing: routers and tables. */
const applied = (spec: LinkSpec, before: ClickSnapshot, more: readonly Link[] = []) => {
  const { routers, entries } = wantedLink(spec, before)
  const info = (name: string, file: string, text: string, device: string): RouterInfo => ({
    name,
    file,
    text,
    state: 'running',
    problem: '',
    generation: 1,
    namespace: '',
    attachments: [
      {
        device,
        interfaceIndex: [...interfaces, ...more].find((one) => one.name === device)?.index ?? 0,
        direction: 'ingress',
        method: 'tcx',
        programId: 1,
        madeClsact: false,
        state: 'attached',
      },
    ],
  })
  const nics = [...new Set(entries.map((entry) => entry.nic.name))]
  const switches = operationsOf(planLinks(spec.vnet, [spec], before)).flatMap((one) =>
    one.op === 'switch' ? [info(`NIC@${one.nic}`, one.to.file, one.to.text, one.nic)] : [],
  )
  const table = (of: string): string =>
    entries
      .filter((entry) => entry.nic.name === of)
      .map(({ key, value }) => `${key} ${value?.device.index}${value?.more ? ` ${value.more}` : ''}\n`)
      .join('')
  return {
    routers: [
      ...routers.map(({ place, device, text }) => info(routerName(place), routerFile(place), text, device)),
      ...switches,
    ],
    tables: new Map(nics.map((name) => [`NIC@${name}`, table(name)])),
  }
}

const names = Object.keys(identifiers) as readonly TechnologyName[]

t.test('routers of every technology are Click that is right, and tell their segment', async (t) => {
  for (const name of names) {
    const spec = toOther(name)
    const { routers } = wantedLink(spec, snapshot())
    for (const { text } of routers) {
      const { checked, diagnostics } = readRouter(text, 'router')
      t.same(diagnostics, [], name)
      t.ok(checked)
    }
    const told = routers.flatMap(({ text }) => segmentIn(text) ?? [])
    t.match(told, [{ nic: 'eth1', flow: { technology: name, identifier: identifiers[name] } }])
    t.equal(told[0]?.saidClass, bestEffortClass, `${name} says that it is best effort`)
    const promised = wantedLink(toOther(name, { rate: 1e6 }), snapshot()).routers
    const [said] = promised.flatMap(({ text }) => segmentIn(text) ?? [])
    const isFiltered = technologies[name].crosses
    t.equal(said?.saidClass === undefined, isFiltered, `${name} with a rate is found by a filter: ${isFiltered}`)
    t.not(said?.saidClass, bestEffortClass)
  }
})

t.test('a key of the table says of which segment it is', async (t) => {
  for (const name of names) {
    const { technology, identifier, local, remote } = segment(name)
    const flow = { technology, identifier, local, remote }
    t.same(flowOfKey(tableKey(flow)), flow)
    const value = name === 'ipip' ? '11 02-00-00-00-01-00 02-00-00-00-0F-00' : '11'
    const [entry] = parseTable(`${tableKey(flow)} ${value}\n`)
    t.match(entry, [tableKey(flow), { device: { index: 11 } }])
  }
  t.equal(flowOfKey('stt 7'), undefined)
})

t.test('a link to another host: queueing, the routers, and only then the table', async (t) => {
  const steps = planLinks('a.v', [toOther('vxlan')], snapshot())
  t.same(lines(steps), [
    'lower vif1.0',
    'underlay eth1',
    'put a.v@vif1.0.0',
    'switch eth1',
    'raise vif1.0',
    'entry eth1 vxlan 7 192.0.2.2 192.0.2.1 to 11',
  ])
  t.match(steps, [{ action: 'add', waitsFor: [] }])
})

t.test('frames pass ports where a rate is asked for, or where the kernel could not cut segments behind', async (t) => {
  const [a, b] = [portName('a.v', 'l1', 'a'), portName('a.v', 'l1', 'b')]
  t.same(lines(planLinks('a.v', [toOther('vxlan', { rate: 10e6 })], snapshot())), [
    'lower vif1.0',
    'ports whole',
    `limit ${a}`,
    'underlay eth1',
    'reserve eth1',
    'put a.v@l1.b',
    'put a.v@vif1.0.0',
    'switch eth1',
    `raise ${a}`,
    `raise ${b}`,
    'raise vif1.0',
    'entry eth1 vxlan 7 192.0.2.2 192.0.2.1 to 11',
  ])
  for (const name of names) {
    const cut = lines(planLinks('a.v', [toOther(name)], snapshot())).filter((line) => line.startsWith('ports'))
    t.same(cut, name === 'etherip' ? ['ports cut'] : [], name)
  }
})

t.test('a relay leads each segment out of one port and into the other', async (t) => {
  const spec = link({
    mtu: 1500,
    segments: [segment('vxlan'), segment('vxlan', { identifier: 9, nic: 'eth2', rate: 5e6, remote: '192.0.2.9' })],
  })
  const [a, b] = [portName('a.v', 'l1', 'a'), portName('a.v', 'l1', 'b')]
  t.same(lines(planLinks('a.v', [spec], snapshot())), [
    'ports whole',
    `limit ${a}`,
    'underlay eth1',
    'underlay eth2',
    'reserve eth2',
    'put a.v@l1.a',
    'put a.v@l1.b',
    'switch eth1',
    'switch eth2',
    `raise ${a}`,
    `raise ${b}`,
    `entry eth1 vxlan 7 192.0.2.2 192.0.2.1 to ${a}`,
    `entry eth2 vxlan 9 192.0.2.9 192.0.2.1 to ${b}`,
  ])
  const { routers } = wantedLink(spec, snapshot())
  t.match(
    routers.map(({ device, text }) => [device, segmentIn(text)?.flow.identifier]),
    [
      [a, 7],
      [b, 9],
    ],
    'what comes in at a goes into the first segment',
  )
  t.match(
    routers[0]?.text,
    new RegExp(`FromDevice\\(${a}, ATTACH tcx\\) // interface \\{${a}\\}`),
    'without a number yet',
  )
})

t.test('what is there as it should be is left alone, and each part is mended by itself', async (t) => {
  const spec = toOther('gre')
  const { routers, tables } = applied(spec, snapshot())
  const built = (change: Readings = {}) => snapshot({ routers, tables, ...change })
  const left = (reading: ClickSnapshot): readonly string[] =>
    lines(planLinks('a.v', [spec], reading)).filter((line) => line !== 'underlay eth1')
  t.same(left(built()), [])
  const key = 'gre 8 192.0.2.2 192.0.2.1'
  t.same(left(built({ tables: new Map([['NIC@eth1', '']]) })), [`entry eth1 ${key} to 11`])
  t.same(left(built({ tables: new Map([['NIC@eth1', `${key} 99\n`]]) })), [`entry eth1 ${key} to 11`])
  const stray = 'gre 1 192.0.2.2 192.0.2.1'
  t.same(left(built({ tables: new Map([['NIC@eth1', `${key} 11\n${stray} 11\n`]]) })), [
    `entry eth1 ${stray} to none`,
    'tidy-switch eth1',
  ])
  const anew = interfaces.map((one) => (one.name === 'eth1' ? { ...one, index: 20 } : one))
  t.same(left(built({ interfaces: anew })), ['put a.v@vif1.0.0', 'switch eth1', 'raise vif1.0'])
  const lost = routers.filter(({ name }) => name !== 'NIC@eth1')
  t.same(left(built({ routers: lost, tables: new Map() })), ['switch eth1', `entry eth1 ${key} to 11`])
})

t.test('packets are handed over to a guest that is right behind its vif', async (t) => {
  const more = (
    name: TechnologyName,
    change: Partial<Link>,
    forwarded: readonly boolean[] = [],
    down = false,
  ): string | undefined => {
    const behind = interfaces.map((one) => (one.name === 'vif1.0' ? { ...one, ...change } : one))
    const { link, ...spec } = toOther(name)
    const { entries } = wantedLink({ ...spec, link: { ...link, down }, forwarded }, snapshot({ interfaces: behind }))
    return entries[0]?.value?.more
  }
  const apart = { lowerNamespace: 5 }
  t.equal(more('vxlan', apart), 'PEER 02-00-00-00-01-00')
  t.equal(more('ipip', apart), '02-00-00-00-01-00 02-00-00-00-0F-00 PEER')
  t.equal(more('vxlan', {}), '', 'its other end is in Dom0')
  t.equal(more('vxlan', { ...apart, info: { kind: 'tun' } as Link['info'] }), '', 'a tap')
  t.equal(more('vxlan', apart, [true]), '', 'Dom0 forwards for its node')
  t.equal(more('vxlan', apart, [], true), '', 'the link is down')
})

t.test('what another link has in the table is not taken from it', async (t) => {
  const spec = toOther('gre')
  const { routers } = applied(spec, snapshot())
  const other = { ...vif(12, 'vif2.0', 'b.w'), up: true }
  const tables = new Map([['NIC@eth1', 'gre 8 192.0.2.2 192.0.2.1 12\n']])
  const steps = planLinks('a.v', [spec], snapshot({ interfaces: [...interfaces, other], routers, tables }))
  const entry = operationsOf(steps).find(({ op }) => op === 'entry')
  t.match(entry, { to: { device: { index: 11 } }, from: undefined }, 'it is added, which is refused while there is one')
})

t.test('a removal takes lines, routers, ports and queueing, and lines that lead nowhere', async (t) => {
  const spec = toOther('vxlan', { rate: 10e6 })
  const [a, b] = (['a', 'b'] as const).map((end, i) =>
    iface(21 + i, portName('a.v', 'l1', end), {
      alias: linkMark('a.v', 'l1', 'port'),
      mtu: 1500,
      addressGeneration: 1,
      info: { kind: 'veth' },
      lower: 22 - i,
    }),
  )
  if (a === undefined || b === undefined) throw new Error('no ports')
  const with2 = snapshot({ interfaces: [...interfaces, a, b] })
  const { routers, tables } = applied(spec, with2, [a, b])
  const dead = 'vxlan 77 192.0.2.2 192.0.2.1'
  const there = snapshot({
    interfaces: [...interfaces, a, b],
    routers,
    tables: new Map([['NIC@eth1', `${tables.get('NIC@eth1')}${dead} 99\n`]]),
  })
  t.match(there.links, [{ vnet: 'a.v', id: 'l1', interfaces: [a.name, b.name] }])
  t.same(lines(planLinks('a.v', [], there)), [
    'entry eth1 vxlan 7 192.0.2.2 192.0.2.1 to none',
    'tidy-switch eth1',
    `entry eth1 ${dead} to none`,
    'tidy-switch eth1',
    'remove a.v@l1.b',
    'lower vif1.0',
    'remove a.v@vif1.0.0',
    `delete ${a.name}`,
    'tidy eth1',
  ])
})

t.test('an end whose peer another data path joins has a router and nothing else', async (t) => {
  const two = [interfaces[0], { ...vif(12, 'vif2.0'), up: true, master: 30 }].flatMap((one) => one ?? [])
  const own = (name: string, forwarding: string) => ({ ...interfaceOf(macOf(name)), forwarding })
  const spec = {
    ...link({ vifs: ['vif1.0', 'vif2.0'], rates: [1e6, 1e6] }),
    interfaces: [own('vif1.0', 'click'), own('vif2.0', 'bridge')],
  }
  t.same(lines(planLinks('a.v', [spec], snapshot({ interfaces: two }))), ['put a.v@vif1.0.0'])
  const backwards = { ...spec, interfaces: [own('vif1.0', 'bridge'), own('vif2.0', 'click')] }
  t.same(lines(planLinks('a.v', [backwards], snapshot({ interfaces: two }))), ['put a.v@vif2.0.0'])
})

t.test('NICs are made promiscuous for tagged frames of guests alone, and noted', async (t) => {
  const files = (name: TechnologyName, reading = snapshot()): readonly string[] =>
    operationsOf(planLinks('a.v', [toOther(name)], reading)).flatMap((one) =>
      one.op === 'switch' ? [one.to.file] : [],
    )
  t.same(files('vlan'), [nicRouterFile('eth1', true)])
  t.same(files('mpls'), [nicRouterFile('eth1', false)])
  const already = interfaces.map((one) => (one.name === 'eth1' ? { ...one, flags: 0x100 } : one))
  t.same(files('qinq', snapshot({ interfaces: already })), [nicRouterFile('eth1', false)])
  t.equal(placeOf('NIC@eth1', nicRouterFile('eth1', true)), undefined, 'it is no link’s')
})

t.test('the MTU is what the underlay leaves, and one that does not fit is refused', async (t) => {
  const { mtu } = wantedLink({ ...toOther('vxlan'), link: { ...toOther('vxlan').link, mtu: 0 } }, snapshot())
  t.equal(mtu, 1500, 'as much as an Ethernet has, at most')
  const small = interfaces.map((one) => (one.name === 'eth1' ? { ...one, mtu: 1500 } : one))
  const greatest = { vxlan: 1450, gre: 1458, etherip: 1464, ipip: 1480, vlan: 1500, qinq: 1496, mpls: 1482 }
  for (const name of names) {
    const spec = toOther(name)
    const free = { ...spec, link: { ...spec.link, mtu: 0 } }
    t.equal(wantedLink(free, snapshot({ interfaces: small })).mtu, greatest[name], name)
    if (name === 'vlan') continue
    t.throws(() => planLinks('a.v', [spec], snapshot({ interfaces: small })), {
      code: 'mtu.too-small',
      object: 'link/l1',
    })
  }
})

t.test('what cannot be is refused with a code', async (t) => {
  const refused = (spec: LinkSpec, code: string, message: RegExp, reading = snapshot()): void => {
    t.throws(() => planLinks('a.v', [spec], reading), { code, object: 'link/l1', message })
  }
  refused(toOther('vxlan', { technology: 'stt' }), 'datapath.unavailable', /"stt"/)
  refused(toOther('vxlan', { identifier: 0 }), 'slice.invalid', /identifier 0/)
  refused(toOther('etherip', { identifier: 5 }), 'slice.invalid', /identifier 5/)
  refused(toOther('gre', { remote: '' }), 'slice.invalid', /outer address ""/)
  refused(toOther('gre', { nextHop: 'h2' }), 'slice.invalid', /next hop "h2"/)
  refused(toOther('mpls', { remoteMac: '' }), 'slice.invalid', /remote MAC/)
  const { far: _, ...blind } = toOther('ipip').link
  refused({ ...toOther('ipip'), link: blind }, 'slice.invalid', /far end/)
  refused(toOther('vxlan', { nic: 'eth9' }), 'nic.unknown', /eth9/)
  const given = interfaces.map((one) => (one.name === 'eth1' ? { ...one, alias: linkMark('b.w', 'l9') } : one))
  refused(toOther('vxlan'), 'nic.taken', /part of a VNet/, snapshot({ interfaces: given }))
  const bridge = iface(40, 'wb', { alias: linkMark('b.w', 'l9', 'nic=eth1 up=0 mtu=1500 addrgen=0') })
  refused(toOther('vxlan'), 'nic.taken', /given to another/, snapshot({ interfaces: [...interfaces, bridge] }))
  const foreign = snapshot({ qdiscs: [root(2, { kind: 'pfifo', limit: 10 })] })
  refused(toOther('vxlan'), 'object.foreign', /queueing discipline/, foreign)
  const { routers } = applied(toOther('vxlan'), snapshot())
  const broken = routers.map((one) => (one.name === 'NIC@eth1' ? { ...one, state: 'broken' as const } : one))
  refused(toOther('vxlan'), 'router.broken', /router of eth1/, snapshot({ routers: broken }))
  const squatter = iface(41, portName('a.v', 'l1', 'a'))
  const port = toOther('vxlan', { rate: 1e6 })
  refused(port, 'object.foreign', /is not ours/, snapshot({ interfaces: [...interfaces, squatter] }))
})
