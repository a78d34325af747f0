/** The hosts of a provider. */
import { toJson } from '../../../proto/codec.ts'
import type { HostEntry } from '../../../proto/generated/weft.v1.ts'
import { formatCpu } from '../../units.ts'
import { humanSize } from '../human.ts'
import type { Cell, Column } from '../table.ts'
import { awayText, deathCell, fencedText } from './deaths.ts'
import { locationText } from './describe.ts'

const standing = (entry: HostEntry): Cell => {
  const { status } = entry
  const death = deathCell(entry)
  if (death !== undefined) return death
  if (!status) return { text: 'never seen', tone: 'faint' }
  return status.online ? { text: 'online', tone: 'good' } : { text: 'offline', tone: 'bad' }
}

const usable = ({ inventory }: HostEntry): string =>
  (inventory?.hypervisors ?? [])
    .filter(({ unavailable }) => unavailable === '')
    .map(({ name }) => name)
    .join(',')

const problemCount = ({ problems }: HostEntry): Cell =>
  problems.length === 0 ? '' : { text: String(problems.length), tone: 'bad' }

const columns: readonly Column<HostEntry>[] = [
  { title: 'HOST', cell: ({ name }) => name },
  { title: 'STATE', cell: standing },
  {
    title: 'CPU RESERVED',
    cell: ({ inventory, reservedCpuMillis }) =>
      inventory ? `${formatCpu(reservedCpuMillis)} of ${inventory.cpus}` : formatCpu(reservedCpuMillis),
  },
  {
    title: 'MEMORY RESERVED',
    cell: ({ inventory, reservedMemoryBytes }) =>
      inventory
        ? `${humanSize(reservedMemoryBytes)} of ${humanSize(inventory.memoryBytes)}`
        : humanSize(reservedMemoryBytes),
  },
  { title: 'NODES', cell: ({ usage }) => String(usage?.nodes ?? '') },
  { title: 'LINKS', cell: ({ usage }) => String(usage?.links ?? '') },
  { title: 'HYPERVISORS', cell: usable },
  { title: 'LOCATION', cell: ({ location, inventory }) => locationText(location ?? inventory?.location) },
  { title: 'PROBLEMS', cell: problemCount },
  {
    title: 'POOLED',
    wide: true,
    cell: ({ pooledNodes, pooledMemoryBytes }) =>
      pooledNodes > 0 ? `${pooledNodes}, ${humanSize(pooledMemoryBytes)}` : '',
  },
  { title: 'AWAY SINCE', wide: true, cell: awayText },
  { title: 'FENCED', wide: true, cell: fencedText },
  { title: 'NICS', wide: true, cell: ({ inventory }) => (inventory?.nics ?? []).map(({ name }) => name).join(',') },
  { title: 'IMAGES', wide: true, cell: ({ inventory }) => inventory?.images.join(',') ?? '' },
  { title: 'AGENT', wide: true, cell: ({ status }) => status?.agentVersion ?? '' },
  { title: 'KERNEL', wide: true, cell: ({ status }) => status?.kernelVersion ?? '' },
]

export const hosts = {
  name: ({ name }: HostEntry) => `host/${name}`,
  columns,
  json: (entry: HostEntry) => toJson('HostEntry', entry),
}
