/** A VNet's part as its VNP sees it: what was decided and what the hosts report. */
import { create } from '../../proto/codec.ts'
import type { Phase, Reported, VNetState } from '../../proto/generated/weft.v1.ts'
import type { Hosts } from './hosts.ts'
import { type Merged, mergeReports } from './merge.ts'
import type { ReservationRow, VNetRow } from './rows.ts'

export interface StateContext {
  /** The PIP's name. */
  readonly name: string
  readonly epoch: number
  readonly hosts: Hosts
}

const stateFrom = (row: VNetRow | ReservationRow, generation: number, merged: Merged): VNetState =>
  create('VNetState', {
    vnet: row.vnet,
    owner: row.client,
    generation,
    phase: merged.phase,
    error: merged.error,
    nodes: merged.nodes,
    links: merged.links,
    timings: row.timings,
    request: row.version.allocation.request,
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

/** Whether every host has reported how what it is told now stands, and not only that it looks. */
export const isReported = ({ hosts, epoch }: Pick<StateContext, 'hosts' | 'epoch'>, row: VNetRow): boolean => {
  const reports = hosts.reports(row.vnet)
  return [...row.version.slices.keys(), ...row.leaving].every((host) => {
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
  const { name, hosts, epoch } = context
  const merged = mergeReports({
    embedding: row.version.embedding,
    allocation: row.version.allocation,
    provider: name,
    reports: hosts.reports(row.vnet),
    expectedGeneration: row.generation,
    expectedEpoch: epoch,
    removing: row.removing,
    away: new Set([...row.version.slices.keys()].filter((host) => !hosts.online(host))),
  })
  // A part that was taken away from a host counts until it is gone there.
  const leaving = !row.removing && row.leaving.size > 0 && merged.phase === 'PHASE_READY'
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
