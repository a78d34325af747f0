/**
 * What libvirt and the disk show of our nodes. libvirt's list of domains waits for every domain that is just being started or ended; while
 * we do that ourselves, each node is looked up by itself, and those in hand are left out of the question.
 */
import type { LibvirtConnection } from '../../../native/libvirt.ts'
import { interfaceNames } from '../../interfaces.ts'
import { domainName } from '../domain-name.ts'
import type { ObservedNode, ObservedVif } from '../driver.ts'
import { vifName } from '../vifs.ts'
import type { KeptNode } from './directories.ts'
import { findAll, findKept, isRunning, type MarkedDomain } from './domains.ts'
import type { TakenNodes } from './taken.ts'

/** What only the driver of a hypervisor can tell of a node: `configuration`, `digest` where it is not whole, and more. */
export type Details = (
  found: MarkedDomain,
  running: boolean,
  vifs: readonly ObservedVif[],
) => Promise<Partial<ObservedNode>>

export interface ObserveOptions {
  readonly hypervisor: string
  /** Nodes, as VNET/NODE, that are just being made or removed by us. */
  readonly inHand: ReadonlySet<string>
  readonly taken: TakenNodes
  readonly details: Details
}

const half = (hypervisor: string, { vnet, node }: KeptNode): ObservedNode => ({
  vnet,
  id: node,
  hypervisor,
  domain: domainName(vnet, node),
  slot: 0,
  running: false,
  configuration: '',
  digest: '',
  vifs: [],
})

export const observeNodes = async (
  connection: LibvirtConnection,
  kept: readonly KeptNode[],
  { hypervisor, inHand, taken, details }: ObserveOptions,
): Promise<readonly ObservedNode[]> => {
  // Interfaces first: one that is missing then, of a domain that runs afterwards, belongs to a node that is being started.
  const vifs = await interfaceNames()
  const quiet = kept.filter(({ vnet, node }) => !inHand.has(`${vnet}/${node}`))
  const found = inHand.size === 0 ? await findAll(connection, taken) : await findKept(connection, taken, quiet)

  const observeOne = async (one: MarkedDomain): Promise<ObservedNode> => {
    const { vnet, node, slot, digest, interfaces } = one.mark
    const running = isRunning(one.domain)
    const marked = interfaces.map((index) => ({ index, name: vifName(slot, index) }))
    const there = marked.filter(({ name }) => vifs.has(name))
    return {
      vnet,
      id: node,
      hypervisor,
      domain: one.domain.name,
      slot,
      running,
      configuration: '',
      digest,
      vifs: there,
      ...(await details(one, running, there)),
    }
  }

  const nodes = await Promise.all(found.map(observeOne))
  const whole = new Set(nodes.map(({ vnet, id }) => `${vnet}/${id}`))
  // A directory without a domain, or one that is in hand: half of a node in either case.
  return [
    ...nodes,
    ...kept.filter(({ vnet, node }) => !whole.has(`${vnet}/${node}`)).map((one) => half(hypervisor, one)),
  ]
}
