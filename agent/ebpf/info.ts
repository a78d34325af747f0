/** What the kernel says of an object (BPF_OBJ_GET_INFO_BY_FD), for those that were found rather than made. */
import { readlinkSync } from 'node:fs'
import { constants } from 'node:os'
import type { BpfDescriptor } from '../../native/bpf.ts'
import { readU32 } from '../netlink/codec/byte-order.ts'
import { attribute } from './attribute.ts'
import { BpfError } from './error.ts'
import { type Call, callBpf, callBpfLater, command } from './kernel.ts'

/** Room for the largest of the structures, of kernels to come too: the kernel fills in what fits. */
const infoBytes = 512

/** The structure as the kernel has it, zeros where it is shorter. Throws BpfError. */
export const readInfo = (descriptor: BpfDescriptor, subject: string): Buffer => {
  const { info, call } = queryOf(descriptor, subject)
  callBpf(command.info, call)
  return info
}

const queryOf = (descriptor: BpfDescriptor, subject: string): { readonly info: Buffer; readonly call: Call } => {
  const info = Buffer.alloc(infoBytes)
  // u32 bpf_fd, u32 info_len, u64 info
  const query = attribute(16).descriptor(0, descriptor).u32(4, infoBytes).pointer(8, info)
  return { info, call: { attribute: query, operation: 'info', subject } }
}

/** `anon_inode:bpf-map`, `anon_inode:bpf-prog`, `anon_inode:bpf_link` or `bpf-link`. */
const objectNames = { map: /bpf-map$/, program: /bpf-prog$/, link: /bpf[-_]link$/ } as const

/**
 * Refuses a descriptor that is of another object: the structures of their info look alike, and a link would pass for a map.
 * Throws BpfError with EINVAL.
 */
export const expectObject = (descriptor: BpfDescriptor, object: keyof typeof objectNames, subject: string): void => {
  const name = readlinkSync(`/proc/self/fd/${descriptor.number}`)
  if (objectNames[object].test(name)) return
  throw new BpfError({
    errno: constants.errno.EINVAL,
    operation: `${object} adopt`,
    subject,
    explanation: `it is ${name}`,
  })
}

const text = (info: Buffer, at: number): string => {
  const bytes = info.subarray(at, at + 16)
  const end = bytes.indexOf(0)
  return bytes.toString('latin1', 0, end < 0 ? bytes.length : end)
}

/** struct bpf_map_info */
export interface MapInfo {
  readonly type: number
  readonly id: number
  readonly keyBytes: number
  readonly valueBytes: number
  readonly entries: number
  readonly flags: number
  readonly name: string
}

export const readMapInfo = (descriptor: BpfDescriptor, subject: string): MapInfo => {
  const info = readInfo(descriptor, subject)
  return {
    type: readU32(info, 0),
    id: readU32(info, 4),
    keyBytes: readU32(info, 8),
    valueBytes: readU32(info, 12),
    entries: readU32(info, 16),
    flags: readU32(info, 20),
    name: text(info, 24),
  }
}

/** struct bpf_prog_info */
export interface ProgramInfo {
  readonly type: number
  readonly id: number
  readonly name: string
  /** Machine code, all functions. */
  readonly jitedBytes: number
  /** Instructions that the verifier went through, over all paths. */
  readonly verifiedInstructions: number
}

export const readProgramInfo = (descriptor: BpfDescriptor, subject: string): ProgramInfo => {
  const info = readInfo(descriptor, subject)
  return {
    type: readU32(info, 0),
    id: readU32(info, 4),
    jitedBytes: readU32(info, 16),
    name: text(info, 64),
    verifiedInstructions: readU32(info, 216),
  }
}

/** struct bpf_link_info, of links to interfaces. */
export interface LinkInfo {
  readonly type: number
  readonly id: number
  readonly programId: number
  /** 0: the interface is gone, or the link was detached. */
  readonly interfaceIndex: number
  /** TCX alone. */
  readonly attachType: number
}

export const readLinkInfo = (descriptor: BpfDescriptor, subject: string): LinkInfo =>
  linkInfoOf(readInfo(descriptor, subject))

/** Of a link the kernel tells only once it has its lock on interfaces: the process goes on meanwhile. */
export const readLinkInfoLater = async (descriptor: BpfDescriptor, subject: string): Promise<LinkInfo> => {
  const { info, call } = queryOf(descriptor, subject)
  await callBpfLater(command.info, call)
  return linkInfoOf(info)
}

const linkInfoOf = (info: Buffer): LinkInfo => ({
  type: readU32(info, 0),
  id: readU32(info, 4),
  programId: readU32(info, 8),
  interfaceIndex: readU32(info, 16),
  attachType: readU32(info, 20),
})
