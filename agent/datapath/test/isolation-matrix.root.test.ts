/**
 * What one VNet sends reaches no other VNet and no host, whatever its guest forges: each technology, both data paths, on one host and between two.
 *
 * A guest that knows everything about the others (addresses, tunnel identifiers, outer addresses) sends every forgery of support/forgeries.ts, unguarded.
 * Captures stand wherever one could come out: at the other VNet's guests, on the wire between the hosts, where alone packets of the guest's own segment
 * may hold it, and at a third host. Counters of the hosts' stacks tell of the rest. Each capture has seen what is meant for it before its silence counts.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { qinqIdentifier, type TechnologyName, technologies, technologyNames } from '../../../proto/technologies.ts'
import type { LinkSpec } from '../driver.ts'
import { type Capture, capture, captureProblem } from './support/capture.ts'
import { allSegments, forgeries, type Station, type Targets } from './support/forgeries.ts'
import { sendFrames } from './support/frames.ts'
import { ethernet, ip4, protocol, types, udp } from './support/packets.ts'
import { encapsulate, isWithin, type Outer } from './support/tunnels.ts'
import {
  build,
  type DatapathName,
  datapaths,
  guest,
  type Host,
  host,
  link,
  macOf,
  type Namespace,
  namespace,
  problem,
  reaches,
  until,
  wire,
} from './support/world.ts'

t.setTimeout(1_800_000)

/** VLAN ids of the underlay: of both VNets' links by vlan and qinq. */
const vlans = { own: 101, victim: 102, service: 201, customer: 202 } as const

const identifiers: Readonly<Record<TechnologyName, readonly [own: number, victim: number]>> = {
  vxlan: [7, 8],
  gre: [4_000_000_001, 4_000_000_002],
  etherip: [0, 0],
  ipip: [0, 0],
  vlan: [vlans.own, vlans.victim],
  // One service for both: the customers' tags alone tell them apart.
  qinq: [
    qinqIdentifier({ service: vlans.service, customer: vlans.customer }),
    qinqIdentifier({ service: vlans.service, customer: vlans.customer + 1 }),
  ],
  mpls: [17, 18],
}

/** What the links of both VNets are made of: the forger's, and the other's. */
type Mix = readonly [own: Outer, victim: Outer]

const nicAddress = (number: number): string => `192.0.2.${number}`

/** Of the VNet's link, as it leaves the first host: VNet 0 is the forger's, 1 the other. */
const segmentOf = (technology: TechnologyName, vnet: 0 | 1, identifier = identifiers[technology][vnet]): Outer => {
  const { needsTunnelPrefix } = technologies[technology]
  const outer = (number: number): string => (needsTunnelPrefix ? `198.18.${number}.${vnet + 1}` : nicAddress(number))
  return { technology, identifier, from: outer(1), to: outer(2) }
}

const bothOf = (technology: TechnologyName): Mix => [segmentOf(technology, 0), segmentOf(technology, 1)]

/** Both VNets give the same addresses. */
const addresses = ['10.0.0.1/24', '10.0.0.2/24'] as const
const vnets = [
  { name: 'a.v', vifs: ['vif1.0', 'vif2.0'] },
  { name: 'b.v', vifs: ['vif3.0', 'vif4.0'] },
] as const

interface Place {
  /** One host, or two. */
  readonly hosts: readonly Host[]
  readonly nics: readonly Station[]
  /** A host that no link goes to, at eth2 of the first. */
  readonly third: Namespace
  /** Forger and its peer, then the other VNet's. */
  readonly guests: readonly [Namespace, Namespace, Namespace, Namespace]
}

const macAt = async (at: Namespace, name: string): Promise<string> =>
  /link\/ether (\S+)/.exec(await at.ip('link', 'show', name))?.[1] ?? ''

/** Says nothing by itself. */
const silence = (at: Namespace): Promise<string> => at.exec('sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=1')

const makeHosts = async (t: Test, ways: readonly DatapathName[]): Promise<Omit<Place, 'guests'>> => {
  const hosts: Host[] = []
  for (const [i, datapath] of ways.entries()) hosts.push(await host(t, `h${i + 1}`, { datapath }))
  const third = await namespace(t, 'third')
  const [first = third, second = await namespace(t, 'h2')] = hosts
  for (const at of [first, second, third]) await silence(at)
  await wire(
    { at: first, nic: 'eth1', address: `${nicAddress(1)}/24` },
    { at: second, nic: 'eth1', address: `${nicAddress(2)}/24` },
    1600,
  )
  await wire(
    { at: first, nic: 'eth2', address: '198.51.100.1/24' },
    { at: third, nic: 'eth1', address: '198.51.100.2/24' },
    1600,
  )
  for (const at of hosts) await at.exec('sysctl', '-qw', 'net.ipv4.ip_forward=1')
  const nics = await Promise.all(
    [first, second].map(async (at, i) => ({ mac: await macAt(at, 'eth1'), address: nicAddress(i + 1) })),
  )
  return { hosts, nics, third }
}

