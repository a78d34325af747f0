/** Slots of a VNet's nodes as the loop needs them: handed out before a node is made, given back when nothing of it is left. */
import type { Slice } from '../../proto/generated/weft.v1.ts'
import type { ObservedNode } from '../hypervisor/driver.ts'
import type { EndStore } from '../state/ends.ts'
import type { SlotStore } from '../state/slots.ts'
import { allNodes, type Observation } from './observe.ts'
import { pooledBy } from './pooled.ts'

export interface NodeSlotsOptions {
  readonly slots: SlotStore
  readonly ends: EndStore
  /** Names of all interfaces in Dom0. */
  readonly interfaceNames: () => Promise<ReadonlySet<string>>
}

export interface NodeSlots {
  /** A node was found: it keeps the slot that it was made with, which is that of the pool's node where it was taken. */
  found(slice: Slice | undefined, node: ObservedNode): Promise<void>
  /** Of all nodes of the slice; those of nodes that are found keep what they were made with. */
  of(vnet: string, slice: Slice | undefined, seen: Observation): Promise<ReadonlyMap<string, number>>
  /** Those of nodes that are neither wanted nor kept. */
  free(vnet: string, slice: Slice | undefined, kept: ReadonlySet<string>): Promise<void>
}

export const nodeSlots = ({ slots, ends, interfaceNames }: NodeSlotsOptions): NodeSlots => {
  const found: NodeSlots['found'] = async (slice, { vnet, id, slot }) => {
    if (slots.get(vnet, id) === slot) return
    const node = slice?.nodes.find((one) => one.id === id)
    await slots.adopt(vnet, id, slot, node && pooledBy(node))
  }

  const of: NodeSlots['of'] = async (vnet, slice, seen) => {
    if (!slice || slice.nodes.length === 0) return new Map()
    const ids = slice.nodes.map(({ id }) => id)
    for (const node of allNodes(seen)) if (node.vnet === vnet) await found(slice, node)
    if (ids.every((id) => slots.get(vnet, id) !== undefined)) return slots.allot(vnet, ids, [])
    const existing = [...(await interfaceNames()), ...allNodes(seen).map(({ slot }) => `vif${slot}.0`)]
    return slots.allot(vnet, ids, existing)
  }

  const free: NodeSlots['free'] = async (vnet, slice, kept) => {
    const wanted = new Set(slice?.nodes.map(({ id }) => id))
    const unused = slots.nodesOf(vnet).filter((node) => !wanted.has(node) && !kept.has(node))
    if (unused.length === 0) return
    ends.forget(vnet, unused)
    await slots.free(vnet, unused)
  }

  return { found, of, free }
}
