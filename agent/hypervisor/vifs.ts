/** The Dom0 ends of a node's interfaces: marked, silent and up. */
import { WeftError } from '../../proto/errors.ts'
import { nodeMark } from '../datapath/mark.ts'
import { defaultMtu } from '../defaults.ts'
import { setLink } from '../netlink/link/requests.ts'
import type { RouteSocket } from '../netlink/route.ts'
import { NetlinkError } from '../netlink/socket/error.ts'
import type { Request } from '../netlink/socket/request.ts'
import type { NodeSpec } from './driver.ts'

export const vifName = (slot: number, index: number): string => `vif${slot}.${index}`

/** IN6_ADDR_GEN_MODE_NONE: Dom0 is no member of the guest's network and must not speak on it. */
const silent = 1

/** Pure. The mode counts from the next time that the link goes up; what it said of itself before is dropped as it goes down. */
export const dressRequests = (
  { vnet, node, slot }: NodeSpec,
  modes: ReadonlyMap<string, number | undefined>,
): readonly Request[] =>
  node.interfaces.flatMap(({ index, mtu }) => {
    const name = vifName(slot, index)
    const isSilent = modes.get(name) === silent || modes.get(name) === undefined
    return [
      ...(isSilent ? [] : [setLink(name, { up: false }), setLink(name, { addressGeneration: silent })]),
      setLink(name, { up: true, mtu: mtu || defaultMtu, alias: nodeMark(vnet, node.id) }),
    ]
  })

/** Idempotent. Throws hypervisor.failed with the kernel's own words. */
export const dressVifs = async (route: RouteSocket, spec: NodeSpec): Promise<void> => {
  const names = spec.node.interfaces.map(({ index }) => vifName(spec.slot, index))
  const links = await Promise.all(names.map((name) => route.link(name)))
  const modes = new Map(links.map((link, i) => [names[i] ?? '', link?.addressGeneration]))
  for (const outcome of await route.batch(dressRequests(spec, modes))) {
    if (outcome instanceof NetlinkError) {
      const object = `node/${spec.node.id}`
      throw new WeftError('hypervisor.failed', `vifs of node ${spec.node.id}: ${outcome.message}`, { object })
    }
  }
}
