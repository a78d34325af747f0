/**
 * What a node and a link take of a substrate: the same for the mapping and for the ledger.
 */
import type { Link, Node } from '../../proto/generated/weft.v1.ts'

/**
 * Reserved for each virtual CPU of a node without a guarantee, in thousandths of a CPU. Such nodes share what is left by
 * their weights, so they could be packed without end; this bounds how many a host takes (20 for each CPU).
 */
export const shareCpuMillis = 50

/** A node's guarantee (cpu.quota_millis) where it has one, else `shareCpuMillis` for each virtual CPU. */
export const reservedCpuMillis = (node: Pick<Node, 'cpu'>): number => {
  const quota = node.cpu?.quotaMillis ?? 0
  return quota > 0 ? quota : shareCpuMillis * Math.max(1, node.cpu?.count ?? 1)
}

/** What "any" becomes: the first of these that the host can use, the lightest first; others by name after them. */
export const hypervisorPreference: readonly string[] = ['lxc', 'xen', 'kvm', 'qemu', 'fake']

export const chooseHypervisor = (available: readonly string[]): string | undefined => {
  const rank = (name: string): number => {
    const index = hypervisorPreference.indexOf(name)
    return index < 0 ? hypervisorPreference.length : index
  }
  return [...available].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))[0]
}

export const anyHypervisor = (name: string): boolean => name === '' || name === 'any'

/** The technology of a link's tunnels; "any" is vxlan, since it carries Ethernet and every data path has it. */
export const technologyOf = (link: Link): string =>
  link.technology === '' || link.technology === 'any' ? 'vxlan' : link.technology

/** How an interface is joined to its link or NIC. */
export const forwardingOf = (forwarding: string): string => forwarding || 'bridge'

/** Whether an offer of a host, hypervisor/image or an image alone, is of this image and for this hypervisor; '': any. */
export const startsImage = (offer: string, image: string, hypervisor: string): boolean => {
  const slash = offer.indexOf('/')
  if (slash < 0) return offer === image
  return offer.slice(slash + 1) === image && (hypervisor === '' || offer.slice(0, slash) === hypervisor)
}
