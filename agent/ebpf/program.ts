/** Programs of the kernel's, as handles: `loadProgram` of a spec, whose instructions name maps that are given beside it. */
import { constants } from 'node:os'
import type { BpfDescriptor } from '../../native/bpf.ts'
import { writeU32 } from '../netlink/codec/byte-order.ts'
import { type Assembly, assemble, type Instruction, type Program } from './asm/asm.ts'
import { attribute } from './attribute.ts'
import { describeFunctions, functionInfoBytes } from './btf.ts'
import { BpfError } from './error.ts'
import { expectObject, readProgramInfo } from './info.ts'
import { command, openBpf, unlessAbsent } from './kernel.ts'
import type { BpfMap } from './map.ts'
import { gapInLog, VerifierError } from './verifier.ts'

/** enum bpf_prog_type: `tc` is BPF_PROG_TYPE_SCHED_CLS, of TCX and of cls_bpf alike. */
export const programTypes = { 'socket-filter': 1, tc: 3, xdp: 6 } as const

export type ProgramKind = keyof typeof programTypes

export interface ProgramSpec {
  /** Of its first 15 letters the kernel knows. */
  readonly name: string
  readonly kind: ProgramKind
  readonly instructions: Program
  /** `Apache-2.0` without it. Some helpers (fib_lookup, perf_event_output) are for programs under the GPL alone: `GPL`, `Dual MIT/GPL`. */
  readonly license?: string
  /** XDP: takes packets of several pages (BPF_F_XDP_HAS_FRAGS), for an MTU above about 3500 on veth. */
  readonly fragments?: boolean
}

export interface LoadOptions {
  /** The maps that the instructions name. */
  readonly maps?: Readonly<Record<string, Pick<BpfMap, 'descriptor'>>>
  /** Has the verifier write its log also where it accepts: 1 what it does, 2 with every state. Slower. */
  readonly logLevel?: 1 | 2
}

export interface BpfProgram {
  readonly name: string
  readonly kind: ProgramKind
  readonly descriptor: BpfDescriptor
  /** The kernel's number of it. */
  readonly id: number
  /** '' unless a log level was asked for. */
  readonly log: string
  /** How many instructions the verifier went through, over all paths; it gives up at a million. */
  readonly verifiedInstructions: number
  close(): void
}

/**
 * Throws VerifierError where the verifier refuses it, BpfError for other reasons (E2BIG: more than a million instructions, EPERM), and
 * AssemblyError or RangeError where the spec is wrong in itself.
 */
export const loadProgram = (spec: ProgramSpec, { maps = {}, logLevel }: LoadOptions = {}): BpfProgram => {
  const assembly = assemble(spec.instructions)
  const instructions = linkMaps(spec, assembly, maps)
  const types = loadTypes(spec, assembly)
  try {
    const { descriptor, log } = load({ spec, instructions, types, slots: assembly.slots, logLevel })
    return programOf(descriptor, spec.name, spec.kind, log)
  } finally {
    types?.descriptor.close()
  }
}

/** A program that was found (pinned, attached). Closes the descriptor where it cannot be used. */
export const adoptProgram = (descriptor: BpfDescriptor, subject: string): BpfProgram => {
  try {
    expectObject(descriptor, 'program', subject)
    const { type, name } = readProgramInfo(descriptor, subject)
    const kind = Object.entries(programTypes).find(([, number]) => number === type)?.[0]
    if (kind) return programOf(descriptor, name, kind as ProgramKind, '')
    throw new BpfError({
      errno: constants.errno.EINVAL,
      operation: 'program adopt',
      subject,
      explanation: `unknown kind ${type}`,
    })
  } catch (error) {
    descriptor.close()
    throw error
  }
}

/** A program by the kernel's number of it, for instance one that a link names; undefined where it is gone. */
export const programById = (id: number): BpfProgram | undefined => {
  const call = { attribute: attribute(12).u32(0, id), operation: 'program get', subject: `${id}` }
  const descriptor = unlessAbsent(() => openBpf(command.programById, call))
  return descriptor && adoptProgram(descriptor, `${id}`)
}

const programOf = (descriptor: BpfDescriptor, name: string, kind: ProgramKind, log: string): BpfProgram => {
  const { id, verifiedInstructions } = readProgramInfo(descriptor, name)
  return { name, kind, descriptor, id, log, verifiedInstructions, close: () => descriptor.close() }
}

const slotBytes = 8

/** The instructions with descriptors where maps are named. */
const linkMaps = (spec: ProgramSpec, assembly: Assembly, maps: NonNullable<LoadOptions['maps']>): Buffer => {
  const bytes = Buffer.from(assembly.bytes)
  for (const { slot, map } of assembly.maps) {
    const descriptor = maps[map]?.descriptor
    if (!descriptor) throw new RangeError(`the program ${spec.name} names a map '${map}' that is not given`)
    writeU32(bytes, descriptor.number, slot * slotBytes + 4)
  }
  return bytes
}

