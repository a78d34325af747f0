/**
 * Taps of virtual machines are the agent's own: made before the domain starts, deleted with the node. libvirt is told not to manage them: it
 * would delete one that is there already.
 */
import { loadNetlink } from '../../../native/netlink.ts'
import { WeftError } from '../../../proto/errors.ts'
import { nodeMark } from '../../datapath/mark.ts'
import type { Link } from '../../netlink/link/link.ts'
import type { RouteSocket } from '../../netlink/route.ts'
import { NetlinkError } from '../../netlink/socket/error.ts'
import type { NodeSpec } from '../driver.ts'
import { vifName } from '../vifs.ts'

const unlessGone = (error: unknown): void => {
  if (!(error instanceof NetlinkError && error.code === 'ENODEV')) throw error
}

const isTap = ({ info }: Link): boolean => info?.kind === 'tun'

/** Those of a node that are there, by name. Throws object.foreign where a name is another's. */
const ownTaps = async (
  route: RouteSocket,
  vnet: string,
  node: string,
  names: readonly string[],
): Promise<ReadonlySet<string>> => {
  const links = await Promise.all(names.map((name) => route.link(name)))
  const there = links.flatMap((link) => link ?? [])
  const foreign = there.find((link) => link.alias !== nodeMark(vnet, node) || !isTap(link))
  if (!foreign) return new Set(there.map(({ name }) => name))
  throw new WeftError('object.foreign', `${foreign.name} exists and is not node ${node}'s`, { object: `node/${node}` })
}

/** Makes those that are missing, marked at once; calls back with each. Throws object.foreign, hypervisor.failed. */
export const makeTaps = async (
  route: RouteSocket,
  { vnet, node, slot }: NodeSpec,
  onMade: (name: string) => void,
): Promise<void> => {
  const names = node.interfaces.map(({ index }) => vifName(slot, index))
  const there = await ownTaps(route, vnet, node.id, names)
  for (const name of names.filter((one) => !there.has(one))) {
    try {
      loadNetlink().createTap(name, { vnetHeader: true })
      onMade(name)
      await route.setLink(name, { alias: nodeMark(vnet, node.id) })
    } catch (error) {
      const { message } = error as Error
      throw new WeftError('hypervisor.failed', `${name} of node ${node.id} cannot be made: ${message}`, {
        object: `node/${node.id}`,
        cause: error,
      })
    }
  }
}

/** Idempotent; leaves what is another's. All of the node's without `names`. */
export const deleteTaps = async (
  route: RouteSocket,
  vnet: string,
  node: string,
  names?: readonly string[],
): Promise<void> => {
  const mark = nodeMark(vnet, node)
  const links = names ? await Promise.all(names.map((name) => route.link(name))) : await route.links()
  const own = links.flatMap((link) => (link?.alias === mark && isTap(link) ? link.name : []))
  await Promise.all(own.map((name) => route.deleteLink(name).catch(unlessGone)))
}
