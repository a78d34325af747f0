import { toJson } from '../../../proto/codec.ts'
import type { Endpoint, Link, LinkState } from '../../../proto/generated/weft.v1.ts'
import { formatDuration, formatRate } from '../../units.ts'
import type { Resource } from './resource.ts'
import { stateCell } from './tones.ts'

export interface LinkRow {
  readonly vnet: string
  readonly link: LinkState
  /** As it was asked for; missing where the state came without the request. */
  readonly asked: Link | undefined
}

const end = (endpoint: Endpoint | undefined): string => (endpoint ? `${endpoint.node}.${endpoint.interface}` : '?')

/** "r1.0 - r2.1" */
export const endsOf = (asked: Link | undefined): string => (asked ? `${end(asked.a)} - ${end(asked.b)}` : '')

/** "10 Mbit/s", or "10 Mbit/s, 5 Mbit/s" where the directions (a to b first) differ. */
export const rateOf = (asked: Link | undefined): string => {
  if (!asked) return ''
  const { rateAToBBitsPerSecond: there, rateBToABitsPerSecond: back } = asked
  const word = (rate: number) => (rate > 0 ? formatRate(rate) : 'best effort')
  return there === back ? word(there) : `${word(there)}, ${word(back)}`
}

export const links: Resource<LinkRow> = {
  name: ({ vnet, link }) => `link/${vnet}/${link.id}`,
  rows: ({ vnet, links, request }) =>
    links.map((link) => ({ vnet, link, asked: request?.links.find(({ id }) => id === link.id) })),
  columns: [
    { title: 'VNET', cell: ({ vnet }) => vnet },
    { title: 'LINK', cell: ({ link }) => link.id },
    { title: 'STATE', cell: ({ link }) => stateCell(link.state) },
    { title: 'ENDS', cell: ({ asked }) => endsOf(asked) },
    { title: 'RATE', cell: ({ asked }) => rateOf(asked) },
    { title: 'TECHNOLOGY', cell: ({ link }) => link.technology },
    { title: 'PATH', cell: ({ link }) => link.path.join('-') },
    { title: 'MTU', wide: true, cell: ({ link }) => (link.mtu > 0 ? String(link.mtu) : '') },
    {
      title: 'DELAY',
      wide: true,
      cell: ({ asked }) => (asked?.delayMicroseconds ? `at most ${formatDuration(asked.delayMicroseconds)}` : ''),
    },
    {
      title: 'ERROR',
      wide: true,
      cell: ({ link }) => (link.error ? `${link.error.message} [${link.error.code}]` : ''),
    },
  ],
  json: ({ vnet, link }) => ({ vnet, ...(toJson('LinkState', link) as object) }),
}
