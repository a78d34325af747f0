/** One host as its agent tells it. */
import type { HostView, Nic, SliceView } from '../../../proto/generated/weft.v1.ts'
import { formatCpu, formatRate } from '../../units.ts'
import { humanSize } from '../human.ts'
import { type Cell, type Column, formatFields } from '../table.ts'
import { locationText, section } from './describe.ts'
import { slices } from './slices.ts'

interface NicRow {
  readonly nic: Nic
  readonly received: number | undefined
  readonly sent: number | undefined
}

const nicColumns: readonly Column<NicRow>[] = [
  { title: 'NIC', cell: ({ nic }) => nic.name },
  { title: 'ROLE', cell: ({ nic }) => nic.role },
  { title: 'STATE', cell: ({ nic }) => (nic.up ? { text: 'up', tone: 'good' } : { text: 'down', tone: 'bad' }) },
  { title: 'RATE', cell: ({ nic }) => (nic.rateBitsPerSecond > 0 ? formatRate(nic.rateBitsPerSecond) : '') },
  { title: 'MTU', cell: ({ nic }) => String(nic.mtu) },
  { title: 'ADDRESSES', cell: ({ nic }) => nic.addresses.join(',') },
  { title: 'RECEIVED', cell: ({ received }) => (received === undefined ? '' : humanSize(received)) },
  { title: 'SENT', cell: ({ sent }) => (sent === undefined ? '' : humanSize(sent)) },
]

interface Means {
  readonly name: string
  readonly what: string
  readonly unavailable: string
}

const meansColumns = (title: string, what: string): readonly Column<Means>[] => [
  { title, cell: ({ name }) => name },
  { title: what, cell: (means) => means.what },
  {
    title: 'USABLE',
    cell: ({ unavailable }) =>
      unavailable === '' ? { text: 'yes', tone: 'good' } : { text: `no: ${unavailable}`, tone: 'bad' },
  },
]

const shares = (used: string, whole: string): string => `${used} of ${whole}`

export const describeHost = (
  { status, inventory, usage }: HostView,
  held: readonly SliceView[],
  colour: boolean,
): string => {
  const online: Cell = status?.online ? { text: 'yes', tone: 'good' } : { text: 'no', tone: 'bad' }
  const memory = inventory?.memoryBytes ?? 0
  const fields = [
    ['Host', inventory?.host ?? ''],
    ['Online', status ? online : ''],
    ['Location', locationText(inventory?.location)],
    [
      'CPUs',
      usage
        ? shares(`${formatCpu(usage.cpuMillis)} used`, String(inventory?.cpus ?? '?'))
        : String(inventory?.cpus ?? ''),
    ],
    ['Memory', usage ? shares(`${humanSize(usage.memoryAvailableBytes)} free`, humanSize(memory)) : humanSize(memory)],
    ['Disk', usage ? `${humanSize(usage.diskAvailableBytes)} free` : ''],
    ['Nodes', usage ? String(usage.nodes) : ''],
    ['Links', usage ? String(usage.links) : ''],
    ['Images', inventory?.images.join(' ') ?? ''],
    ['Agent', status?.agentVersion ?? ''],
    ['libvirt', status?.libvirtVersion ?? ''],
    ['Kernel', status?.kernelVersion ?? ''],
    ['Boot', status?.bootId ?? ''],
  ] as const
  const nics = (inventory?.nics ?? []).map((nic): NicRow => {
    const counters = usage?.nics.find(({ name }) => name === nic.name)
    return { nic, received: counters?.receiveBytes, sent: counters?.transmitBytes }
  })
  const hypervisors = (inventory?.hypervisors ?? []).map(({ name, version, unavailable }) => ({
    name,
    what: version,
    unavailable,
  }))
  const datapaths = (inventory?.datapaths ?? []).map(({ name, technologies, unavailable }) => ({
    name,
    what: technologies.join(' '),
    unavailable,
  }))
  return [
    formatFields(fields, colour),
    section('Hypervisors', meansColumns('NAME', 'VERSION'), hypervisors, colour),
    section('Data paths', meansColumns('NAME', 'TECHNOLOGIES'), datapaths, colour),
    section('NICs', nicColumns, nics, colour),
    section(
      'Parts of VNets',
      // Of those, also the names: here the VNet is what tells the rows apart.
      slices.columns
        .filter((column) => !('wide' in column))
        .map((column) => (column.title === 'VNET' ? { ...column, title: 'NAME' } : column)),
      held,
      colour,
    ),
  ].join('')
}
