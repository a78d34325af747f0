/** One reading: all interfaces and their disciplines, the routers that are pinned, and the tables of those at underlay NICs. */
import type { ClickService, RouterInfo, Trust } from '../../click/service/service.ts'
import { have } from '../../ebpf/features.ts'
import type { Link } from '../../netlink/link/link.ts'
import type { Qdisc } from '../../netlink/traffic/qdisc.ts'
import type { Interfaces } from '../check.ts'
import type { ObservedLink, Snapshot, SnapshotOptions } from '../driver.ts'
import { isPort, type Mark, marksOf } from '../mark.ts'
import { type TrafficReading, trafficOf } from '../underlay/reading.ts'
import type { TrafficState } from '../underlay/traffic-state.ts'
import type { Underlay } from '../underlay/underlay.ts'
import { nicOf, placeOf, type RouterPlace } from './names.ts'
import { parseTable, type TableValue } from './table.ts'
import type { Attach } from './text/part.ts'

/** What was read, as lists. */
export interface Reading extends TrafficReading {
  readonly interfaces: readonly Link[]
  /** Bits per second of NICs, by name. */
  readonly nicRates: ReadonlyMap<string, number>
  readonly routers: readonly RouterInfo[]
  /** Of the LinkSwitch of underlay NICs, by router. */
  readonly tables: ReadonlyMap<string, string>
  /** How programs come to interfaces here. */
  readonly attach: Attach
  /** Why the kernel cannot impair links; undefined where it can. */
  readonly noNetem?: string | undefined
}

export interface ObservedRouter extends RouterPlace {
  readonly info: RouterInfo
  /** Interface that it takes the packets of; '' where it was never told. */
  readonly device: string
}

/** The router of an underlay NIC. */
export interface ObservedSwitch {
  readonly info: RouterInfo
  /** By key. */
  readonly table: ReadonlyMap<string, TableValue>
}

/** A line of the table of an underlay NIC. */
export interface ObservedEntry {
  readonly nic: string
  readonly key: string
  readonly value: TableValue
}

export interface ClickSnapshot extends Snapshot, Interfaces {
  readonly attach: Attach
  /** Why the kernel cannot impair links; undefined where it can. */
  readonly noNetem: string | undefined
  /** Indices of all interfaces. */
  readonly indices: ReadonlySet<number>
  /** Of links, by name. */
  readonly routers: ReadonlyMap<string, ObservedRouter>
  /** Of one link, by `VNET/LINK`. */
  readonly routersOf: ReadonlyMap<string, readonly ObservedRouter[]>
  /** Names of its ports, by `VNET/LINK`. */
  readonly portsOf: ReadonlyMap<string, readonly string[]>
  /** Lines of all tables, by the interface that they lead to. */
  readonly entriesTo: ReadonlyMap<number, readonly ObservedEntry[]>
  /** By NIC. */
  readonly switches: ReadonlyMap<string, ObservedSwitch>
  /** Records that cannot be read, by the router's name. */
  readonly broken: ReadonlyMap<string, string>
  /** By interface index. */
  readonly qdiscs: ReadonlyMap<number, readonly Qdisc[]>
  /** Of underlay NICs among them, by interface index. */
  readonly traffic: ReadonlyMap<number, TrafficState>
  /** Bits per second of NICs, by name. */
  readonly nicRates: ReadonlyMap<string, number>
}

/** Pure: orders a reading. */
export const snapshotOf = (reading: Reading): ClickSnapshot => {
  const { interfaces, qdiscs, routers, tables, attach, nicRates } = reading
  const marks = marksOf(interfaces)
  const observed = routers.flatMap((info) => observedRouter(info) ?? [])
  const switches = new Map(
    routers.flatMap((info): (readonly [string, ObservedSwitch])[] => {
      const nic = nicOf(info.name)
      return nic === undefined ? [] : [[nic, { info, table: parseTable(tables.get(info.name) ?? '') }]]
    }),
  )
  const entries = [...switches].flatMap(([nic, { table }]) => [...table].map(([key, value]) => ({ nic, key, value })))
  const routersOf = Map.groupBy(observed, ({ vnet, link }) => linkKey(vnet, link))
  const portsOf = portsByLink(marks)
  return {
    attach,
    noNetem: reading.noNetem,
    marks,
    byName: new Map(interfaces.map((link) => [link.name, link])),
    indices: new Set(interfaces.map(({ index }) => index)),
    routers: new Map(observed.map((router) => [router.info.name, router])),
    routersOf,
    portsOf,
    entriesTo: Map.groupBy(entries, ({ value }) => value.device.index ?? 0),
    switches,
    broken: new Map(
      routers.filter(({ state }) => state === 'broken').map(({ name, problem }) => [name, problem] as const),
    ),
    qdiscs: Map.groupBy(qdiscs, ({ index }) => index),
    traffic: trafficOf(reading),
    nicRates,
    links: observedLinks(routersOf, portsOf),
  }
}

