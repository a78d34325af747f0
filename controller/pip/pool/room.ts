/** How many nodes of a make a host has room for. */
import type { PoolShape, SubstrateNode } from '../../../proto/generated/weft.v1.ts'
import type { Usage } from '../../mapping/mapping.ts'
import { makeCpuMillis } from '../../mapping/pools.ts'

export const roomFor = (
  host: Pick<SubstrateNode, 'id' | 'cpuMillis' | 'memoryBytes' | 'diskBytes'>,
  usage: Pick<Usage, 'cpuMillis' | 'memoryBytes' | 'diskBytes'>,
  make: Pick<PoolShape, 'cpu' | 'memoryBytes' | 'diskBytes'>,
): number => {
  const times = (capacity: number, used: ReadonlyMap<string, number>, needed: number): number =>
    needed === 0 ? Number.POSITIVE_INFINITY : Math.floor((capacity - (used.get(host.id) ?? 0)) / needed)
  return Math.max(
    0,
    Math.min(
      times(host.cpuMillis, usage.cpuMillis, makeCpuMillis(make)),
      times(host.memoryBytes, usage.memoryBytes, make.memoryBytes),
      times(host.diskBytes, usage.diskBytes, make.diskBytes),
    ),
  )
}
