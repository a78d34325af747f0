/** The hops of a link with what each has counted, as rows: one a direction, from the host of end a to that of end b. */
import { fromWireError } from '../../../proto/errors.ts'
import type { DirectionCounters, LinkHop, LinkView } from '../../../proto/generated/weft.v1.ts'
import { qinqTags } from '../../../proto/technologies.ts'
import type { Column } from '../table.ts'

interface HopRow {
  readonly hop: LinkHop
  /** undefined where the host has not told. */
  readonly direction: DirectionCounters | undefined
}

/** "vxlan 4096", "qinq 100.7"; a technology alone where its outer addresses tell a tunnel from others. */
const tunnelOf = ({ technology, identifier }: LinkHop): string => {
  if (identifier === 0) return technology
  if (technology !== 'qinq') return `${technology} ${identifier}`
  const { service, customer } = qinqTags(identifier)
  return `${technology} ${service}.${customer}`
}

const dropsOf = ({ drops }: DirectionCounters): string =>
  drops.map(({ reason, packets }) => `${packets} ${reason}`).join(', ') || '0'

export const hopRows = ({ hops }: LinkView): readonly HopRow[] =>
  hops.flatMap((hop): HopRow[] => {
    const directions = hop.counters?.directions ?? []
    return directions.length === 0
      ? [{ hop, direction: undefined }]
      : directions.map((direction) => ({ hop, direction }))
  })

export const hopColumns: readonly Column<HopRow>[] = [
  { title: 'HOST', cell: ({ hop }) => hop.host || hop.provider },
  { title: 'DATA PATH', cell: ({ hop }) => hop.counters?.datapath ?? '' },
  { title: 'TO NEXT', cell: ({ hop }) => tunnelOf(hop) },
  { title: 'NIC', cell: ({ hop }) => hop.nic },
  { title: 'FROM', cell: ({ direction }) => direction?.from ?? '' },
  { title: 'TO', cell: ({ direction }) => direction?.to ?? '' },
  { title: 'PACKETS', cell: ({ direction }) => (direction ? String(direction.packets) : '') },
  { title: 'BYTES', cell: ({ direction }) => (direction ? String(direction.bytes) : '') },
  { title: 'DROPPED', cell: ({ direction }) => (direction ? dropsOf(direction) : '') },
]

/** Why hosts did not tell, each with its host as the object. */
export const hopErrors = ({ hops }: LinkView): readonly Error[] =>
  hops.flatMap(({ host, provider, error }) =>
    error ? [fromWireError({ ...error, object: host ? `host/${host}` : `provider/${provider}` })] : [],
  )
