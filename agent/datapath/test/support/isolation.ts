/**
 * Two VNets on hosts in a row, and what comes of one that tries to get out. A guest that knows everything about the others (addresses, tunnel identifiers,
 * outer addresses) sends every forgery of forgeries.ts, unguarded. Captures stand wherever one could come out: at the other VNet's guests, on the wires
 * between the hosts, where alone packets of the guest's own segment may hold it, and at a host that no link goes to. Counters of the hosts' stacks tell of
 * the rest. Each capture has seen what is meant for it before its silence counts.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import { qinqIdentifier, type TechnologyName, technologies } from '../../../../proto/technologies.ts'
import { formatMac } from '../../../netlink/codec/address.ts'
import type { LinkSpec } from '../../driver.ts'
import { type Capture, capture } from './capture.ts'
import { allSegments, forgeries, type Station, type Targets } from './forgeries.ts'
import { sendFrames } from './frames.ts'
import { ethernet, ip4, protocol, types, udp } from './packets.ts'
import { encapsulate, isWithin, type Outer } from './tunnels.ts'
import {
  build,
  type DatapathName,
  driverAt,
  guest,
  type Host,
  host,
  link,
  macOf,
  type Namespace,
  namespace,
  reaches,
  until,
  wire,
} from './world.ts'

/** What a link between hosts is told by. */
export type Kind = Pick<Outer, 'technology' | 'identifier'>
/** Of both VNets' links: the forger's, and the other's. */
export type Mix = readonly [own: Kind, victim: Kind]

/** VLAN ids that mean something in the underlay. */
export const vlans = { own: 101, victim: 102, service: 201, customer: 202 } as const

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

export const kindOf = (technology: TechnologyName, vnet: 0 | 1, identifier?: number): Kind => ({
  technology,
  identifier: identifier ?? identifiers[technology][vnet],
})

export const bothOf = (technology: TechnologyName): Mix => [kindOf(technology, 0), kindOf(technology, 1)]

/** A host at one end of a wire. */
interface WireEnd extends Station {
  readonly at: Namespace
  readonly nic: string
}

type Hop = readonly [left: WireEnd, right: WireEnd]

export interface Place {
  /** In a row: one, that has both ends of the links, or more, the ends at the outermost and relays between. */
  readonly hosts: readonly Host[]
  /** From each host to the next; of one alone to a namespace that is no host. */
  readonly hops: readonly Hop[]
  /** A host that no link goes to, at eth9 of the first. */
  readonly third: Namespace
  /** Forger and its peer, then the other VNet's. */
  readonly guests: readonly [Namespace, Namespace, Namespace, Namespace]
  readonly mix: Mix | undefined
}

interface PlaceOptions {
  readonly ways: readonly DatapathName[]
  /** Left out: links within one host. */
  readonly mix?: Mix
  /** Of each segment, bits per second; none without it. */
  readonly rate?: number
  /** What the ends of links within one host ask for, where that differs. */
  readonly forwarding?: readonly [DatapathName, DatapathName]
}

/** Both VNets give the same addresses. */
const addresses = ['10.0.0.1/24', '10.0.0.2/24'] as const
const vnets = [
  { name: 'a.v', vifs: ['vif1.0', 'vif2.0'] },
  { name: 'b.v', vifs: ['vif3.0', 'vif4.0'] },
] as const

const stations = (): readonly [Station, Station, Station, Station] => {
  const station = (vif: string, i: 0 | 1): Station => ({ mac: macOf(vif), address: addresses[i].replace(/\/.*/, '') })
  const [[a, b], [c, d]] = [vnets[0].vifs, vnets[1].vifs]
  return [station(a, 0), station(b, 1), station(c, 0), station(d, 1)]
}

/** Says nothing by itself. */
const silence = (at: Namespace): Promise<string> => at.exec('sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=1')

const macAt = async (at: Namespace, name: string): Promise<string> =>
  /link\/ether (\S+)/.exec(await at.ip('link', 'show', name))?.[1] ?? ''

/** Of a VNet's link on one hop, from left to right. */
const outerOn = ({ technology, identifier }: Kind, hop: Hop, number: number, vnet: number): Outer => {
  const { needsTunnelPrefix } = technologies[technology]
  const [from, to] = needsTunnelPrefix
    ? [`198.18.${number + 1}.${vnet + 1}`, `198.18.${number + 2}.${vnet + 1}`]
    : [hop[0].address, hop[1].address]
  // Two segments of one link do not share theirs.
  return { technology, identifier: identifier && identifier + hopStep * number, from, to }
}

