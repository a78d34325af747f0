/** One reading of the kernel: all links, disciplines, addresses and routes, and the classes and filters of underlay NICs. */
import type { Link } from '../../netlink/link/link.ts'
import type { RouteSocket } from '../../netlink/route.ts'
import { readRouted } from '../claim.ts'
import type { ObservedLink, Snapshot, SnapshotOptions } from '../driver.ts'
import type { Interfaces } from '../interfaces.ts'
import { isPort, isServiceMark, markOf } from '../mark.ts'
import type { NicRate } from '../underlay/plan.ts'
import type { KernelReading, Underlay } from '../underlay/underlay.ts'
import { readSaid } from './class-program.ts'
import { blocks, isGuard } from './isolation.ts'

/** What was read. */
export interface Reading extends KernelReading {
  /** Indices of interfaces that a route of the host leaves by although they carry no address. */
  readonly routed: ReadonlySet<number>
  /** The guard of all bridges stands (isolation.ts). */
  readonly guarded: boolean
  /** Classes that the frames of VLAN devices say at their NIC, by the device's index. */
  readonly said: ReadonlyMap<number, number>
  /** Of NICs, by name. */
  readonly nicRates: ReadonlyMap<string, NicRate>
  /** Why the kernel cannot impair links; undefined where it can. */
  readonly noNetem?: string | undefined
}

/** Of all interfaces it tells; of links those of the VNets that were asked for. */
export interface BridgeSnapshot extends Snapshot, Interfaces, Omit<Reading, 'interfaces'> {
  /** Bridges and tunnels of a link, by `vnet/link`. */
  readonly members: ReadonlyMap<string, ObservedLink>
}

/** Key of a link in `members`. */
export const linkKey = (vnet: string, link: string): string => `${vnet}/${link}`

/** Pure: orders a reading. */
export const snapshotOf = ({ interfaces, ...rest }: Reading, vnets?: ReadonlySet<string>): BridgeSnapshot => {
  const links = observedLinks(interfaces.marked(vnets))
  const members = new Map(links.map((link) => [linkKey(link.vnet, link.id), link]))
  return { ...rest, ...interfaces, links, members }
}

/** Bridges and tunnels gathered by link, the bridge first. */
const observedLinks = (interfaces: readonly Link[]): readonly ObservedLink[] => {
  const marked = interfaces.flatMap((link) => {
    const mark = markOf(link)
    return mark?.kind === 'link' && !isPort(mark) ? [{ link, mark }] : []
  })
  const byLink = Map.groupBy(marked, ({ mark }) => linkKey(mark.vnet, mark.id))
  return [...byLink.values()].flatMap((of) => {
    const [first] = of
    if (first === undefined) return []
    const members = of.map(({ link }) => link)
    const bridgesFirst = members.toSorted((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1))
    return [{ vnet: first.mark.vnet, id: first.mark.id, interfaces: bridgesFirst.map(({ name }) => name) }]
  })
}

const rank = (link: Link): number => (link.info?.kind === 'bridge' ? 0 : 1)

/** See UsesOf of the underlay. */
export const usesOf = async (
  route: RouteSocket,
  underlay: Pick<Underlay, 'read'>,
  nic: number,
): Promise<readonly number[] | undefined> => {
  const { interfaces } = await underlay.read()
  const on = (index: number): readonly Link[] => interfaces.above.get(index) ?? []
  const own = on(nic)
    .flatMap((link) => (isServiceMark(link.alias) ? on(link.index) : [link]))
    .filter(isOurs)
  return own.length === 0 ? undefined : [...(await readSaid(route, vlansOf(own))).values()]
}

const isOurs = (link: Link): boolean => markOf(link)?.kind === 'link'

const vlansOf = (interfaces: readonly Link[]): readonly number[] =>
  interfaces.filter((link) => link.info?.kind === 'vlan' && isOurs(link)).map(({ index }) => index)

/**
 * What all links share, two dumps for each NIC that has no address, and one for each VLAN device of the VNets that are asked for: it costs what they have,
 * however many others there are.
 */
export const readKernel = async (
  route: RouteSocket,
  underlay: Pick<Underlay, 'read'>,
  options: SnapshotOptions,
): Promise<Omit<Reading, 'nicRates' | 'noNetem'>> => {
  const [reading, ...guards] = await Promise.all([
    underlay.read(options),
    route.filters({ block: blocks.ingress }),
    route.filters({ block: blocks.egress }),
  ])
  const { interfaces, addresses } = reading
  const said = await readSaid(route, vlansOf(interfaces.marked(options.vnets)))
  return {
    ...reading,
    said,
    routed: await readRouted(route, interfaces, addresses),
    guarded: guards.every(isGuard),
  }
}
