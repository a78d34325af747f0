/**
 * Programs at interfaces without TCX (before Linux 6.6): cls_bpf filters in direct action below a clsact discipline
 * (`tc qdisc add dev X clsact; tc filter replace dev X ingress pref P handle H bpf direct-action …`). Unlike a link, a filter stays
 * until it is deleted, whoever made it; replacing it exchanges the program in place.
 */

import type { RouteSocket } from '../netlink/route.ts'
import { NetlinkError } from '../netlink/socket/error.ts'
import type { Bpf } from '../netlink/traffic/bpf.ts'
import { deleteFilter, type Filter, protocol, replaceFilter } from '../netlink/traffic/filter.ts'
import { parent } from '../netlink/traffic/handle.ts'
import { addClsact } from '../netlink/traffic/qdisc.ts'
import type { Direction } from './link.ts'
import type { BpfProgram } from './program.ts'

/** Where a filter hangs: its namespace is that of the socket. */
export interface FilterAt {
  readonly interfaceIndex: number
  readonly direction: Direction
  /** `pref` of tc: lower is asked first, from 1. */
  readonly priority: number
  readonly handle: number
}

/** What is attached at such a place. */
export interface AttachedFilter extends FilterAt {
  readonly programId: number
  readonly name: string
}

const placeOf = ({ interfaceIndex, direction }: Pick<FilterAt, 'interfaceIndex' | 'direction'>) => ({
  index: interfaceIndex,
  parent: parent[direction],
})

/** Attaches a program, or puts it in place of the one at the same priority and handle. Rejects with NetlinkError. */
export const attachFilter = async (route: RouteSocket, program: BpfProgram, at: FilterAt): Promise<void> => {
  const { priority, handle } = at
  const options = { kind: 'bpf-program', descriptor: program.descriptor.number, name: program.name } as const
  const [clsact, filter] = await route.batch([
    addClsact(at.interfaceIndex),
    replaceFilter({ place: placeOf(at), handle, priority, protocol: protocol.all, options }),
  ])
  // Ours from before, or somebody's whose filters go on beside ours.
  if (clsact instanceof NetlinkError && clsact.code !== 'EEXIST') throw clsact
  if (filter instanceof NetlinkError) throw filter
}

/** Takes it off; whether there was one. The discipline stays: others may use it. Rejects with NetlinkError. */
export const detachFilter = async (route: RouteSocket, at: FilterAt): Promise<boolean> => {
  try {
    await route.request(deleteFilter(placeOf(at), at.priority, protocol.all, at.handle, 'bpf'))
    return true
  } catch (error) {
    // EINVAL: there is no discipline, or none with such hooks.
    if (error instanceof NetlinkError && ['ENOENT', 'EINVAL'].includes(error.code)) return false
    throw error
  }
}

/** The eBPF filters of an interface, those of others too. Rejects with NetlinkError. */
export const attachedFilters = async (
  route: RouteSocket,
  interfaceIndex: number,
  direction: Direction,
): Promise<readonly AttachedFilter[]> => {
  const filters = await route.filters(placeOf({ interfaceIndex, direction }))
  return filters.filter(isProgram).map(({ priority, handle, options: { programId, name } }) => ({
    interfaceIndex,
    direction,
    priority,
    handle,
    programId,
    name,
  }))
}

type ProgramFilter = Filter & { readonly options: Bpf & { readonly programId: number } }

/** A dump also tells of the chain as a filter without a handle. */
const isProgram = (filter: Filter): filter is ProgramFilter =>
  filter.options.kind === 'bpf' && filter.options.programId !== undefined && filter.handle !== 0