const observedRouters = new WeakMap<RouterInfo, ObservedRouter>()

/** A router that was not looked at again is the same value; undefined of one that is no link's. */
const observedRouter = (info: RouterInfo): ObservedRouter | undefined => {
  const known = observedRouters.get(info)
  if (known) return known
  const place = placeOf(info.name, info.file)
  if (place === undefined) return undefined
  const observed = { ...place, info, device: info.attachments[0]?.device ?? '' }
  observedRouters.set(info, observed)
  return observed
}

export const linkKey = (vnet: string, link: string): string => `${vnet}/${link}`

const portsByLink = (marks: ReadonlyMap<string, Mark>): ReadonlyMap<string, readonly string[]> => {
  const ports = [...marks].filter(([, mark]) => isPort(mark))
  const byLink = Map.groupBy(ports, ([, { vnet, id }]) => linkKey(vnet, id))
  return new Map([...byLink].map(([key, of]) => [key, of.map(([name]) => name).toSorted()]))
}

/** Links that have a router or a port, with their ports. */
const observedLinks = (
  routersOf: ClickSnapshot['routersOf'],
  portsOf: ClickSnapshot['portsOf'],
): readonly ObservedLink[] =>
  [...new Set([...routersOf.keys(), ...portsOf.keys()])].map((key) => {
    const [vnet = '', id = ''] = key.split('/')
    return { vnet, id, interfaces: portsOf.get(key) ?? [] }
  })

export const readKernel = async (
  service: ClickService,
  { links, traffic: readTraffic, rates, noNetem }: Pick<Underlay, 'links' | 'traffic' | 'rates' | 'noNetem'>,
  options: SnapshotOptions,
): Promise<Reading> => {
  const [interfaces, traffic] = await Promise.all([links(options), readTraffic()])
  const routers = await service.list(trustIn(interfaces, options))
  const [tables, nicRates, lack] = await Promise.all([readTables(service, routers), rates(interfaces), noNetem()])
  return { interfaces, ...traffic, routers, tables, nicRates, attach: attachHere(), noNetem: lack }
}

/**
 * How far what was seen of routers stands. Its interfaces have to be there as when its programs were attached: their numbers are never given
 * twice. A filter can be deleted without its interface; a link's pin cannot go without a trace.
 */
export const trustIn = (
  interfaces: readonly Pick<Link, 'index'>[],
  { thorough = false, vnets }: SnapshotOptions,
): ((router: RouterInfo) => Trust) | undefined => {
  if (thorough) return undefined
  const there = new Set(interfaces.map(({ index }) => index))
  return (router) => {
    const isThere = router.attachments.every(
      ({ interfaceIndex, method }) => method !== 'clsact' && there.has(interfaceIndex),
    )
    if (!isThere) return 'no'
    const vnet = vnets && observedRouter(router)?.vnet
    return vnets === undefined || vnet === undefined || vnets.has(vnet) ? 'if unchanged' : 'as seen'
  }
}

export const attachHere = (): Attach => (have('tcx') ? 'tcx' : 'clsact')

/** Of one that cannot be read none is told: its lines are put there again. */
const readTables = async (
  service: ClickService,
  routers: readonly RouterInfo[],
): Promise<ReadonlyMap<string, string>> => {
  const names = routers.map(({ name }) => name).filter((name) => nicOf(name) !== undefined)
  const tables = await Promise.all(
    names.map(async (name) => [name, await service.read(name, 'links.table').catch(() => '')] as const),
  )
  return new Map(tables)
}
