/**
 * What hosts report in use, as a limit beside what is reserved: on a host that others use too, or whose nodes' files have grown, less is
 * really there than its inventory and the reservations say.
 *
 * A host's report counts what its nodes use as used. So what may still be given is what is available, less a margin, less what was given
 * to nodes that the report did not see yet. Nodes that use less than they were given may take the rest at any time: that is what the
 * margin is for, and what stating less memory in the substrate is for where it does not suffice.
 */
import type { HostUsage } from '../../proto/generated/weft.v1.ts'
import type { SubstrateGraph, Usage } from '../mapping/mapping.ts'
import type { VNetRow } from './rows.ts'

/** Of a host's memory, kept free: for its kernel's caches, and for nodes that take what they were given. */
const memoryMarginShare = 0.05
/** Of a host's disk, kept free. Its size is not known. */
const diskMarginBytes = 2 ** 30
/** What is available is told in steps of this share of the whole, rounded down: each reading is a little other than the one before. */
const stepShare = 1 / 64
const diskStepBytes = 2 ** 28

export interface Measured {
  readonly graph: SubstrateGraph
  /** What is taken by what is decided. */
  readonly usage: Usage
  /** The last report of a host; undefined: none, so that nothing is known. */
  readonly reportOf: (host: string) => HostUsage | undefined
  /** What nodes of the VNet that is mapped anew use there already: it is theirs. */
  readonly ownOf: (host: string) => Amount
}

export interface Amount {
  readonly memoryBytes: number
  readonly diskBytes: number
}

export const nothing: Amount = { memoryBytes: 0, diskBytes: 0 }

/** What nodes of a VNet have on a host where they stand, by its reports. */
export const standingOn = (
  row: VNetRow | undefined,
  reported: ReadonlyMap<string, { readonly nodes: readonly { readonly id: string; readonly state: string }[] }>,
  host: string,
): Amount => {
  const slice = row?.version.slices.get(host)
  const nodes = reported.get(host)?.nodes ?? []
  const there = new Set(nodes.filter(({ state }) => state === 'OBJECT_STATE_READY').map(({ id }) => id))
  const made = slice?.nodes.filter(({ id }) => there.has(id)) ?? []
  return {
    memoryBytes: made.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0),
    diskBytes: made.reduce((sum, { diskBytes }) => sum + diskBytes, 0),
  }
}

const down = (value: number, step: number): number => Math.floor(value / step) * step

/** What may still be given of one resource; what own nodes have is given to them again whatever is left. */
const room = (available: number, margin: number, taken: number, given: number, own: number): number => {
  const toCome = Math.max(0, taken - Math.max(0, given - own))
  return Math.max(0, available - margin - toCome) + own
}

/** The usage, raised where a host reports that less is there. */
export const asMeasured = ({ graph, usage, reportOf, ownOf }: Measured): Usage => {
  const memoryBytes = new Map(usage.memoryBytes)
  const diskBytes = new Map(usage.diskBytes)
  const raise = (taken: Map<string, number>, host: string, capacity: number, left: number): void => {
    const before = taken.get(host) ?? 0
    if (capacity - before > left) taken.set(host, capacity - left)
  }
  for (const { id, kind, hypervisors, memoryBytes: memory, diskBytes: disk } of graph.nodes) {
    const report = kind === 'host' ? reportOf(id) : undefined
    if (!report) continue
    const own = ownOf(id)
    const { memoryAvailableBytes, diskAvailableBytes, givenMemoryBytes, givenDiskBytes } = report
    const available = down(memoryAvailableBytes, Math.max(1, Math.floor(memory * stepShare)))
    const margin = Math.floor(memory * memoryMarginShare)
    const takenMemory = usage.memoryBytes.get(id) ?? 0
    // Guests of Xen have memory of their own, of which Dom0's kernel knows nothing.
    if (!hypervisors.includes('xen'))
      raise(memoryBytes, id, memory, room(available, margin, takenMemory, givenMemoryBytes, own.memoryBytes))
    const availableDisk = down(diskAvailableBytes, diskStepBytes)
    const takenDisk = usage.diskBytes.get(id) ?? 0
    raise(diskBytes, id, disk, room(availableDisk, diskMarginBytes, takenDisk, givenDiskBytes, own.diskBytes))
  }
  return { ...usage, memoryBytes, diskBytes }
}

/** Tells of each report of a host whether more is there than in the one before. */
export const createEasing = (): ((host: string, report: HostUsage | undefined) => boolean) => {
  const last = new Map<string, readonly [memory: number, disk: number]>()
  return (host, report) => {
    if (!report) return false
    const now = [
      down(report.memoryAvailableBytes, diskStepBytes),
      down(report.diskAvailableBytes, diskStepBytes),
    ] as const
    const before = last.get(host)
    last.set(host, now)
    return before !== undefined && (now[0] > before[0] || now[1] > before[1])
  }
}