/** A link of each VNet, within the host where there is no technology. */
const makeLinks = async ({ hosts, nics }: Omit<Place, 'guests'>, mix: Mix | undefined): Promise<void> => {
  for (const [number, { name: vnet, vifs }] of vnets.entries()) {
    for (const [i, at] of hosts.entries()) {
      const here = hosts.length === 1 ? vifs : vifs.slice(i, i + 1)
      const [mac = '', far = ''] = [macOf(vifs[1 - i] ?? ''), addresses[1 - i] ?? '']
      const peer = nics[1 - i]
      const outer = mix?.[number]
      const segments = outer === undefined ? [] : [segmentAt(outer, i, peer?.address ?? '', peer?.mac ?? '')]
      const spec = link({ vnet, mtu: 1450, vifs: here, segments, far: { mac, addresses: [far] } })
      // Unguarded: a guard would drop most of what is tried.
      const open: LinkSpec = { ...spec, interfaces: spec.interfaces.map((one) => ({ ...one, guards: [] })) }
      for (let round = 0; round < 4 && (await build(at.driver, [open], vnet)).length > 0; round++);
    }
  }
}

const segmentAt = ({ technology, identifier, from, to }: Outer, i: number, peer: string, remoteMac: string) => {
  const { crosses, needsTunnelPrefix } = technologies[technology]
  const [local, remote] = !crosses ? ['', ''] : i === 0 ? [from, to] : [to, from]
  return { technology, identifier, local, remote, nic: 'eth1', nextHop: needsTunnelPrefix ? peer : '', remoteMac }
}

const makePlace = async (t: Test, ways: readonly DatapathName[], mix: Mix | undefined): Promise<Place> => {
  const place = await makeHosts(t, ways)
  const guests: Namespace[] = []
  for (const { name: vnet, vifs } of vnets) {
    for (const [i, vif] of vifs.entries()) {
      const at = place.hosts[i % place.hosts.length]
      if (at === undefined) throw new RangeError('no host')
      const inside = await guest(t, at, { vnet, vif, address: addresses[i] ?? '', mtu: 1450 })
      await silence(inside)
      guests.push(inside)
    }
  }
  await makeLinks(place, mix)
  const [a, b, c, d] = guests
  if (!a || !b || !c || !d) throw new RangeError('no guests')
  for (const from of [a, c]) {
    if (!(await reaches(from, '10.0.0.2'))) throw new Error('the links do not carry')
  }
  return { ...place, guests: [a, b, c, d] }
}

/** IP packets that the host's stack was given, of both versions. */
const received = async (at: Namespace): Promise<number> => {
  const ip4 = await at.exec('awk', '/^Ip:/ && ++line == 2 { print $4 }', '/proc/net/snmp')
  const ip6 = await at.exec('awk', '/^Ip6InReceives/ { print $2 }', '/proc/net/snmp6')
  return Number(ip4) + Number(ip6)
}

const neighbours = async (at: Namespace): Promise<readonly string[]> =>
  (await at.ip('neigh', 'show'))
    .split('\n')
    .map((line) => line.replace(/ [A-Z]+ *$/, ''))
    .toSorted()

const plain = (from: Station, to: Station, needle: Uint8Array): Buffer => {
  const packet = ip4({ from: from.address, to: to.address, next: protocol.udp }, udp(1000, 9, needle))
  return ethernet({ from: from.mac, to: to.mac }, types.ip4, packet)
}

const stationsOf = (): readonly [Station, Station, Station, Station] => {
  const station = (vif: string, i: number): Station => ({
    mac: macOf(vif),
    address: (addresses[i] ?? '').replace(/\/.*/, ''),
  })
  const [[a, b], [c, d]] = [vnets[0].vifs, vnets[1].vifs]
  return [station(a, 0), station(b, 1), station(c, 0), station(d, 1)]
}