const hopStep = 2

export const makePlace = async (t: Test, options: PlaceOptions): Promise<Place> => {
  const { ways, mix } = options
  const hosts: Host[] = []
  for (const [i, datapath] of ways.entries()) hosts.push(await host(t, `h${i + 1}`, { datapath }))
  const third = await namespace(t, 'third')
  const [first = third] = hosts
  const row: readonly Namespace[] = hosts.length === 1 ? [first, await namespace(t, 'nobody')] : hosts
  for (const at of [...row, third]) await silence(at)
  const hops: Hop[] = []
  for (const [number, at] of row.slice(1).entries()) hops.push(await makeHop(row[number] ?? first, at, number))
  await wire(
    { at: first, nic: 'eth9', address: '198.51.100.1/24' },
    { at: third, nic: 'eth1', address: '198.51.100.2/24' },
    1600,
  )
  for (const at of hosts) await at.exec('sysctl', '-qw', 'net.ipv4.ip_forward=1')
  const guests = await makeGuests(t, [first, hosts.at(-1) ?? first])
  const beside = options.forwarding && (await driverAt(t, 'click', first.path))
  for (const [number, { name: vnet, vifs }] of vnets.entries()) {
    for (const [i, at] of hosts.entries()) {
      const plain = linkAt(vnet, vifs, i, hosts.length, segmentsAt(mix?.[number], hops, i, number, options.rate))
      const interfaces = plain.interfaces.map((one, end) => ({ ...one, forwarding: options.forwarding?.[end] ?? '' }))
      const spec = { ...plain, interfaces }
      // As the agent does it: the bridge comes last.
      for (const driver of beside ? [beside, at.driver] : [at.driver]) {
        for (let round = 0; round < 4 && (await build(driver, [spec], vnet)).length > 0; round++);
      }
    }
  }
  for (const from of [guests[0], guests[2]]) {
    if (!(await reaches(from, '10.0.0.2'))) throw new Error('the links do not carry')
  }
  return { hosts, hops, third, guests, mix }
}

const makeHop = async (left: Namespace, right: Namespace, number: number): Promise<Hop> => {
  const address = (end: number): string => `192.0.${number + 2}.${end}`
  await wire(
    { at: left, nic: 'eth2', address: `${address(1)}/24` },
    { at: right, nic: 'eth1', address: `${address(2)}/24` },
    1600,
  )
  return [
    { at: left, nic: 'eth2', address: address(1), mac: await macAt(left, 'eth2') },
    { at: right, nic: 'eth1', address: address(2), mac: await macAt(right, 'eth1') },
  ]
}

const makeGuests = async (t: Test, ends: readonly [Namespace, Namespace]): Promise<Place['guests']> => {
  const make = async (number: 0 | 1, i: 0 | 1): Promise<Namespace> => {
    const { name: vnet, vifs } = vnets[number]
    const inside = await guest(t, ends[i], { vnet, vif: vifs[i], address: addresses[i], mtu: 1450 })
    await silence(inside)
    return inside
  }
  return [await make(0, 0), await make(0, 1), await make(1, 0), await make(1, 1)]
}

/** To the host on the left, and to the one on the right, as the i-th host is told of them. */
const segmentsAt = (kind: Kind | undefined, hops: readonly Hop[], i: number, vnet: number, rate = 0) => {
  if (kind === undefined) return []
  const { crosses, needsTunnelPrefix } = technologies[kind.technology]
  const towards = (number: number, isLeft: boolean) => {
    const hop = hops[number]
    if (hop === undefined) return []
    const { identifier, from, to } = outerOn(kind, hop, number, vnet)
    const [near, far] = isLeft ? [hop[1], hop[0]] : hop
    const [local, remote] = !crosses ? ['', ''] : isLeft ? [to, from] : [from, to]
    const nextHop = needsTunnelPrefix ? far.address : ''
    return [{ ...kind, identifier, local, remote, nic: near.nic, nextHop, remoteMac: far.mac, rate }]
  }
  return [...towards(i - 1, true), ...towards(i, false)]
}

