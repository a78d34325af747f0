/**
 * The addresses of interfaces that are in nothing and nobody's: they tell whether a link might be given one. They are asked for each time, one interface
 * after the other, since there are few; of those of IPv6 on an interface that is down nothing is announced.
 */
import { type Address, scopeLink } from '../netlink/address.ts'
import { hardware } from '../netlink/link/link.ts'
import type { RouteSocket } from '../netlink/route.ts'
import type { Interfaces } from './interfaces.ts'

/** By interface index. */
export type Addresses = Pick<ReadonlyMap<number, readonly Address[]>, 'get'>

/** Of a list. */
export const addressesOf = (addresses: readonly Address[]): Addresses => Map.groupBy(addresses, ({ index }) => index)

/** Rejects with NetlinkError. */
export const readAddresses = async (
  route: Pick<RouteSocket, 'addressesOf'>,
  { unmarked }: Pick<Interfaces, 'unmarked'>,
): Promise<Addresses> => {
  const free = unmarked.filter(
    (link) => link.master === 0 && link.hardware === hardware.ether && link.info?.kind !== 'bridge',
  )
  return addressesOf((await Promise.all(free.map(({ index }) => route.addressesOf(index)))).flat())
}

/** An address that an IPv6 interface gives itself, and loses with it. */
const isOwn = ({ family, scope }: Address): boolean => family === 6 && scope === scopeLink

/** Whether the host uses an interface by one of its addresses. */
export const isAddressed = (addresses: readonly Address[] | undefined): boolean =>
  addresses?.some((address) => !isOwn(address)) ?? false
