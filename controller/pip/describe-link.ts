/** A link as it is built: the hosts on its path from end a to end b, the tunnels between them, and what each host has counted. */
import { create } from '../../proto/codec.ts'
import { toWireError, WeftError } from '../../proto/errors.ts'
import type { LinkHop, LinkView, Slice, SliceLink } from '../../proto/generated/weft.v1.ts'
import { countersTimeoutMs } from '../roles/queries.ts'
import { askHost, type RelayOptions } from './relay.ts'
import type { VNetRow } from './rows.ts'

/** What a host on the path is told of the link. */
interface Stage {
  readonly host: string
  readonly link: SliceLink
}

/** Asks all hosts at once: one that cannot be asked has its error in its hop. Throws link.unknown. */
export const describeLink = async (
  options: RelayOptions,
  row: VNetRow,
  provider: string,
  id: string,
): Promise<LinkView> => {
  const stages = stagesOf(row, id)
  const [first] = stages
  if (!first) throw new WeftError('link.unknown', `${row.vnet} has no link ${id}`, { object: `link/${id}` })
  const hops = await Promise.all(
    stages.map(async ({ host, link }, position): Promise<LinkHop> => {
      const hop = create('LinkHop', { provider, host, ...tunnelOf(link, position === stages.length - 1) })
      try {
        const command = { link: { vnet: row.vnet, link: id } }
        const { link: counters } = await askHost(options, host, command, `link/${id}`, countersTimeoutMs)
        if (!counters) throw new WeftError('message.malformed', `${host} answered link without counters`)
        return { ...hop, counters }
      } catch (error) {
        return { ...hop, error: toWireError(error) }
      }
    }),
  )
  const technologies = new Set(hops.map(({ technology }) => technology).filter((name) => name !== ''))
  return create('LinkView', { id, technology: [...technologies].join(', '), mtu: first.link.mtu, hops })
}

const stagesOf = ({ version }: VNetRow, id: string): readonly Stage[] =>
  (version.embedding.paths.get(id)?.nodes ?? []).flatMap((host): Stage[] => {
    const link = (version.slices.get(host) as Slice | undefined)?.links.find((one) => one.id === id)
    return link ? [{ host, link }] : []
  })

/** Of a slice's segments the one towards end a comes first. */
const tunnelOf = ({ segments }: SliceLink, isLast: boolean): Pick<LinkHop, 'technology' | 'identifier' | 'nic'> => {
  const onward = isLast ? undefined : segments.at(-1)
  const nics = new Set(segments.map(({ nic }) => nic))
  return { technology: onward?.technology ?? '', identifier: onward?.identifier ?? 0, nic: [...nics].join(', ') }
}
