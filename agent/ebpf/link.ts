/**
 * Links: programs at interfaces, by TCX (Linux 6.6) or XDP. A link holds as long as a descriptor or a pin of it does; its program is
 * exchanged in place, without a packet in between that meets none.
 */
import { constants } from 'node:os'
import type { BpfDescriptor } from '../../native/bpf.ts'
import { readU32 } from '../netlink/codec/byte-order.ts'
import { attribute } from './attribute.ts'
import { BpfError } from './error.ts'
import { expectObject, type LinkInfo, readLinkInfo, readLinkInfoLater } from './info.ts'
import { type Call, callBpf, callBpfLater, command, openBpf, openBpfLater } from './kernel.ts'
import type { BpfProgram } from './program.ts'

/** enum bpf_attach_type */
const attachType = { xdp: 37, ingress: 46, egress: 47 } as const
/** enum bpf_link_type */
const linkType = { xdp: 6, tcx: 11 } as const
/** XDP_FLAGS_*, linux/if_link.h; which of them without one the driver decides. */
const xdpMode = { any: 0, generic: 1 << 1, native: 1 << 2 } as const

export type Direction = 'ingress' | 'egress'

export interface Place {
  readonly interfaceIndex: number
  /** Path of the network namespace that the interface is in; the process's own without it. */
  readonly namespace?: string | undefined
}

export interface BpfLink {
  readonly kind: 'tcx' | 'xdp'
  readonly descriptor: BpfDescriptor
  /** `programId` is that of now; `interfaceIndex` 0 once the interface is gone or the link detached. */
  info(): LinkInfo
  /** Puts another program in place; ESTALE or EPERM where `expected` is given and is not what is there. */
  update(program: BpfProgram, expected?: BpfProgram): void
  /** Takes the program off at once, also where the link is pinned. */
  detach(): void
  /** The same while the process goes on. */
  detachLater(): Promise<void>
  /** Lets go: detaches unless it is pinned; at once, or where it had been pinned a moment later (`detach` does not wait). */
  close(): void
}

/** Behind the programs that are there. Throws BpfError: EINVAL before 6.6, ENODEV where there is no such interface, EEXIST where the program is there already. */
export const attachTcx = (program: BpfProgram, place: Place, direction: Direction): BpfLink =>
  attach(tcxAt(program, place, direction))

/** Throws BpfError: EOPNOTSUPP where the driver has no native XDP, EBUSY where a program is attached otherwise, ENODEV. */
export const attachXdp = (program: BpfProgram, place: Place, mode: XdpMode = 'any'): BpfLink =>
  attach(xdpAt(program, place, mode))

/** As those, while the process goes on: the kernel waits for a grace period of RCU, some milliseconds. Reject as those throw. */
export const attachTcxLater = (program: BpfProgram, place: Place, direction: Direction): Promise<BpfLink> =>
  attachLater(tcxAt(program, place, direction))
export const attachXdpLater = (program: BpfProgram, place: Place, mode: XdpMode = 'any'): Promise<BpfLink> =>
  attachLater(xdpAt(program, place, mode))

type XdpMode = keyof typeof xdpMode

/** More programs than anybody attaches at one place. */
const mostPrograms = 64

/**
 * Ids of the programs at a place, whoever attached them, in their order; of the first 64. Rejects with BpfError: EINVAL before 6.6, ENODEV where there is
 * no such interface.
 */
export const attachedTcx = async (
  { interfaceIndex, namespace }: Place,
  direction: Direction,
): Promise<readonly number[]> => {
  const ids = Buffer.alloc(4 * mostPrograms)
  // u32 target_ifindex, attach_type, query_flags, attach_flags, u64 prog_ids, u32 count
  const layout = attribute(64)
    .u32(0, interfaceIndex)
    .u32(4, attachType[direction])
    .pointer(16, ids)
    .u32(24, mostPrograms)
  const subject = `interface ${interfaceIndex}`
  try {
    await callBpfLater(command.query, { attribute: layout, operation: 'tcx query', subject, namespace })
  } catch (error) {
    // The first of them are there.
    if (!(error instanceof BpfError) || error.code !== 'ENOSPC') throw error
  }
  const count = Math.min(readU32(layout.bytes, 24), mostPrograms)
  return Array.from({ length: count }, (_, position) => readU32(ids, 4 * position))
}

