/** What pools hold of the substrate, and which of their nodes can be had. */
import type { PoolShape, SliceNode } from '../../../proto/generated/weft.v1.ts'
import type { Usage } from '../../mapping/mapping.ts'
import { makeCpuMillis, poolKey } from '../../mapping/pools.ts'
import type { Admission } from '../admit.ts'
import { nothingUsed } from '../holdings.ts'
import type { Version } from '../rows.ts'
import { claimKey, claimsOf, type Taker, takers } from './claims.ts'
import { poolRef, poolVNet, rowKey } from './names.ts'
import { isReady, type PoolRow } from './rows.ts'

interface Placed {
  readonly host: string
  readonly node: Pick<SliceNode, 'cpu' | 'memoryBytes' | 'diskBytes'>
}

/** The room that nodes take on their hosts. */
const roomOf = (placed: readonly Placed[]): Usage => {
  const sum = (of: (node: Placed['node']) => number): ReadonlyMap<string, number> => {
    const sums = new Map<string, number>()
    for (const { host, node } of placed) sums.set(host, (sums.get(host) ?? 0) + of(node))
    return sums
  }
  return {
    ...nothingUsed,
    cpuMillis: sum(makeCpuMillis),
    memoryBytes: sum(({ memoryBytes }) => memoryBytes),
    diskBytes: sum(({ diskBytes }) => diskBytes),
  }
}

/** The room of so many nodes of a make. */
export const makeRoom = (
  host: string,
  make: Pick<PoolShape, 'cpu' | 'memoryBytes' | 'diskBytes'>,
  count: number,
): Usage => roomOf(Array.from({ length: count }, () => ({ host, node: make })))

const rooms = new WeakMap<Version, Usage>()

/** The room of those of a version's nodes that were taken from pools. */
export const takenRoom = (version: Version): Usage => {
  const known = rooms.get(version)
  if (known) return known
  const room = roomOf(claimsOf(version))
  rooms.set(version, room)
  return room
}

const isTaken = (all: ReadonlyMap<string, Taker>, { host, shape }: PoolRow, id: string): boolean =>
  all.has(claimKey({ host, pooled: poolRef(shape, id) }))

/** What can be taken of a pool's nodes at a host. */
const idleOf = ({ hosts }: Admission, row: PoolRow, taken: ReadonlyMap<string, Taker>): readonly SliceNode[] => {
  if (!hosts.online(row.host)) return []
  const report = hosts.views.get(row.host)?.reports.get(poolVNet(row.shape))
  return row.nodes
    .filter(({ node, state }) => state === 'kept' && isReady(report, node.id) && !isTaken(taken, row, node.id))
    .map(({ node }) => node)
}

/** The idle nodes of a shape at a host that a new version of `vnet` can take, those first that were made first. */
export const idleNodes = (
  admission: Admission,
  vnet: string,
): ((host: string, shape: string) => readonly SliceNode[]) => {
  const taken = takers(admission.book, vnet)
  return (host, shape) => {
    const row = admission.book.pools.get(rowKey(host, shape))
    return row ? idleOf(admission, row, taken) : []
  }
}

/** The room of all that pools keep and nobody has. */
export const keptRoom = ({ book }: Pick<Admission, 'book'>, taken: ReadonlyMap<string, Taker>): Usage =>
  roomOf(
    [...book.pools.values()].flatMap((row) =>
      row.nodes.filter(({ node }) => !isTaken(taken, row, node.id)).map(({ node }) => ({ host: row.host, node })),
    ),
  )

/**
 * The pools' side of what is taken, for a new version of `vnet` ('': for whatever comes): the room of what they keep, that of what the VNet took
 * from them and keeps, and how many of each shape's nodes are not to be had.
 */
export const poolUsage = (admission: Admission, vnet: string): readonly Usage[] => {
  const { substrate, book } = admission
  const taken = book.pools.size > 0 ? takers(book, vnet) : new Map<string, Taker>()
  const own = book.vnets.get(vnet)
  const missing = new Map<string, number>()
  for (const { id, pools } of substrate.nodes)
    for (const { name, nodes } of pools) {
      const row = book.pools.get(rowKey(id, name))
      const idle = row ? idleOf(admission, row, taken).length : 0
      missing.set(poolKey(id, name), Math.max(0, nodes - idle))
    }
  return [keptRoom(admission, taken), ...(own ? [takenRoom(own.version)] : []), { ...nothingUsed, pools: missing }]
}
