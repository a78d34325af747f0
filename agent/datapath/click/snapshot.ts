/** One reading: interfaces and their disciplines, the routers that are pinned, and the tables of those at underlay NICs. */
import type { ClickService, RouterInfo, Trust } from '../../click/service/service.ts'
import { have } from '../../ebpf/features.ts'
import type { Lookup } from '../../moments.ts'
import type { RouteSocket } from '../../netlink/route.ts'
import type { Addresses } from '../addresses.ts'
import { readRouted } from '../claim.ts'
import type { ObservedLink, Snapshot, SnapshotOptions } from '../driver.ts'
import type { Interfaces } from '../interfaces.ts'
import { isPort, markOf } from '../mark.ts'
import type { NicRate } from '../underlay/plan.ts'
import type { Traffic } from '../underlay/reading.ts'
import type { KernelReading, Underlay } from '../underlay/underlay.ts'
import { nicOf, placeOf, type RouterPlace, vnetOf } from './names.ts'
import { parseTable, type TableValue } from './table.ts'
import type { Attach } from './text/part.ts'

/** What was read. */
export interface Reading extends KernelReading {
  /** See Uses. */
  readonly routed: ReadonlySet<number>
  /** Of NICs, by name. */
  readonly nicRates: ReadonlyMap<string, NicRate>
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

/** Of all interfaces it tells; of links and routers those of the VNets that were asked for, and the routers of all NICs. */
export interface ClickSnapshot extends Snapshot, Interfaces {
  readonly attach: Attach
  /** Why the kernel cannot impair links; undefined where it can. */
  readonly noNetem: string | undefined
  /** Of links, by name. */
  readonly routers: ReadonlyMap<string, ObservedRouter>
  /** Of one link, by `VNET/LINK`. */
  readonly routersOf: ReadonlyMap<string, readonly ObservedRouter[]>
  /** Names of its ports, by `VNET/LINK`. */
  readonly portsOf: ReadonlyMap<string, readonly string[]>
  /** Lines of all tables, by the interface that they lead to. */
  readonly entriesTo: ReadonlyMap<number, readonly ObservedEntry[]>
  /** Interfaces that one link has for itself here, by name. */
  readonly given: ReadonlyMap<string, ObservedRouter>
  readonly addresses: Addresses
  readonly routed: ReadonlySet<number>
  /** By NIC. */
  readonly switches: ReadonlyMap<string, ObservedSwitch>
  /** Records that cannot be read, by the router's name. */
  readonly broken: ReadonlyMap<string, string>
  /** By interface index. */
  readonly qdiscs: Traffic['qdiscs']
  readonly traffic: Pick<Traffic, 'get'>
  /** Of NICs, by name. */
  readonly nicRates: ReadonlyMap<string, NicRate>
}

/** Pure: orders a reading. */
export const snapshotOf = (reading: Reading, vnets?: ReadonlySet<string>): ClickSnapshot => {
  const { interfaces, traffic, addresses, routed, routers, tables, attach, nicRates, noNetem } = reading
  const observed = routers.flatMap((info) => observedRouter(info) ?? [])
  const switches = new Map(
    routers.flatMap((info): (readonly [string, ObservedSwitch])[] => {
      const nic = nicOf(info.name)
      return nic === undefined || placeOf(info.name, info.file) !== undefined
        ? []
        : [[nic, { info, table: parseTable(tables.get(info.name) ?? '') }]]
    }),
  )
  const entries = [...switches].flatMap(([nic, { table }]) => [...table].map(([key, value]) => ({ nic, key, value })))
  const routersOf = Map.groupBy(observed, ({ vnet, link }) => linkKey(vnet, link))
  const portsOf = portsByLink(interfaces, vnets)
  return {
    ...interfaces,
    attach,
    noNetem,
    routers: new Map(observed.map((router) => [router.info.name, router])),
    routersOf,
    portsOf,
    entriesTo: Map.groupBy(entries, ({ value }) => value.device.index ?? 0),
    given: new Map(
      observed.flatMap((router) => {
        const nic = nicOf(router.end)
        return nic === undefined ? [] : [[nic, router] as const]
      }),
    ),
    addresses,
    routed,
    switches,
    broken: new Map(
      routers.filter(({ state }) => state === 'broken').map(({ name, problem }) => [name, problem] as const),
    ),
    qdiscs: traffic.qdiscs,
    traffic,
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

const portsByLink = (
  interfaces: Interfaces,
  vnets: ReadonlySet<string> | undefined,
): ReadonlyMap<string, readonly string[]> => {
  const ports = interfaces.marked(vnets).flatMap((link) => {
    const mark = markOf(link)
    return mark && isPort(mark) ? [{ name: link.name, key: linkKey(mark.vnet, mark.id) }] : []
  })
  const byLink = Map.groupBy(ports, ({ key }) => key)
  return new Map([...byLink].map(([key, of]) => [key, of.map(({ name }) => name).toSorted()]))
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
  route: RouteSocket,
  { read, rates, noNetem }: Pick<Underlay, 'read' | 'rates' | 'noNetem'>,
  options: SnapshotOptions,
): Promise<Reading> => {
  const reading = await read(options)
  const { interfaces } = reading
  const routers = await service.list(trustIn(interfaces.byIndex, options), isAsked(options))
  const readings = [
    readTables(service, routers),
    rates(interfaces.unmarked),
    noNetem(),
    readRouted(route, interfaces, reading.addresses),
  ] as const
  const [tables, nicRates, lack, routed] = await Promise.all(readings)
  return { ...reading, routed, routers, tables, nicRates, attach: attachHere(), noNetem: lack }
}

/** Routers that a look needs, by name: those of the VNets that it is at, and of all NICs. */
export const isAsked =
  ({ vnets }: SnapshotOptions): ((router: string) => boolean) =>
  (router) =>
    vnets === undefined || nicOf(router) !== undefined || vnets.has(vnetOf(router))

/**
 * How far what was seen of routers stands. Its interfaces have to be there as when its programs were attached: their numbers are never given
 * twice. A filter can be deleted without its interface; a link's pin cannot go without a trace.
 */
export const trustIn = (
  interfaces: Pick<Lookup<number, unknown>, 'has'>,
  { thorough = false }: SnapshotOptions,
): ((router: RouterInfo) => Trust) | undefined => {
  if (thorough) return undefined
  return ({ attachments }) =>
    attachments.every(({ interfaceIndex, method }) => method !== 'clsact' && interfaces.has(interfaceIndex))
      ? 'if unchanged'
      : 'no'
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