interface Attaching {
  readonly kind: BpfLink['kind']
  readonly call: Call
}

const tcxAt = (program: BpfProgram, place: Place, direction: Direction): Attaching =>
  attaching('tcx', program, place, attachType[direction], 0)

const xdpAt = (program: BpfProgram, place: Place, mode: XdpMode): Attaching =>
  attaching('xdp', program, place, attachType.xdp, xdpMode[mode])

const attaching = (
  kind: BpfLink['kind'],
  program: BpfProgram,
  { interfaceIndex, namespace }: Place,
  type: number,
  flags: number,
): Attaching => {
  // u32 prog_fd, target_ifindex, attach_type, flags; of TCX u32 relative, padding, u64 expected_revision
  const layout = attribute(32).descriptor(0, program.descriptor).u32(4, interfaceIndex).u32(8, type).u32(12, flags)
  const subject = `${program.name} at interface ${interfaceIndex}`
  return { kind, call: { attribute: layout, operation: `${kind} attach`, subject, namespace } }
}

const attach = ({ kind, call }: Attaching): BpfLink => linkOf(kind, openBpf(command.linkCreate, call), call.subject)

const attachLater = async ({ kind, call }: Attaching): Promise<BpfLink> =>
  linkOf(kind, await openBpfLater(command.linkCreate, call), call.subject)

/** A link that was found (pinned). Closes the descriptor where it is neither TCX nor XDP. */
export const adoptLink = (descriptor: BpfDescriptor, subject: string): BpfLink => {
  try {
    expectObject(descriptor, 'link', subject)
    return linkOf(kindOf(readLinkInfo(descriptor, subject), subject), descriptor, subject)
  } catch (error) {
    descriptor.close()
    throw error
  }
}

/** A link that was found, and what the kernel said of it then. */
export interface FoundLink {
  readonly link: BpfLink
  readonly info: LinkInfo
}

/** As adoptLink, while the process goes on. */
export const adoptLinkLater = async (descriptor: BpfDescriptor, subject: string): Promise<FoundLink> => {
  try {
    expectObject(descriptor, 'link', subject)
    const info = await readLinkInfoLater(descriptor, subject)
    return { link: linkOf(kindOf(info, subject), descriptor, subject), info }
  } catch (error) {
    descriptor.close()
    throw error
  }
}

const kindOf = ({ type }: LinkInfo, subject: string): BpfLink['kind'] => {
  if (type === linkType.tcx) return 'tcx'
  if (type === linkType.xdp) return 'xdp'
  throw new BpfError({
    errno: constants.errno.EINVAL,
    operation: 'link adopt',
    subject,
    explanation: `unknown kind ${type}`,
  })
}

/** BPF_F_REPLACE */
const replace = 1 << 2

const linkOf = (kind: BpfLink['kind'], descriptor: BpfDescriptor, subject: string): BpfLink => ({
  kind,
  descriptor,
  info: () => readLinkInfo(descriptor, subject),
  update: (program, expected) => {
    // u32 link_fd, new_prog_fd, flags, old_prog_fd
    const layout = attribute(16).descriptor(0, descriptor).descriptor(4, program.descriptor)
    if (expected) layout.u32(8, replace).descriptor(12, expected.descriptor)
    callBpf(command.linkUpdate, { attribute: layout, operation: `${kind} update`, subject })
  },
  detach: () => void callBpf(command.linkDetach, detaching(kind, descriptor, subject)),
  detachLater: async () => void (await callBpfLater(command.linkDetach, detaching(kind, descriptor, subject))),
  close: () => descriptor.close(),
})

const detaching = (kind: BpfLink['kind'], descriptor: BpfDescriptor, subject: string): Call => ({
  attribute: attribute(4).descriptor(0, descriptor),
  operation: `${kind} detach`,
  subject,
})
