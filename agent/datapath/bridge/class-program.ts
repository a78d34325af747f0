/**
 * What has the frames of an 802.1Q device say their class at the underlay NIC (flow.ts): a program of four instructions at its egress, which
 * writes the class into the packet's priority and lets it pass. It hangs there as a filter and needs no process, and its name says the class:
 *
 *     tc filter show dev wt… egress
 *     filter protocol all pref 1 bpf chain 0 handle 0x1 weft_class_8005 direct-action …
 */
import { exit, mov, mov32, type Program, stx } from '../../ebpf/asm/asm.ts'
import { attachFilter } from '../../ebpf/clsact.ts'
import { loadProgram } from '../../ebpf/program.ts'
import type { RouteSocket } from '../../netlink/route.ts'
import { action } from '../../netlink/traffic/bpf.ts'
import type { Filter } from '../../netlink/traffic/filter.ts'
import { handle, minorOf, parent } from '../../netlink/traffic/handle.ts'
import { major } from '../underlay/pieces.ts'

/** Of struct __sk_buff, linux/bpf.h. */
const priorityOffset = 32

const instructions = (classId: number): Program => [
  mov32('r2', classId | 0),
  stx('u32', 'r1', priorityOffset, 'r2'),
  mov('r0', action.unspecified),
  exit(),
]

/** As many letters as the kernel keeps of a program's name: 15. */
const nameOf = (classId: number): string => `weft_class_${minorOf(classId).toString(16).padStart(4, '0')}`

const place = { direction: 'egress', priority: 1, handle: 1 } as const

/** Has all that leaves an interface say the class, or another one than before. Rejects with NetlinkError, throws BpfError. */
export const sayClass = async (route: RouteSocket, index: number, classId: number): Promise<void> => {
  const program = loadProgram({ name: nameOf(classId), kind: 'tc', instructions: instructions(classId) })
  try {
    await attachFilter(route, program, { interfaceIndex: index, ...place })
  } finally {
    program.close()
  }
}

/** The class that an interface's frames say, of the filters at its egress; undefined: none. */
export const saidBy = (filters: readonly Filter[]): number | undefined => {
  const found = filters.find((filter) => filter.priority === place.priority && filter.handle === place.handle)
  const name = found?.options.kind === 'bpf' && found.options.directAction ? found.options.name : ''
  const match = /^weft_class_([0-9a-f]{4})$/.exec(name)
  return match === null ? undefined : handle(major, Number.parseInt(match[1] ?? '', 16))
}

/** What interfaces say, by index. Rejects with NetlinkError. */
export const readSaid = async (
  route: RouteSocket,
  indices: readonly number[],
): Promise<ReadonlyMap<number, number>> => {
  const said = await Promise.all(
    indices.map(async (index) => [index, saidBy(await route.filters({ index, parent: parent.egress }))] as const),
  )
  return new Map(said.flatMap(([index, classId]) => (classId === undefined ? [] : [[index, classId] as const])))
}
