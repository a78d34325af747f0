/**
 * Links, addresses, routes and queueing disciplines of one network namespace, over one rtnetlink socket (rtnetlink(7)).
 *
 *     const route = openRoute({ namespace: '/proc/1234/ns/net' })
 *     await route.addLink({ name: 'br0', info: { kind: 'bridge' }, mtu: 1450 })
 *     const link = await route.link('br0')
 *
 * Every change is also a value (addLink of link/requests.ts, addQdisc of traffic/qdisc.ts, …): batch() sends many at once.
 */
import { type Address, addAddress, decodeAddress, deleteAddress, dumpAddresses } from './address.ts'
import { decodeLink, type Link } from './link/link.ts'
import {
  addLink,
  deleteLink,
  dumpLinks,
  getLink,
  type LinkRef,
  type LinkSettings,
  type NewLink,
  setLink,
} from './link/requests.ts'
import {
  addNeighbour,
  decodeNeighbour,
  deleteNeighbour,
  dumpForwarding,
  dumpNeighbours,
  type Neighbour,
} from './neighbour.ts'
import { addRoute, decodeRoute, deleteRoute, dumpRoutes, dumpRoutesOf, type NewRoute, type Route } from './routing.ts'
import { type Connection, type ConnectionOptions, openConnection } from './socket/connection.ts'
import { NetlinkError } from './socket/error.ts'
import { decodeClass, dumpClasses, type TrafficClass } from './traffic/class.ts'
import { decodeFilter, dumpFilters, type Filter, type FilterPlace } from './traffic/filter.ts'
import { decodeQdisc, dumpQdiscs, type Qdisc } from './traffic/qdisc.ts'

/** NETLINK_ROUTE. */
export const routeProtocol = 0

/** Every call rejects with NetlinkError: code (an errno's name), operation, subject and the kernel's own explanation. */
export interface RouteSocket extends Connection {
  /** `ip -details link show`; with counters `ip -statistics`. */
  links(options?: { readonly counters?: boolean }): Promise<readonly Link[]>
  /** `ip -details link show X`; undefined where there is none. */
  link(link: LinkRef): Promise<Link | undefined>
  /** `ip link add NAME type KIND …`; EEXIST where the name is taken. */
  addLink(link: NewLink): Promise<void>
  /** `ip link set X …`; ENODEV where there is none. */
  setLink(link: LinkRef, settings: LinkSettings): Promise<void>
  /** `ip link del X`; ENODEV where there is none. */
  deleteLink(link: LinkRef): Promise<void>
  /** `ip address show`. */
  addresses(): Promise<readonly Address[]>
  /** `ip address show dev X`; empty where there is no such link. */
  addressesOf(index: number): Promise<readonly Address[]>
  /** `ip address replace 10.0.0.1/24 dev X`, X an index; IPv6 without duplicate address detection. */
  addAddress(index: number, prefix: string): Promise<void>
  /** `ip address del …`; EADDRNOTAVAIL where there is none. */
  deleteAddress(index: number, prefix: string): Promise<void>
  /** `ip route show table all`. */
  routes(): Promise<readonly Route[]>
  /** `ip route show table main dev X`, of both families; empty where there is no such link. */
  routesOf(index: number): Promise<readonly Route[]>
  /** `ip route replace …`. */
  addRoute(route: NewRoute): Promise<void>
  /** `ip route del …`; ESRCH where there is none. */
  deleteRoute(route: NewRoute): Promise<void>
  /** `ip neighbour show`. */
  neighbours(): Promise<readonly Neighbour[]>
  /** `ip neighbour replace ADDRESS lladdr MAC dev X nud permanent`. */
  addNeighbour(index: number, address: string, mac: string): Promise<void>
  /** `ip neighbour del ADDRESS dev X`; ENOENT where there is none. */
  deleteNeighbour(index: number, address: string): Promise<void>
  /** `bridge fdb show`. */
  forwarding(): Promise<readonly Neighbour[]>
  /** `tc qdisc show`. */
  qdiscs(): Promise<readonly Qdisc[]>
  /** `tc class show dev X`. */
  classes(index: number): Promise<readonly TrafficClass[]>
  /** `tc filter show dev X parent P` or `tc filter show block B`; empty where there is no such place. */
  filters(place: FilterPlace): Promise<readonly Filter[]>
}

/** Throws NetlinkError (ENOENT: no such namespace), or ERR_ADDON_UNAVAILABLE where the addon was not built. */
export const openRoute = (options: ConnectionOptions = {}): RouteSocket => {
  const connection = openConnection(routeProtocol, options)
  const { batch, request, dump, close, portId } = connection
  const change = async (...of: Parameters<typeof request>): Promise<void> => void (await request(...of))

  return {
    batch,
    request,
    dump,
    close,
    portId,
    get closed() {
      return connection.closed
    },

    links: async ({ counters = false } = {}) => (await dump(dumpLinks(counters))).map(decodeLink),
    link: async (link) => {
      const { messages } = await request(getLink(link)).catch(unlessAbsent('ENODEV', { messages: [] }))
      return messages[0] && decodeLink(messages[0])
    },
    addLink: (link) => change(addLink(link)),
    setLink: (link, settings) => change(setLink(link, settings)),
    deleteLink: (link) => change(deleteLink(link)),

    addresses: async () => (await dump(dumpAddresses())).map(decodeAddress),
    addressesOf: async (index) => {
      const all = (await dump(dumpAddresses(index)).catch(unlessAbsent('ENODEV', []))).map(decodeAddress)
      return all.filter((address) => address.index === index)
    },
    addAddress: (index, prefix) => change(addAddress(index, prefix)),
    deleteAddress: (index, prefix) => change(deleteAddress(index, prefix)),

    routes: async () => (await dump(dumpRoutes())).map(decodeRoute),
    routesOf: async (index) => {
      const all = [dump(dumpRoutesOf(4, index)), dump(dumpRoutesOf(6, index))]
      const both = await Promise.all(all.map((each) => each.catch(unlessAbsent('ENODEV', []))))
      // A kernel without strict checking tells of all links.
      return both
        .flat()
        .map(decodeRoute)
        .filter((route) => route.index === index || route.nextHops.includes(index))
    },
    addRoute: (route) => change(addRoute(route)),
    deleteRoute: (route) => change(deleteRoute(route)),

    neighbours: async () => (await dump(dumpNeighbours())).map(decodeNeighbour),
    addNeighbour: (index, address, mac) => change(addNeighbour(index, address, mac)),
    deleteNeighbour: (index, address) => change(deleteNeighbour(index, address)),
    forwarding: async () => (await dump(dumpForwarding())).map(decodeNeighbour),

    qdiscs: async () => (await dump(dumpQdiscs())).map(decodeQdisc),
    classes: async (index) => (await dump(dumpClasses(index))).map(decodeClass),
    filters: async (place) => (await dump(dumpFilters(place)).catch(unlessAbsent('EINVAL', []))).map(decodeFilter),
  }
}

const unlessAbsent =
  <T>(code: string, instead: T) =>
  (error: unknown): T => {
    if (error instanceof NetlinkError && error.code === code) return instead
    throw error
  }
