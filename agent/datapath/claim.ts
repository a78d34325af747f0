/**
 * Physical interfaces that are given to one link each: what they must be like, whichever data path takes them, and what they were like before. An
 * interface that somebody uses is refused with the reason.
 */
import { hardware, type Link } from '../netlink/link/link.ts'
import type { RouteSocket } from '../netlink/route.ts'
import { unicast } from '../netlink/routing.ts'
import { type Addresses, isAddressed } from './addresses.ts'
import { failLink } from './check.ts'
import type { LinkSpec } from './driver.ts'
import type { Interfaces } from './interfaces.ts'
import { isServiceMark } from './mark.ts'

/** What tells who uses an interface. */
export interface Uses extends Interfaces {
  readonly addresses: Addresses
  /** Indices of interfaces that a route of the host leaves by although they carry no address. */
  readonly routed: ReadonlySet<number>
}

/** The interface that a link asks for. Throws nic.unknown. */
export const askedNic = (spec: LinkSpec, { byName }: Pick<Interfaces, 'byName'>): Link =>
  byName.get(spec.nic) ?? failLink(spec, 'nic.unknown', `there is no interface "${spec.nic}"`)

/** Throws nic.taken. */
export const checkUnused = (spec: LinkSpec, nic: Link, uses: Uses): void => {
  const taken = (why: string): never => failLink(spec, 'nic.taken', `${nic.name} ${why}`)
  if (uses.marks.has(nic.name) || isServiceMark(nic.alias)) taken('is part of a VNet itself')
  if (nic.info?.kind === 'bridge' || nic.hardware !== hardware.ether) taken('is no physical interface')
  if (nic.master !== 0) taken(`is part of ${uses.byIndex.get(nic.master)?.name ?? 'another interface'}`)
  if (isAddressed(uses.addresses.get(nic.index))) taken('carries an address of the host')
  if (uses.routed.has(nic.index)) taken('is the way of a route of the host')
  const [upper] = uses.above.get(nic.index) ?? []
  if (upper) taken(`carries ${upper.name}`)
}

/** Interfaces that might be given to a link, as far as addresses and marks tell: physical ones, and what stands for them. */
const candidates = ({ unmarked }: Interfaces, addresses: Addresses): readonly Link[] =>
  unmarked.filter(
    (link) =>
      link.master === 0 &&
      link.hardware === hardware.ether &&
      (link.info === undefined || ['veth', 'vlan', 'other'].includes(link.info.kind)) &&
      !isAddressed(addresses.get(link.index)),
  )

/** Routes of one interface that somebody made: an IPv6 interface has some of its own. */
const isRouted = async (route: RouteSocket, index: number): Promise<boolean> =>
  (await route.routesOf(index)).some(
    ({ kind, destination }) => kind === unicast && !destination.startsWith('fe80:') && !destination.startsWith('ff'),
  )

/** See Uses: two dumps for each interface that has no address. */
export const readRouted = async (
  route: RouteSocket,
  interfaces: Interfaces,
  addresses: Addresses,
): Promise<ReadonlySet<number>> => {
  const idle = candidates(interfaces, addresses).map(({ index }) => index)
  const routed = await Promise.all(idle.map((index) => isRouted(route, index)))
  return new Set(idle.filter((_, position) => routed[position]))
}
