/**
 * Nodes of pools that VNets take: which one a node asks for (`pooled` of SliceNode), who takes one, and whether it can be taken. All of it is
 * computed from what shall be and what is: nobody keeps whose a node is but the node itself.
 */
import type { Slice, SliceNode } from '../../proto/generated/weft.v1.ts'
import { isMadeFrom, isServedBy } from '../hypervisor/digest.ts'
import type { IdleNode, ObservedNode, PoolNode } from '../hypervisor/driver.ts'
import { isPool } from '../hypervisor/pool-key.ts'

/** The pool's node that a node asks for; undefined where it asks for none. */
export const pooledBy = ({ pooled }: SliceNode): PoolNode | undefined => {
  const [vnet = '', id = ''] = pooled.split('/')
  return vnet === '' || id === '' ? undefined : { vnet, id }
}

const nodesOf = (slice: Slice | undefined): readonly SliceNode[] => (slice && !slice.absent ? slice.nodes : [])

/** Pools that nodes of a slice ask for. */
export const poolsOf = (slice: Slice | undefined): ReadonlySet<string> =>
  new Set(nodesOf(slice).flatMap((node) => pooledBy(node)?.vnet ?? []))

/** Nodes that take a pool's, by the id of the pool's. Of several that ask for one it is the first's. */
export const takersOf = (pool: Slice, slices: readonly Slice[]): ReadonlyMap<string, PoolNode> => {
  const takers = new Map<string, PoolNode>()
  for (const slice of slices) {
    if (slice.owner !== pool.owner) continue
    for (const node of nodesOf(slice)) {
      const asked = node.pooled === '' ? undefined : pooledBy(node)
      if (asked?.vnet === pool.vnet && !takers.has(asked.id)) takers.set(asked.id, { vnet: slice.vnet, id: node.id })
    }
  }
  return takers
}

/** What a pool still has to keep: nothing that somebody takes is made for it again. */
export const withoutTaken = (pool: Slice, takers: ReadonlyMap<string, PoolNode>): Slice =>
  pool.nodes.some(({ id }) => takers.has(id))
    ? { ...pool, nodes: pool.nodes.filter(({ id }) => !takers.has(id)) }
    : pool

/** Nodes of a pool that are there and wait to be taken: whoever takes one is not there yet. */
export const aboutToLeave = (
  takers: ReadonlyMap<string, PoolNode>,
  seen: readonly ObservedNode[],
): ReadonlySet<string> => {
  const there = new Set(seen.map(({ vnet, id }) => `${vnet}/${id}`))
  return new Set([...takers].filter(([, { vnet, id }]) => !there.has(`${vnet}/${id}`)).map(([id]) => id))
}

/** What of a slice is to be seen to under its own name: of a pool's all but what others take. */
export const ownPart = (slice: Slice | undefined, slices: () => readonly Slice[]): Slice | undefined =>
  slice && isPool(slice.vnet) ? withoutTaken(slice, takersOf(slice, slices())) : slice

export interface TakeInput {
  readonly slice: Slice
  /** What shall be, by VNet. */
  readonly desired: (vnet: string) => Slice | undefined
  readonly takers: (pool: Slice) => ReadonlyMap<string, PoolNode>
  /** All that was seen of this VNet and of the pools that it asks for. */
  readonly seen: readonly ObservedNode[]
}

/** By node: the pool's node that it can be made of. Not where it is there already, nor where the other is of another shape or does not run. */
export const takeable = ({ slice, desired, takers, seen }: TakeInput): ReadonlyMap<string, IdleNode> => {
  const there = new Map(seen.map((node) => [`${node.vnet}/${node.id}`, node]))
  const found = nodesOf(slice).flatMap((node): (readonly [string, IdleNode])[] => {
    const asked = pooledBy(node)
    const pool = asked && desired(asked.vnet)
    if (!asked || !pool || pool.owner !== slice.owner || there.has(`${slice.vnet}/${node.id}`)) return []
    const idle = nodesOf(pool).find(({ id }) => id === asked.id)
    const observed = there.get(node.pooled)
    if (!idle || !observed?.running || observed.hypervisor !== node.hypervisor || !isServedBy(node, idle)) return []
    if (!isMadeFrom({ vnet: pool.vnet, node: idle, slot: observed.slot }, observed.digest)) return []
    const taker = takers(pool).get(asked.id)
    return taker?.vnet === slice.vnet && taker.id === node.id ? [[node.id, { ...asked, slot: observed.slot }]] : []
  })
  return new Map(found)
}
