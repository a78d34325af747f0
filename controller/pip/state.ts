/** A VNet's part as its VNP sees it: what was decided and what the hosts report. */
import { create } from '../../proto/codec.ts'
import type { WireError } from '../../proto/errors.ts'
import type { Phase, Reported, VNetState } from '../../proto/generated/weft.v1.ts'
import type { Hosts } from './hosts.ts'
import { type Merged, mergeReports } from './merge.ts'
import type { ReservationRow, VNetRow } from './rows.ts'

export interface StateContext {
  /** The PIP's name. */
  readonly name: string
  readonly epoch: number
  readonly hosts: Hosts
  /** Without it no host is taken for dead. */
  readonly dead?: DeadHosts
}

export interface DeadHosts {
  /** Whether it is off for certain. */
  isFenced(host: string): boolean
  /** What is to be told of what the VNet has there. */
  errorAt(row: VNetRow, host: string): WireError
}

/** Of whole messages, which are not gone through again. */
const stateFrom = (
  row: VNetRow | ReservationRow,
  generation: number,
  { phase, error, nodes, links }: Merged,
): VNetState => ({
  ...create('VNetState', { vnet: row.vnet, owner: row.client, generation, phase, error }),
  nodes,
  links,
  timings: row.timings,
  request: row.version.allocation.request,
  recoveries: ('recoveries' in row ? row.recoveries : undefined) ?? [],
})

/** Whether the host reported of exactly what it is told, under this epoch. */
const answers = (report: Reported | undefined, row: VNetRow, epoch: number): report is Reported =>
  report !== undefined && report.generation === row.generation && report.epoch === epoch

/** The hosts that were told to leave nothing of the VNet, and report so. */
export const goneHosts = ({ hosts, epoch }: StateContext, row: VNetRow): readonly string[] => {
  const reports = hosts.reports(row.vnet)
  return [...row.leaving].filter((host) => {
    const report = reports.get(host)
    return answers(report, row, epoch) && report.phase === 'PHASE_GONE'
  })
}

const unfinished: readonly Phase[] = ['PHASE_UNSPECIFIED', 'PHASE_PENDING', 'PHASE_BUILDING']

/** Whether every host that is not dead has reported how what it is told now stands, and not only that it looks. */
export const isReported = (
  { hosts, epoch, dead }: Pick<StateContext, 'hosts' | 'epoch' | 'dead'>,
  row: VNetRow,
): boolean => {
  const reports = hosts.reports(row.vnet)
  return [...row.version.slices.keys(), ...row.leaving].every((host) => {
    if (dead?.isFenced(host)) return true
    const report = reports.get(host)
    return answers(report, row, epoch) && !unfinished.includes(report.phase)
  })
}

/** Whether nothing of an earlier version can be left on any host. */
export const isConverged = ({ hosts, epoch }: StateContext, row: VNetRow): boolean => {
  if (row.removing || row.leaving.size > 0) return false
  const reports = hosts.reports(row.vnet)
  return [...row.version.slices.keys()].every((host) => {
    const report = reports.get(host)
    return answers(report, row, epoch) && report.phase === 'PHASE_READY'
  })
}

export const stateOfRow = (context: StateContext, row: VNetRow): VNetState => {
  const { name, hosts, epoch, dead } = context
  const isThere = (host: string): boolean => !dead?.isFenced(host)
  const carriers = [...row.version.slices.keys()]
  const merged = mergeReports({
    embedding: row.version.embedding,
    allocation: row.version.allocation,
    provider: name,
    reports: hosts.reports(row.vnet),
    expectedGeneration: row.generation,
    expectedEpoch: epoch,
    removing: row.removing,
    away: new Set(carriers.filter((host) => !hosts.online(host))),
    dead: new Map(dead ? carriers.filter((host) => !isThere(host)).map((host) => [host, dead.errorAt(row, host)]) : []),
  })
  // A part that was taken away from a host counts until it is gone there; nothing runs where there is no power.
  const leaving = !row.removing && [...row.leaving].some(isThere) && merged.phase === 'PHASE_READY'
  // Gone is for the PIP to say, once its own rows are gone too.
  const phase = leaving ? 'PHASE_BUILDING' : row.removing ? 'PHASE_REMOVING' : merged.phase
  return stateFrom(row, row.generation, { ...merged, phase })
}

/** What a commit of the reservation would make. */
export const stateOfReservation = ({ name, epoch }: StateContext, row: ReservationRow): VNetState => {
  const { embedding, allocation } = row.version
  const merged = mergeReports({
    embedding,
    allocation,
    provider: name,
    reports: new Map(),
    expectedGeneration: 0,
    expectedEpoch: epoch,
  })
  return stateFrom(row, 0, { ...merged, phase: 'PHASE_PENDING' })
}
