/** One reading of the kernel: all links, disciplines, addresses and routes, and the classes and filters of underlay NICs. */
import { type Address, scopeLink } from '../../netlink/address.ts'
import { hardware, type Link } from '../../netlink/link/link.ts'
import type { RouteSocket } from '../../netlink/route.ts'
import { unicast } from '../../netlink/routing.ts'
import type { ObservedLink, Snapshot, SnapshotOptions } from '../driver.ts'
import { isPort, type Mark, markOf, marksOf } from '../mark.ts'
import { type TrafficReading, trafficOf } from '../underlay/reading.ts'
import type { TrafficState } from '../underlay/traffic-state.ts'
import type { Underlay } from '../underlay/underlay.ts'
import { readSaid } from './class-program.ts'
import { blocks, isGuard } from './isolation.ts'
import { parseNote } from './note.ts'
import { nicOf } from './tunnel.ts'

/** What was read, as lists. */
export interface Reading extends TrafficReading {
  readonly interfaces: readonly Link[]
  readonly addresses: readonly Address[]
  /** Indices of interfaces that a route of the host leaves by although they carry no address. */
  readonly routed: ReadonlySet<number>
  /** The guard of all bridges stands (isolation.ts). */
  readonly guarded: boolean
  /** Classes that the frames of VLAN devices say at their NIC, by the device's index. */
  readonly said: ReadonlyMap<number, number>
  /** Bits per second of NICs, by name. */
  readonly nicRates: ReadonlyMap<string, number>
  /** Why the kernel cannot impair links; undefined where it can. */
  readonly noNetem?: string | undefined
}

export interface BridgeSnapshot extends Snapshot, Reading {
  readonly byName: ReadonlyMap<string, Link>
  readonly byIndex: ReadonlyMap<number, Link>
  /** By interface name. */
  readonly marks: ReadonlyMap<string, Mark>
  /** Disciplines, classes and filters of an interface, by its index. */
  readonly traffic: ReadonlyMap<number, TrafficState>
  /** Bridges and tunnels of a link, by `vnet/link`. */
  readonly members: ReadonlyMap<string, ObservedLink>
  /** Ports of a bridge, by its index. */
  readonly ports: ReadonlyMap<number, readonly Link[]>
  /** Bridges that hold a NIC, by the NIC's name: their notes tell. */
  readonly holders: ReadonlyMap<string, string>
}

/** Key of a link in `members`. */
export const linkKey = (vnet: string, link: string): string => `${vnet}/${link}`

/** Pure: orders a reading. */
export const snapshotOf = (reading: Reading): BridgeSnapshot => {
  const { interfaces } = reading
  const marks = marksOf(interfaces)
  const links = observedLinks(interfaces, marks)
  return {
    ...reading,
    marks,
    links,
    members: new Map(links.map((link) => [linkKey(link.vnet, link.id), link])),
    byName: new Map(interfaces.map((link) => [link.name, link])),
    byIndex: new Map(interfaces.map((link) => [link.index, link])),
    ports: Map.groupBy(interfaces, ({ master }) => master),
    holders: holdersOf(marks),
    traffic: trafficOf(reading),
  }
}

const holdersOf = (marks: ReadonlyMap<string, Mark>): ReadonlyMap<string, string> =>
  new Map(
    [...marks].flatMap(([bridge, { note }]) => {
      const parsed = parseNote(note)
      return parsed === undefined ? [] : [[parsed.nic, bridge] as const]
    }),
  )

/** Bridges and tunnels with our mark, gathered by link, the bridge first. */
const observedLinks = (interfaces: readonly Link[], marks: ReadonlyMap<string, Mark>): readonly ObservedLink[] => {
  const marked = interfaces.filter(({ name }) => {
    const mark = marks.get(name)
    return mark?.kind === 'link' && !isPort(mark)
  })
  const byLink = Map.groupBy(marked, ({ name }) => {
    const mark = marks.get(name)
    return linkKey(mark?.vnet ?? '', mark?.id ?? '')
  })
  return [...byLink.values()].map((members) => {
    const bridgesFirst = members.toSorted((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1))
    const { vnet = '', id = '' } = marks.get(members[0]?.name ?? '') ?? {}
    return { vnet, id, interfaces: bridgesFirst.map(({ name }) => name) }
  })
}

const rank = (link: Link): number => (link.info?.kind === 'bridge' ? 0 : 1)

/** See UsesOf of the underlay. */
export const usesOf = async (route: RouteSocket, nic: number): Promise<readonly number[] | undefined> => {
  const interfaces = await route.links()
  const byIndex = new Map(interfaces.map((link) => [link.index, link]))
  const own = interfaces.filter((link) => isOurs(link) && nicOf(link, byIndex)?.index === nic)
  return own.length === 0 ? undefined : [...(await readSaid(route, vlansOf(own))).values()]
}

const isOurs = (link: Link): boolean => markOf(link)?.kind === 'link'

const vlansOf = (interfaces: readonly Link[]): readonly number[] =>
  interfaces.filter((link) => link.info?.kind === 'vlan' && isOurs(link)).map(({ index }) => index)

/** An address that an IPv6 interface gives itself, and loses with it. */
const isOwn = ({ family, scope }: Address): boolean => family === 6 && scope === scopeLink

/** Whether the host uses an interface by an address. */
export const isAddressed = (addresses: readonly Address[], index: number): boolean =>
  addresses.some((address) => address.index === index && !isOwn(address))

/** Interfaces that might be given to a link, as far as addresses and marks tell: physical ones, and what stands for them. */
const candidates = (interfaces: readonly Link[], addresses: readonly Address[]): readonly Link[] =>
  interfaces.filter(
    (link) =>
      link.master === 0 &&
      link.hardware === hardware.ether &&
      (link.info === undefined || ['veth', 'vlan', 'other'].includes(link.info.kind)) &&
      markOf(link) === undefined &&
      !isAddressed(addresses, link.index),
  )

/** Routes of one interface that somebody made: an IPv6 interface has some of its own. */
const isRouted = async (route: RouteSocket, index: number): Promise<boolean> =>
  (await route.routesOf(index)).some(
    ({ kind, destination }) => kind === unicast && !destination.startsWith('fe80:') && !destination.startsWith('ff'),
  )

/** Reads it all: five dumps, two more for each underlay NIC and for each NIC that has no address, one for each VLAN device of ours. */
export const readKernel = async (
  route: RouteSocket,
  { links, traffic: readTraffic }: Pick<Underlay, 'links' | 'traffic'>,
  options: SnapshotOptions,
): Promise<Omit<Reading, 'nicRates' | 'noNetem'>> => {
  const [interfaces, traffic, addresses, ...guards] = await Promise.all([
    links(options),
    readTraffic(),
    route.addresses(),
    route.filters({ block: blocks.ingress }),
    route.filters({ block: blocks.egress }),
  ])
  const idle = candidates(interfaces, addresses).map(({ index }) => index)
  const said = await readSaid(route, vlansOf(interfaces))
  const routed = await Promise.all(idle.map((index) => isRouted(route, index)))
  return {
    ...traffic,
    interfaces,
    said,
    addresses,
    routed: new Set(idle.filter((_, position) => routed[position])),
    guarded: guards.every(isGuard),
  }
}