const targetsOf = (nics: readonly Station[]): Targets => {
  const [own, peer, ...victims] = stationsOf()
  const { victim, service, customer } = vlans
  return {
    own,
    peer,
    victims,
    hosts: nics,
    segments: allSegments((technology) => segmentOf(technology, 1)),
    tags: [0, vlans.own, victim, service, customer, customer + 1],
  }
}

/** Sends a frame that a capture has to see, and waits until it has. */
const expectSeen = async (
  from: Namespace,
  name: string,
  frame: Buffer,
  needle: Uint8Array,
  by: Capture,
): Promise<void> => {
  await until(async () => {
    await sendFrames(from, [frame], 1, name)
    await sleep(50)
    return by.has(needle)
  })
}

const control = (what: string): Buffer => Buffer.from(`weft-control-${what}`.padEnd(24, '.'))

const expectIsolated = async (t: Test, place: Place, segment: Outer | undefined): Promise<void> => {
  const { hosts, nics, third, guests } = place
  const [forger, peer, ...victims] = guests
  const [own, other, ...stations] = stationsOf()
  const [first] = hosts
  if (first === undefined) throw new RangeError('no host')

  const atPeer = await capture(t, peer, 'eth0')
  const atVictims = await Promise.all(victims.map((one) => capture(t, one, 'eth0')))
  const onWire = await capture(t, first, 'eth1')
  const atThird = await capture(t, third, 'eth1')
  for (const [i, by] of atVictims.entries()) {
    const [to, from] = i === 0 ? [stations[0], stations[1]] : [stations[1], stations[0]]
    const needle = control(`victim-${i}`)
    await expectSeen(victims[1 - i] ?? forger, 'eth0', plain(from ?? own, to ?? own, needle), needle, by)
  }
  const [toThird, toWire] = [control('third'), control('wire')]
  await expectSeen(first, 'eth2', plain(own, other, toThird), toThird, atThird)
  await expectSeen(first, 'eth1', plain(own, other, toWire), toWire, onWire)

  const before = await Promise.all(
    hosts.map(async (at) => ({ received: await received(at), neighbours: await neighbours(at) })),
  )
  const tried = forgeries(targetsOf(nics))
  await sendFrames(
    forger,
    tried.map(({ frame }) => frame),
  )
  const last = control('last')
  await expectSeen(forger, 'eth0', plain(own, other, last), last, atPeer)
  // What is on a longer way than the last of them.
  await sleep(500)

  const holding = (frames: readonly Buffer[]): readonly string[] =>
    tried.filter(({ needle }) => frames.some((frame) => frame.includes(needle))).map(({ what }) => what)
  const carries = segment && technologies[segment.technology].carries
  const legitimate = tried.filter(({ isIpv4 }) => carries !== 'ipv4' || isIpv4)
  t.same(
    holding(await atPeer.stop()),
    legitimate.map(({ what }) => what),
    `the own peer has got ${legitimate.length} of ${tried.length}`,
  )
  for (const [i, by] of atVictims.entries()) t.same(holding(await by.stop()), [], `guest ${i + 1} of the other VNet`)
  t.same(holding(await atThird.stop()), [], 'the third host')
  const wireFrames = await onWire.stop()
  const outside = wireFrames.filter((frame) => segment === undefined || !isWithin(frame, segment))
  t.same(holding(outside), [], 'the wire, but for the own segment')
  if (segment) t.equal(holding(wireFrames).length, legitimate.length, 'the own segment has carried it')

  for (const [i, at] of hosts.entries()) {
    // The kernel's own tunnels take what is in IP out of the host's stack.
    const inIp = wireFrames.filter(
      (frame) => segment && frame.readUInt16BE(12) === types.ip4 && isWithin(frame, segment),
    ).length
    const count = (await received(at)) - (before[i]?.received ?? 0)
    t.ok(count <= (at.driver.name === 'bridge' ? inIp : 0), `the stack of host ${i + 1}: ${count} IP packets`)
    t.same(await neighbours(at), before[i]?.neighbours, `the neighbours of host ${i + 1}`)
  }
}

