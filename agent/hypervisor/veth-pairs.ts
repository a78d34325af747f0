/**
 * Interfaces of a guest whose network namespace the agent can enter, attached and detached while it runs: veth pairs, one end vifX.Y in Dom0, the
 * other made as ethY in the guest at once, so that it needs no name and no place of its own in between.
 *
 * libvirt's own hot-plug of containers ignores the guest end's name, leaves it down, and now and then does not find the container's process 1
 * (native/libvirt.ts, attachDevice).
 */
import { type FileHandle, open } from 'node:fs/promises'
import { WeftError } from '../../proto/errors.ts'
import { nodeMark } from '../datapath/mark.ts'
import { defaultMtu } from '../defaults.ts'
import type { Link } from '../netlink/link/link.ts'
import { addLink, deleteLink, setLink } from '../netlink/link/requests.ts'
import { openRoute, type RouteSocket } from '../netlink/route.ts'
import { NetlinkError } from '../netlink/socket/error.ts'
import type { Request } from '../netlink/socket/request.ts'
import type { NodeSpec } from './driver.ts'
import { guestInterface } from './guest-network.ts'
import { vifName } from './vifs.ts'

type Owner = Pick<NodeSpec, 'vnet' | 'slot'> & { readonly id: string }

/**
 * Makes what is missing of the spec's interfaces: marked, and down at both ends. Idempotent. Throws object.foreign where a name in Dom0 is
 * taken, hypervisor.failed where one in the guest is.
 */
export const attachPairs = async (route: RouteSocket, spec: NodeSpec, namespace: string): Promise<void> => {
  const { vnet, slot, node } = spec
  const links = await Promise.all(node.interfaces.map(({ index }) => route.link(vifName(slot, index))))
  for (const link of links) if (link) await checkOwn(link, { vnet, slot, id: node.id }, namespace)
  const missing = node.interfaces.filter((_, i) => links[i] === undefined)
  if (missing.length === 0) return
  const file = await open(namespace, 'r')
  try {
    await send(route, node.id, missing.map(pairRequest(slot, file)))
  } finally {
    await file.close()
  }
  // After all are made: what was there before must not get our mark.
  const alias = nodeMark(vnet, node.id)
  await send(
    route,
    node.id,
    missing.map(({ index }) => setLink(vifName(slot, index), { alias })),
  )
}

const pairRequest =
  (slot: number, { fd }: FileHandle) =>
  ({ index, mac, mtu: asked }: NodeSpec['node']['interfaces'][number]): Request => {
    const mtu = asked || defaultMtu
    const peer = { name: guestInterface(index), namespace: { fd }, mtu, ...(mac === '' ? {} : { mac }) }
    return addLink({ name: vifName(slot, index), mtu, info: { kind: 'veth', peer } })
  }

const send = async (route: RouteSocket, id: string, requests: readonly Request[]): Promise<void> => {
  for (const outcome of await route.batch(requests)) {
    if (!(outcome instanceof NetlinkError)) continue
    throw new WeftError('hypervisor.failed', `node ${id}: ${outcome.message}`, {
      object: `node/${id}`,
      hint: outcome.code === 'EEXIST' ? 'has the guest an interface of that name that it made itself?' : '',
      cause: outcome,
    })
  }
}

/**
 * Takes interfaces away that are wanted no more; nothing that is not the node's own. Idempotent.
 * @param indexes Y of vifX.Y
 */
export const detachPairs = async (
  route: RouteSocket,
  { vnet, slot, id }: Owner,
  indexes: readonly number[],
  namespace: string,
): Promise<void> => {
  const links = await Promise.all(indexes.map((index) => route.link(vifName(slot, index))))
  const own: Link[] = []
  for (const link of links) {
    if (link === undefined) continue
    await checkOwn(link, { vnet, slot, id }, namespace)
    own.push(link)
  }
  for (const outcome of await route.batch(own.map(({ index }) => deleteLink(index)))) {
    if (!(outcome instanceof NetlinkError) || outcome.code === 'ENODEV') continue
    throw new WeftError('hypervisor.failed', `node ${id}: ${outcome.message}`, { object: `node/${id}`, cause: outcome })
  }
}

/** Its mark says whose it is; where an agent ended before it could mark it, its other end does. Throws object.foreign. */
const checkOwn = async (link: Link, { vnet, id }: Owner, namespace: string): Promise<void> => {
  if (link.alias === nodeMark(vnet, id)) return
  if (link.alias === '' && (await hasPeer(link, namespace))) return
  throw new WeftError('object.foreign', `${link.name} exists and is not node ${id}'s`, { object: `node/${id}` })
}

const hasPeer = async ({ index, lower, info }: Link, namespace: string): Promise<boolean> => {
  if (info?.kind !== 'veth') return false
  const inside = openRoute({ namespace })
  try {
    const peer = await inside.link(lower)
    return peer?.info?.kind === 'veth' && peer.lower === index
  } finally {
    inside.close()
  }
}
