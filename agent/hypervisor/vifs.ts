/** The Dom0 ends of a node's interfaces: marked, silent, and down until a data path joins them to something. */
import { WeftError } from '../../proto/errors.ts'
import { nodeMark } from '../datapath/mark.ts'
import { defaultMtu } from '../defaults.ts'
import { deleteAddress } from '../netlink/address.ts'
import type { Link } from '../netlink/link/link.ts'
import { setLink } from '../netlink/link/requests.ts'
import type { RouteSocket } from '../netlink/route.ts'
import { NetlinkError } from '../netlink/socket/error.ts'
import type { Request } from '../netlink/socket/request.ts'
import type { NodeSpec, PoolNode } from './driver.ts'

export const vifName = (slot: number, index: number): string => `vif${slot}.${index}`

/** The spec with some of its interfaces: of a running node those that it was given may be fewer. */
export const onlyInterfaces = (spec: NodeSpec, indexes: readonly number[]): NodeSpec => ({
  ...spec,
  node: { ...spec.node, interfaces: spec.node.interfaces.filter(({ index }) => indexes.includes(index)) },
})

/** IN6_ADDR_GEN_MODE_NONE: Dom0 is no member of the guest's network and must not speak on it. */
const silent = 1

/**
 * Pure: what differs from how each vif shall be, nothing for one that is right. A vif that is joined to nothing is down: up, it would take
 * the guest's frames into Dom0's own stack. What joins it raises it, and sees from then on that nothing else takes its frames.
 */
export const dressRequests = (
  { vnet, node, slot }: NodeSpec,
  links: readonly (Link | undefined)[],
  isJoined = false,
): readonly Request[] =>
  node.interfaces.flatMap(({ index, mtu: asked }) => {
    const name = vifName(slot, index)
    const link = links.find((one) => one?.name === name)
    const alias = nodeMark(vnet, node.id)
    const mtu = asked || defaultMtu
    const isSilent = link?.addressGeneration === undefined || link.addressGeneration === silent
    const isExposed = !isJoined && link?.up === true && link.master === 0
    const isRight = link?.alias === alias && link.mtu === mtu && !isExposed
    return [
      ...(isSilent ? [] : [setLink(name, { addressGeneration: silent })]),
      ...(isRight ? [] : [setLink(name, { alias, mtu, ...(isExposed ? { up: false } : {}) })]),
    ]
  })

/** What an interface called itself before it was made silent. Taking it down would do too, and stop the guest's link for a moment. */
const forgetNames = async (route: RouteSocket, indexes: ReadonlySet<number>): Promise<readonly Request[]> => {
  const addresses = await route.addresses()
  return addresses
    .filter(({ index, family }) => family === 6 && indexes.has(index))
    .map(({ index, address }) => deleteAddress(index, address))
}

const sendFor = async (route: RouteSocket, id: string, requests: readonly Request[]): Promise<void> => {
  for (const outcome of await route.batch(requests)) {
    if (!(outcome instanceof NetlinkError) || outcome.code === 'EADDRNOTAVAIL') continue
    throw new WeftError('hypervisor.failed', `vifs of node ${id}: ${outcome.message}`, { object: `node/${id}` })
  }
}

/** Vifs of a pool's node become those of the node that took it. Idempotent; leaves what is another's. Throws hypervisor.failed. */
export const takeVifs = async (
  route: RouteSocket,
  names: readonly string[],
  from: PoolNode,
  to: PoolNode,
): Promise<void> => {
  const links = await Promise.all(names.map((name) => route.link(name)))
  const own = links.filter((link) => link?.alias === nodeMark(from.vnet, from.id))
  const alias = nodeMark(to.vnet, to.id)
  await sendFor(
    route,
    to.id,
    own.flatMap((link) => (link ? [setLink(link.index, { alias })] : [])),
  )
}

/**
 * Idempotent. Throws hypervisor.failed with the kernel's own words.
 * @param isJoined they may be joined to links already: those that are up stay so
 */
export const dressVifs = async (route: RouteSocket, spec: NodeSpec, isJoined = false): Promise<void> => {
  const names = spec.node.interfaces.map(({ index }) => vifName(spec.slot, index))
  const links = await Promise.all(names.map((name) => route.link(name)))
  const loud = links.filter((link) => link?.addressGeneration !== undefined && link.addressGeneration !== silent)
  await sendFor(route, spec.node.id, dressRequests(spec, links, isJoined))
  if (loud.length > 0)
    await sendFor(route, spec.node.id, await forgetNames(route, new Set(loud.map((link) => link?.index ?? 0))))
}