/** Unguarded: a guard would drop most of what is tried. */
const linkAt = (
  vnet: string,
  vifs: readonly [string, string],
  i: number,
  hostCount: number,
  segments: ReturnType<typeof segmentsAt>,
): LinkSpec => {
  const here = hostCount === 1 ? vifs : i === 0 ? [vifs[0]] : i === hostCount - 1 ? [vifs[1]] : []
  const [mac, address] = i === 0 ? [macOf(vifs[1]), addresses[1]] : [macOf(vifs[0]), addresses[0]]
  const spec = link({ vnet, mtu: 1450, vifs: here, segments, far: { mac, addresses: [address] } })
  return { ...spec, interfaces: spec.interfaces.map((one) => ({ ...one, guards: [] })) }
}

const targetsOf = ({ hops }: Place): Targets => {
  const [own, peer, ...victims] = stations()
  const { victim, service, customer } = vlans
  return {
    own,
    peer,
    victims,
    hosts: hops.flat(),
    segments: hops.flatMap((hop, number) => allSegments((name) => outerOn(kindOf(name, 1), hop, number, 1))),
    tags: [
      0,
      ...hops.flatMap((_, i) => [vlans.own, victim, customer, customer + 1].map((id) => id + hopStep * i)),
      service,
    ],
  }
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

interface Sending {
  readonly from: Namespace
  readonly nic?: string
  readonly frame: (needle: Buffer) => Buffer
}

const control = (what: string): Buffer => Buffer.from(`weft-control-${what}`.padEnd(28, '.'))

/** Sends a frame that a capture has to see, and waits until it has. */
const expectSeen = async (by: Capture, what: string, { from, nic, frame }: Sending): Promise<void> => {
  const needle = control(what)
  await until(async () => {
    await sendFrames(from, [frame(needle)], 1, nic)
    await sleep(50)
    return by.has(needle)
  })
}

/**
 * Addresses of which a bridge carries no frames: it keeps (and its guard drops) what is addressed to a port itself, and a device of a VLAN has the
 * address of its NIC.
 */
const keptByBridges = ({ hosts, hops, mix }: Place): ReadonlySet<string> => {
  if (mix?.[0].technology !== 'vlan' && mix?.[0].technology !== 'qinq') return new Set()
  const ends = hops.flatMap((hop, i) => hop.map(({ mac }, side) => ({ mac, at: hosts[i + side] })))
  return new Set(ends.filter(({ at }) => at?.driver.name === 'bridge').map(({ mac }) => mac))
}

/** What is on a longer way than the last of what was waited for. */
const settleMs = 500
/** Frames at once: those that wait for a rate are no more than its queue holds. */
const batch = 50

export const expectIsolated = async (t: Test, place: Place): Promise<void> => {
  const { hosts, hops, third, guests, mix } = place
  const [forger, peer, ...victims] = guests
  const [own, other, ...victimStations] = stations()
  const atPeer = await capture(t, peer, 'eth0')
  const atVictims = await Promise.all(victims.map((one) => capture(t, one, 'eth0')))
  const onWires = await Promise.all(hops.map(([{ at, nic }]) => capture(t, at, nic)))
  const atThird = await capture(t, third, 'eth1')
  const [c = own, d = own] = victimStations
  const [fromC = forger, fromD = forger] = victims
  const [atC = atPeer, atD = atPeer] = atVictims
  await expectSeen(atC, 'to c', { from: fromD, frame: (needle) => plain(d, c, needle) })
  await expectSeen(atD, 'to d', { from: fromC, frame: (needle) => plain(c, d, needle) })
  for (const [i, by] of onWires.entries()) {
    const end = hops[i]?.[0]
    if (end)
      await expectSeen(by, `wire ${i}`, { from: end.at, nic: end.nic, frame: (needle) => plain(own, other, needle) })
  }
  const [first = third] = hosts
  await expectSeen(atThird, 'third', { from: first, nic: 'eth9', frame: (needle) => plain(own, other, needle) })

  const before = await Promise.all(
    hosts.map(async (at) => ({ received: await received(at), neighbours: await neighbours(at) })),
  )
  const tried = forgeries(targetsOf(place))
  for (let at = 0; at < tried.length; at += batch) {
    await sendFrames(
      forger,
      tried.slice(at, at + batch).map(({ frame }) => frame),
    )
    await expectSeen(atPeer, `after ${at}`, { from: forger, frame: (needle) => plain(own, other, needle) })
  }
  await sleep(settleMs)

  const holding = (frames: readonly Buffer[]): readonly string[] =>
    tried.filter(({ needle }) => frames.some((frame) => frame.includes(needle))).map(({ what }) => what)
  const carries = mix && technologies[mix[0].technology].carries
  const kept = keptByBridges(place)
  const legitimate = tried
    .filter(({ isIpv4, frame }) => (carries !== 'ipv4' || isIpv4) && !kept.has(formatMac(frame.subarray(0, 6))))
    .map(({ what }) => what)
  t.same(holding(await atPeer.stop()), legitimate, `the own peer has got ${legitimate.length} of ${tried.length}`)
  for (const [i, by] of atVictims.entries()) t.same(holding(await by.stop()), [], `guest ${i + 1} of the other VNet`)
  t.same(holding(await atThird.stop()), [], 'the host that no link goes to')
  /** Packets of the own segments in IP. */
  let inIp = 0
  for (const [i, by] of onWires.entries()) {
    const hop = hops[i]
    const segment = mix && hop && outerOn(mix[0], hop, i, 0)
    const frames = await by.stop()
    const within = frames.filter((frame) => segment !== undefined && isWithin(frame, segment))
    inIp += within.filter((frame) => frame.readUInt16BE(12) === types.ip4).length
    t.same(holding(frames.filter((frame) => !within.includes(frame))), [], `wire ${i + 1}, but for the own segment`)
    const carried = new Set(holding(within))
    if (segment)
      t.same(
        legitimate.filter((what) => !carried.has(what)),
        [],
        'the own segment has carried it',
      )
  }
  for (const [i, at] of hosts.entries()) {
    // The kernel's own tunnels take what is in IP out of the host's stack.
    const count = (await received(at)) - (before[i]?.received ?? 0)
    t.ok(count <= (at.driver.name === 'bridge' ? inIp : 0), `the stack of host ${i + 1}: ${count} IP packets`)
    t.same(await neighbours(at), before[i]?.neighbours, `the neighbours of host ${i + 1}`)
  }
}

/**
 * What the kernel's own devices do not look at, at the end that the strangers speak to: VXLAN's know a packet by its number alone, gretap's by its addresses
 * and key, whatever NIC it comes by. It may come to the link's own guests, and to no others.
 */
const kernelTakes: Readonly<Partial<Record<TechnologyName, RegExp>>> = { vxlan: /./, gre: /NIC/ }

/** Packets of the underlay that say that they are of the forger's link at the first host, and do not come from the link's next host. */
export const expectStrangersUnheard = async (t: Test, { hosts, hops, third, guests, mix }: Place): Promise<void> => {
  const [own, peer] = stations()
  const [first] = hosts
  const [hop] = hops
  if (!first || !hop || !mix) throw new RangeError('no link between hosts')
  const [here, there] = hop
  const segment = outerOn(mix[0], hop, 0, 0)
  const captures = await Promise.all(guests.map((one) => capture(t, one, 'eth0')))
  const [atGuest] = captures
  if (!atGuest) throw new RangeError('no guests')
  const right = { from: there.mac, to: here.mac }
  const into = (from: string, ether: typeof right) => (needle: Buffer) =>
    encapsulate({ ...segment, from, to: segment.from }, plain(peer, own, needle), ether)
  const real = { from: there.at, nic: there.nic, frame: into(segment.to, right) }
  await expectSeen(atGuest, 'real', real)

  const overAnother = { from: there.mac, to: await macAt(first, 'eth9') }
  const strange: readonly (Required<Sending> & { readonly what: string })[] = [
    { what: 'over another NIC', from: third, nic: 'eth1', frame: into(segment.to, overAnother) },
    ...(technologies[segment.technology].crosses ? ['192.0.2.77', '198.51.100.2', '127.0.0.1', segment.from] : []).map(
      (address) => ({ what: `from ${address}`, from: there.at, nic: there.nic, frame: into(address, right) }),
    ),
  ]
  for (const { what, from, nic, frame } of strange) await sendFrames(from, [frame(control(what))], 1, nic)
  await expectSeen(atGuest, 'real again', real)
  await sleep(settleMs)
  const taken = first.driver.name === 'bridge' ? kernelTakes[segment.technology] : undefined
  for (const [i, by] of captures.entries()) {
    const frames = await by.stop()
    const heard = strange.filter(({ what }) => frames.some((frame) => frame.includes(control(what))))
    const unexpected = heard.filter(({ what }) => i > 1 || !taken?.test(what))
    t.same(
      unexpected.map(({ what }) => what),
      [],
      `guest ${i + 1}${heard.length > 0 ? `, but for the kernel's own: ${heard.map(({ what }) => what).join(', ')}` : ''}`,
    )
  }
}
