/** Runs a program on a packet of the caller's (BPF_PROG_TEST_RUN): nothing is sent, a redirect is only returned. */
import { readS32, readU32, readU64, writeU32, writeU64 } from '../netlink/codec/byte-order.ts'
import { attribute } from './attribute.ts'
import { callBpf, command } from './kernel.ts'
import type { BpfProgram } from './program.ts'

/** The part of struct __sk_buff that a run of a `tc` program takes and gives; the rest is 0. */
export interface SkbContext {
  readonly mark: number
  readonly priority: number
  readonly ingressInterfaceIndex: number
  /** Where the packet is; 1, the loopback of the namespace, where it is 0. */
  readonly interfaceIndex: number
  /** cb[0] to cb[4] */
  readonly control: readonly number[]
  readonly timestampNs: bigint
  readonly segmentBytes: number
  readonly segmentCount: number
}

export interface TestRun {
  /** The frame, from the Ethernet header: at least 14 bytes. */
  readonly data: Uint8Array
  /** Of `tc` programs alone. */
  readonly context?: Partial<SkbContext>
  /** How often, on the data as the last run left it where the program changes it; once without it. */
  readonly repeat?: number
  /** Path of the network namespace whose interfaces indexes are of. */
  readonly namespace?: string
}

export interface TestResult {
  /** What the program returned: TC_ACT_*, XDP_*. */
  readonly result: number
  readonly data: Buffer
  /** Of `tc` programs. */
  readonly context: SkbContext | undefined
  /** Of one run, the mean of all. */
  readonly durationNs: number
}

/** struct __sk_buff, linux/bpf.h. */
const skbBytes = 192
const skb = {
  mark: 8,
  priority: 32,
  ingress: 36,
  index: 40,
  control: 48,
  timestamp: 152,
  segmentCount: 164,
  segmentBytes: 176,
}
const controlLength = 5
/** What a program may put before the frame or behind it. */
const roomBytes = 4096

export const encodeSkb = (context: Partial<SkbContext>): Buffer => {
  const bytes = Buffer.alloc(skbBytes)
  writeU32(bytes, context.mark ?? 0, skb.mark)
  writeU32(bytes, context.priority ?? 0, skb.priority)
  writeU32(bytes, context.ingressInterfaceIndex ?? 0, skb.ingress)
  writeU32(bytes, context.interfaceIndex ?? 0, skb.index)
  context.control?.slice(0, controlLength).forEach((word, index) => {
    writeU32(bytes, word, skb.control + index * 4)
  })
  writeU64(bytes, context.timestampNs ?? 0n, skb.timestamp)
  writeU32(bytes, context.segmentCount ?? 0, skb.segmentCount)
  writeU32(bytes, context.segmentBytes ?? 0, skb.segmentBytes)
  return bytes
}

export const decodeSkb = (bytes: Buffer): SkbContext => ({
  mark: readU32(bytes, skb.mark),
  priority: readU32(bytes, skb.priority),
  ingressInterfaceIndex: readU32(bytes, skb.ingress),
  interfaceIndex: readU32(bytes, skb.index),
  control: Array.from({ length: controlLength }, (_, index) => readU32(bytes, skb.control + index * 4)),
  timestampNs: readU64(bytes, skb.timestamp),
  segmentBytes: readU32(bytes, skb.segmentBytes),
  segmentCount: readU32(bytes, skb.segmentCount),
})

/** Throws BpfError: EINVAL for a frame that is too short or too long for the kind. */
export const testRun = (program: BpfProgram, { data, context, repeat = 1, namespace }: TestRun): TestResult => {
  const out = Buffer.alloc(data.length + roomBytes)
  const takesContext = program.kind !== 'xdp'
  const contextIn = takesContext ? encodeSkb(context ?? {}) : undefined
  const contextOut = takesContext ? Buffer.alloc(skbBytes) : undefined
  const layout = attribute(80)
    .descriptor(0, program.descriptor)
    .u32(8, data.length) // data_size_in
    .u32(12, out.length) // data_size_out
    .pointer(16, data)
    .pointer(24, out)
    .u32(32, repeat)
    .u32(40, contextIn?.length ?? 0) // ctx_size_in
    .u32(44, contextOut?.length ?? 0) // ctx_size_out
    .pointer(48, contextIn)
    .pointer(56, contextOut)
  callBpf(command.testRun, { attribute: layout, operation: 'program run', subject: program.name, namespace })
  return {
    result: readS32(layout.bytes, 4),
    data: out.subarray(0, readU32(layout.bytes, 12)),
    context: contextOut && decodeSkb(contextOut),
    durationNs: readU32(layout.bytes, 36),
  }
}
