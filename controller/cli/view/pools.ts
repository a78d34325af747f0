/** The pools of a provider, by host. */

import { toJson } from '../../../proto/codec.ts'
import { fromWireError } from '../../../proto/errors.ts'
import type { PoolEntry } from '../../../proto/generated/weft.v1.ts'
import { formatCpu } from '../../units.ts'
import { humanSize } from '../human.ts'
import type { Cell, Column } from '../table.ts'

const idle = ({ idle: count, shape }: PoolEntry): Cell => {
  const wanted = shape?.nodes ?? 0
  return { text: `${count} of ${wanted}`, tone: count < wanted ? 'busy' : 'good' }
}

const cpu = ({ shape }: PoolEntry): string => {
  const { count = 1, quotaMillis = 0 } = shape?.cpu ?? {}
  return quotaMillis > 0 ? formatCpu(quotaMillis) : `${count} shared`
}

const size = (bytes: number | undefined): string => (bytes ? humanSize(bytes) : '')
const some = (count: number): string => (count > 0 ? String(count) : '')

const columns: readonly Column<PoolEntry>[] = [
  { title: 'POOL', cell: ({ shape }) => shape?.name ?? '' },
  { title: 'HOST', cell: ({ host }) => host },
  { title: 'IDLE', cell: idle },
  { title: 'BUILDING', cell: ({ building }) => some(building) },
  { title: 'RESERVED', cell: ({ reserved }) => some(reserved) },
  { title: 'HYPERVISOR', cell: ({ shape }) => shape?.hypervisor ?? '' },
  { title: 'IMAGE', cell: ({ shape }) => shape?.image ?? '' },
  { title: 'CPU', cell: cpu },
  { title: 'MEMORY', cell: ({ shape }) => size(shape?.memoryBytes) },
  { title: 'DISK', wide: true, cell: ({ shape }) => size(shape?.diskBytes) },
  { title: 'INTERFACES', wide: true, cell: ({ shape }) => String(shape?.interfaces ?? 0) },
  { title: 'TAKEN', wide: true, cell: ({ taken }) => some(taken) },
  { title: 'LEAVING', wide: true, cell: ({ leaving }) => some(leaving) },
  {
    title: 'ERROR',
    cell: ({ error }) => (error ? { text: fromWireError(error).code, tone: 'bad' } : ''),
  },
]

export const pools = {
  name: ({ shape, host }: PoolEntry) => `pool/${shape?.name}@${host}`,
  columns,
  json: (entry: PoolEntry) => toJson('PoolEntry', entry),
}
