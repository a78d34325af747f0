/** What of a VNet is lost with dead hosts, and may be made again elsewhere. Pure. */
import type { Recovery, VNetRequest } from '../../../proto/generated/weft.v1.ts'
import type { Standing } from '../../mapping/standing.ts'
import type { Version, VNetRow } from '../rows.ts'
import type { DeathRow } from './rows.ts'

/** By host. */
export type Deaths = ReadonlyMap<string, DeathRow>

export const isFenced = (deaths: Deaths, host: string): boolean => deaths.get(host)?.state === 'fenced'

type Row = Pick<VNetRow, 'version' | 'bound' | 'leaving'>

/**
 * Nodes at hosts that are off, to their hosts. Only those of which the host knows that they may be made elsewhere: started again, it waits
 * to be told that they were not. All others it starts at once.
 */
export const lostNodes = ({ version, bound = [] }: Row, deaths: Deaths): ReadonlyMap<string, string> =>
  new Map(
    [...version.slices].flatMap(([host, { nodes }]) =>
      isFenced(deaths, host)
        ? nodes.filter(({ id, recoverable }) => recoverable && !bound.includes(id)).map(({ id }) => [id, host] as const)
        : [],
    ),
  )

/**
 * Of the next version the nodes that their hosts may still start by themselves: these are told only now that they may be made elsewhere, or may
 * still have something else of that name. For as long as a host has not said that it knows, they stay where they are.
 *
 * @param strangers hosts that have something of the VNet without being in the row
 */
export const boundAfter = (before: Row | undefined, next: Version, strangers: Iterable<string>): readonly string[] => {
  const behind = new Set([...(before?.leaving ?? []), ...strangers])
  const were = new Set(before?.bound)
  for (const { nodes } of before?.version.slices.values() ?? [])
    for (const { id, recoverable } of nodes) if (!recoverable) were.add(id)
  const stays = (id: string, host: string): boolean => before?.version.embedding.hosts.get(id) === host
  return [...next.slices].flatMap(([host, { nodes }]) =>
    nodes
      .filter(({ id, recoverable }) => recoverable && (behind.has(host) || (were.has(id) && stays(id, host))))
      .map(({ id }) => id),
  )
}

/** Whether a link runs through a host that is off, to whose ends it could run otherwise. */
const isCut = ({ embedding }: Version, deaths: Deaths): boolean =>
  [...embedding.paths.values()].some(({ nodes }) => nodes.slice(1, -1).some((node) => isFenced(deaths, node)))

/** Whether something of it can be made again elsewhere. */
export const isDue = (row: VNetRow, deaths: Deaths): boolean =>
  !row.removing && deaths.size > 0 && (lostNodes(row, deaths).size > 0 || isCut(row.version, deaths))

export interface StandingInput {
  readonly row: Row | undefined
  /** The next version. */
  readonly part: VNetRequest
  readonly deaths: Deaths
  readonly isOnline: (host: string) => boolean
}

/**
 * The row as its next version is mapped by. What is lost has no place. What is at other hosts that are away stays there whatever it needs now:
 * it may run, or be started there.
 */
export const standingOf = ({ row, part, deaths, isOnline }: StandingInput): Standing | undefined => {
  if (!row) return undefined
  const { part: before, embedding } = row.version
  const lost = lostNodes(row, deaths)
  const away = new Set([...embedding.hosts].filter(([, host]) => !isOnline(host)).map(([node]) => node))
  if (lost.size === 0 && away.size === 0) return row.version
  const next = new Map(part.nodes.map((node) => [node.id, node]))
  const has = <T>(map: ReadonlyMap<string, T>) => new Map([...map].filter(([node]) => !lost.has(node)))
  return {
    // A node with the needs that it had stays.
    part: { ...before, nodes: before.nodes.map((node) => (away.has(node.id) && next.get(node.id)) || node) },
    embedding: { ...embedding, hosts: has(embedding.hosts), pools: has(embedding.pools) },
  }
}

export interface RecoveriesInput {
  /** Name of the PIP. */
  readonly provider: string
  readonly before: VNetRow | undefined
  readonly next: Version
  readonly deaths: Deaths
  readonly unixMs: number
}

/** What is to be told of a version: for each of its nodes the last time that it was made again after its host had died. */
export const recoveriesOf = ({ provider, before, next, deaths, unixMs }: RecoveriesInput): readonly Recovery[] => {
  if (!before) return []
  const { hosts } = next.embedding
  const told = new Map((before.recoveries ?? []).map((one) => [one.node, one]))
  for (const [node, from] of lostNodes(before, deaths)) {
    const to = hosts.get(node)
    if (to === undefined || to === from) continue
    const by = deaths.get(from)?.by ?? ''
    told.set(node, { node, provider, from, to, by, unixMs, lost: 'memory and disk' })
  }
  return [...told.values()].filter(({ node }) => hosts.has(node))
}