/** Packets of the underlay that say that they are of the forger's link, and are not its peer's. */
const expectStrangersUnheard = async (
  t: Test,
  { nics, hosts, third, guests }: Place,
  technology: TechnologyName,
): Promise<void> => {
  const [own, peer] = stationsOf()
  const [first, second] = hosts
  const [here, there] = nics
  if (!first || !second || !here || !there) throw new RangeError('no hosts')
  const segment = segmentOf(technology, 0)
  const captures = await Promise.all(guests.map((one) => capture(t, one, 'eth0')))
  const into = async (needle: Buffer, from: string, ether: { from: string; to: string }): Promise<Buffer> =>
    encapsulate({ ...segment, from, to: segment.from }, plain(peer, own, needle), ether)
  const right = { from: there.mac, to: here.mac }

  const [atGuest] = captures
  if (!atGuest) throw new RangeError('no guests')
  const real = control('real')
  await expectSeen(second, 'eth1', await into(real, segment.to, right), real, atGuest)

  const tried: { readonly what: string; readonly needle: Buffer }[] = []
  const send = async (
    what: string,
    from: Namespace,
    address: string,
    ether: { from: string; to: string },
  ): Promise<void> => {
    const needle = control(`stranger-${tried.length}`)
    tried.push({ what, needle })
    await sendFrames(from, [await into(needle, address, ether)], 1, 'eth1')
  }
  await send('over another NIC', third, segment.to, { from: there.mac, to: await macAt(first, 'eth2') })
  if (technologies[technology].crosses) {
    for (const address of ['192.0.2.77', '198.51.100.2', nicAddress(1)].filter((one) => one !== segment.to)) {
      await send(`from ${address}`, second, address, right)
    }
  }
  const last = control('real again')
  await expectSeen(second, 'eth1', await into(last, segment.to, right), last, atGuest)
  await sleep(500)
  for (const [i, by] of captures.entries()) {
    const frames = await by.stop()
    t.same(
      tried.filter(({ needle }) => frames.some((frame) => frame.includes(needle))).map(({ what }) => what),
      [],
      `guest ${i + 1}`,
    )
  }
}

/** What each data path says that it makes here, or why not. */
const offers = async (): Promise<(datapath: DatapathName, technology: TechnologyName) => string | false> => {
  const made = new Map<DatapathName, { readonly technologies: readonly string[]; readonly unavailable: string }>()
  await t.test('what the data paths say that they make here', { skip: problem }, async (t) => {
    for (const datapath of datapaths) made.set(datapath, await (await host(t, 'probe', { datapath })).driver.probe())
  })
  return (datapath, technology) =>
    made.get(datapath)?.technologies.includes(technology)
      ? false
      : `${datapath} does not make ${technology} here ${made.get(datapath)?.unavailable}`.trim()
}

const skip = problem || captureProblem

for (const datapath of datapaths) {
  t.test(`${datapath}, on one host`, { skip }, async (t) => {
    await expectIsolated(t, await makePlace(t, [datapath], undefined), undefined)
  })
}

const lacks = await offers()
const ways = [
  ['bridge', 'bridge'],
  ['click', 'click'],
  ['click', 'bridge'],
] as const
const only = process.env.WEFT_TECHNOLOGY

for (const technology of technologyNames) {
  for (const way of ways) {
    if (only !== undefined && only !== technology) continue
    if (!way.every((datapath) => technologies[technology].datapaths.includes(datapath))) continue
    const lacking = way.map((datapath) => lacks(datapath, technology)).find((why) => why !== false) ?? false
    t.test(`${technology}, from ${way[0]} to ${way[1]}`, { skip: skip || lacking }, async (t) => {
      const mix = bothOf(technology)
      const place = await makePlace(t, way, mix)
      await t.test('forgeries of a guest', (t) => expectIsolated(t, place, mix[0]))
      const knows = technology !== 'vxlan' || way[0] === 'click' ? false : 'the kernel takes VXLAN by its number alone'
      await t.test('packets of strangers', { skip: knows }, (t) => expectStrangersUnheard(t, place, technology))
    })
  }
}

// What is one technology's whole identifier is half of the other's, on the same NIC.
const confusable: readonly (readonly [what: string, Mix])[] = [
  ['a VLAN of the number of a service', [segmentOf('vlan', 0, vlans.service), segmentOf('qinq', 1)]],
  ['a service of the number of a VLAN', [segmentOf('qinq', 0), segmentOf('vlan', 1, vlans.service)]],
  ['a GRE key of the number of a VNI', [segmentOf('gre', 0, 8), segmentOf('vxlan', 1)]],
  ['IP in IP between the hosts of EtherIP', [segmentOf('etherip', 0), segmentOf('ipip', 1)]],
]

for (const [what, mix] of confusable) {
  if (only !== undefined && only !== 'mix') continue
  const lacking = mix.map(({ technology }) => lacks('click', technology)).find((why) => why !== false) ?? false
  t.test(`${what}, click`, { skip: skip || lacking }, async (t) => {
    await expectIsolated(t, await makePlace(t, ['click', 'click'], mix), mix[0])
  })
}