interface LoadedTypes {
  readonly descriptor: BpfDescriptor
  readonly functionInfo: Buffer
  readonly functionCount: number
}

const loadTypes = ({ name }: ProgramSpec, { functions }: Assembly): LoadedTypes | undefined => {
  if (functions.length < 2) return undefined
  const { btf, functionInfo } = describeFunctions(name, functions)
  // u64 btf, u64 btf_log_buf, u32 btf_size, btf_log_size, btf_log_level
  const layout = attribute(28).pointer(0, btf).u32(16, btf.length)
  const descriptor = openBpf(command.btfLoad, { attribute: layout, operation: 'types load', subject: name })
  return { descriptor, functionInfo, functionCount: functions.length }
}

interface Load {
  readonly spec: ProgramSpec
  readonly instructions: Buffer
  readonly types: LoadedTypes | undefined
  readonly slots: readonly (Instruction | undefined)[]
  readonly logLevel: 1 | 2 | undefined
}

/**
 * Sizes of logs, one tried after the other where the kernel says ENOSPC; before Linux 6.4 it takes no more than 2^24 - 1 bytes. A log that
 * is longer loses its beginning, before 6.4 its end, where the complaint stands.
 */
const logSizes = [1 << 20, (1 << 24) - 1] as const
/** A signal that is on its way makes the verifier give up with EAGAIN. */
const attempts = 5

const load = (wanted: Load): { readonly descriptor: BpfDescriptor; readonly log: string } => {
  const { spec, slots, logLevel } = wanted
  const plain = logLevel === undefined ? tryLoad(wanted, 0, undefined) : undefined
  if (plain !== undefined && !(plain instanceof BpfError)) return { descriptor: plain, log: '' }
  const { outcome, log } = loadWithLog(wanted)
  // A log that does not fit makes the call fail, whatever becomes of the program without one.
  const verdict = plain ?? (isTooLong(outcome) ? tryLoad(wanted, 0, undefined) : outcome)
  if (!(verdict instanceof BpfError)) return { descriptor: verdict, log }
  // Without the right to, or with more instructions than the kernel takes, there was nothing to verify.
  if (log.trim() === '') throw verdict
  throw new VerifierError({ errno: verdict.errno, subject: spec.name, log, slots, cause: verdict })
}

type Outcome = BpfDescriptor | BpfError

const isTooLong = (outcome: Outcome): boolean => outcome instanceof BpfError && outcome.code === 'ENOSPC'

const loadWithLog = (wanted: Load): { readonly outcome: Outcome; readonly log: string } => {
  let tried: { outcome: Outcome; log: string } | undefined
  for (const size of logSizes) {
    tried = tryWithLog(wanted, wanted.logLevel ?? 1, size)
    if (!isTooLong(tried.outcome) || isWholeAtTheEnd(tried.log)) return tried
  }
  if (tried === undefined) throw new RangeError('no size of a log to try')
  const { outcome: again, log: end } = tryWithLog(wanted, logComplaints, logSizes[0])
  if (!(again instanceof BpfError)) again.close()
  return { outcome: tried.outcome, log: `${tried.log}\n${gapInLog}\n${end}` }
}

const tryWithLog = (wanted: Load, level: number, size: number): { outcome: Outcome; log: string } => {
  const buffer = Buffer.alloc(size)
  const outcome = tryLoad(wanted, level, buffer)
  const end = buffer.indexOf(0)
  return { outcome, log: buffer.toString('latin1', 0, end < 0 ? size : end) }
}

/** What was lost is not where the complaint stands: the account of the work comes last. */
const isWholeAtTheEnd = (log: string): boolean => /(?:^|\n)processed \d+ insns .*\n(?:.*\n)?$/.test(log.slice(-1000))

/** BPF_LOG_STATS: complaints and the account of the work, without what was looked at: short, and whole at its end. */
const logComplaints = 4

const hasFragments = 1 << 5

const tryLoad = ({ spec, instructions, types }: Load, logLevel: number, log: Buffer | undefined): Outcome => {
  const layout = attribute(120)
    .u32(0, programTypes[spec.kind])
    .u32(4, instructions.length / slotBytes)
    .pointer(8, instructions)
    .pointer(16, Buffer.from(`${spec.license ?? 'Apache-2.0'}\0`))
    .u32(24, logLevel) // log_level
    .u32(28, log?.length ?? 0) // log_size
    .pointer(32, log) // log_buf
    .u32(44, spec.fragments ? hasFragments : 0) // prog_flags
    .name(48, spec.name) // prog_name
  if (types) {
    layout
      .descriptor(72, types.descriptor) // prog_btf_fd
      .u32(76, functionInfoBytes) // func_info_rec_size
      .pointer(80, types.functionInfo)
      .u32(88, types.functionCount)
  }
  for (let attempt = 1; ; attempt++) {
    try {
      return openBpf(command.programLoad, { attribute: layout, operation: 'program load', subject: spec.name })
    } catch (error) {
      if (!(error instanceof BpfError)) throw error
      if (error.code !== 'EAGAIN' || attempt === attempts) return error
    }
  }
}
