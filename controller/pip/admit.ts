/** Admission: a part of a VNet, mapped beside all that is reserved and decided down to what each host would be told. */
import type { VNetRequest } from '../../proto/generated/weft.v1.ts'
import { usageOf } from '../ledger/ledger.ts'
import type { Embedding, Picture, Usage } from '../mapping/mapping.ts'
import type { Standing } from '../mapping/standing.ts'
import type { DeclaredSubstrate } from '../substrate/substrate.ts'
import { allocate } from './allocate.ts'
import type { Book } from './book.ts'
import { compileSlices } from './compile.ts'
import { standingOf } from './death/due.ts'
import { graphOf } from './graph-of.ts'
import { greatestUsage, totalUsage } from './holdings.ts'
import type { Hosts } from './hosts.ts'
import { asMeasured, nothing, standingOn } from './measured.ts'
import { poolUsage, takenRoom } from './pool/stock.ts'
import { takeNodes } from './pool/take.ts'
import type { ReservationRow, Version, VNetRow } from './rows.ts'
import { type AllocatedSegment, claimsOn } from './segments.ts'
import { createTakenNumbers, type TakenNumbers } from './taken.ts'
import { createTally, type Tally } from './tally.ts'

export interface Admission {
  readonly substrate: DeclaredSubstrate
  readonly hosts: Hosts
  readonly book: Book
}

const usages = new WeakMap<Version, Usage>()

/** What one version takes; added up once, as neither the version nor the substrate that it was mapped on changes. */
export const usageOfVersion = (substrate: DeclaredSubstrate, version: Version): Usage => {
  const known = usages.get(version)
  if (known) return known
  const made = usageOf(substrate, [{ request: version.part, embedding: version.embedding }])
  const usage = totalUsage([made, takenRoom(version)])
  usages.set(version, usage)
  return usage
}

/** What the VNet may have on the hosts: the version that stands, those before it, the one that is reserved. */
const usageOfRows = (
  substrate: DeclaredSubstrate,
  row: VNetRow | undefined,
  reservation: ReservationRow | undefined,
): Usage =>
  greatestUsage([
    ...(row ? [usageOfVersion(substrate, row.version)] : []),
    ...(row?.held ? [row.held.usage] : []),
    ...(reservation ? [usageOfVersion(substrate, reservation.version)] : []),
  ])

/** What is added up over all rows, and kept up as they change. */
interface Sums {
  readonly tally: Tally
  readonly numbers: TakenNumbers
}

const sums = new WeakMap<Admission, Sums>()

const sumsOf = (admission: Admission): Sums => {
  const { substrate, book } = admission
  const made = sums.get(admission) ?? {
    tally: createTally(book, (row, reservation) => usageOfRows(substrate, row, reservation)),
    numbers: createTakenNumbers(book, claimsOn(substrate), book.tombstones),
  }
  sums.set(admission, made)
  return made
}

/** What all VNets take but one, and what pools keep and that one has of them; '' for none left out. */
export const usageBeside = (admission: Admission, vnet: string): Usage =>
  totalUsage([sumsOf(admission).tally.beside(vnet), ...poolUsage(admission, vnet)])

/** A VNet that is changed again and again holds each once. */
const distinct = (segments: readonly AllocatedSegment[]): readonly AllocatedSegment[] => [
  ...new Map(segments.map((segment) => [JSON.stringify(segment), segment])).values(),
]

/** What the new version of a row would leave behind on the hosts for a while. */
export const heldAfter = (substrate: DeclaredSubstrate, row: VNetRow): NonNullable<VNetRow['held']> => ({
  usage: greatestUsage([usageOfVersion(substrate, row.version), ...(row.held ? [row.held.usage] : [])]),
  segments: distinct([...row.version.allocation.segments, ...(row.held?.segments ?? [])]),
})

/** Those that are not connected and, for a moment, those that were taken for dead and have come back. */
const hostsAway = ({ substrate, hosts, book }: Admission): readonly string[] => {
  const buried = new Set([...book.tombstones.values()].map(({ host }) => host))
  const isThere = (host: string): boolean => hosts.online(host) && !book.deaths.has(host) && !buried.has(host)
  return substrate.nodes.filter(({ id, kind }) => kind === 'host' && !isThere(id)).map(({ id }) => id)
}

/** What stands of the part's VNet, for its mapping. */
export const standingFor = ({ book, hosts }: Admission, part: VNetRequest): Standing | undefined =>
  standingOf({ row: book.vnets.get(part.name), part, deaths: book.deaths, isOnline: hosts.online })

/** What a part is mapped by: all that is known of the substrate, and what others than `vnet` take of it ('': what all do), or hosts report in use. */
export const pictureFor = (admission: Admission, vnet: string): Picture => {
  const { substrate, hosts, book } = admission
  const graph = graphOf(substrate, hosts.inventories())
  const row = book.vnets.get(vnet)
  const reports = hosts.reports(vnet)
  const usage = asMeasured({
    graph,
    usage: usageBeside(admission, vnet),
    reportOf: (host) => (hosts.online(host) ? hosts.views.get(host)?.usage : undefined),
    ownOf: (host) => (row ? standingOn(row, reports, host) : nothing),
  })
  return { graph, usage, excluded: new Set(hostsAway(admission)) }
}

/**
 * All that a commit of the mapped part would publish. Throws request.invalid where the VNet's prefix has no room left, and those of
 * takeNodes.
 */
export const decideVersion = (admission: Admission, vnet: string, part: VNetRequest, embedding: Embedding): Version => {
  const { substrate, hosts, book } = admission
  const taken = takeNodes(admission, vnet, part, embedding)
  const allocation = allocate({
    vnet,
    request: taken.part,
    embedding,
    substrate,
    taken: sumsOf(admission).numbers.beside(vnet),
    previous: book.vnets.get(vnet)?.version.allocation,
  })
  const slices = compileSlices({
    vnet,
    embedding,
    allocation,
    substrate,
    pooled: taken.pooled,
    inventories: hosts.inventories(),
    generation: 0,
    epoch: 0,
  })
  return { part, embedding, allocation, slices }
}
