/** How much room a table needs, from its routes; and what says that it has too little. */
import { firstLevelLength, mostBlocks, mostNextHops, type TableRoom } from './layout.ts'
import type { TableRoute } from './table.ts'

/** What there is without routes: a few can come, and a small table stays a small one. */
const spare = { routes: 64, nextHops: 64, blocks: 32 } as const

/** An eighth more than there is now. */
const withHeadroom = (count: number, spare: number): number => count + Math.max(spare, Math.ceil(count / 8))

export const powerOfTwo = (count: number): number => 2 ** Math.ceil(Math.log2(count))

/** Blocks that routes need: one for each 16 bits with a longer route, one for each 24 bits. */
const countBlocks = (routes: Iterable<TableRoute>): number => {
  const upper = new Uint8Array(firstLevelLength)
  const lower = new Set<number>()
  let count = 0
  for (const { address, length } of routes) {
    if (length <= 16) continue
    const first = address >>> 16
    if (upper[first] === 0) count++
    upper[first] = 1
    if (length > 24) lower.add(address >>> 8)
  }
  return count + lower.size
}

/** Room for these routes, and for some more. */
export const roomFor = (routes: readonly TableRoute[]): TableRoom => {
  const hops = new Set(routes.map(({ gateway, output }) => gateway * 65_536 + output))
  return {
    routes: withHeadroom(routes.length, spare.routes),
    nextHops: Math.min(powerOfTwo(withHeadroom(hops.size + 1, spare.nextHops)), mostNextHops),
    blocks: Math.min(withHeadroom(countBlocks(routes), spare.blocks), mostBlocks),
  }
}
