/**
 * Frames that an XDP program really sends (BPF_PROG_TEST_RUN with BPF_F_TEST_XDP_LIVE_FRAMES, Linux 5.18): each run has a frame of its own,
 * which goes where the program redirects it. Pages are used again with what was written into them, so the program writes whatever is to be as it
 * was at each run. A source of packets as fast as the kernel takes them.
 */
import { readU32 } from '../netlink/codec/byte-order.ts'
import { attribute } from './attribute.ts'
import { callBpf, command } from './kernel.ts'
import type { BpfProgram } from './program.ts'

export interface LiveFrames {
  /** From the Ethernet header, at most a page less about 700 bytes. */
  readonly data: Uint8Array
  readonly count: number
  /** How many are sent before the kernel looks after them, 64 without it, 256 at most. */
  readonly batch?: number
}

/** BPF_F_TEST_XDP_LIVE_FRAMES */
const liveFrames = 1 << 1

/**
 * Returns when the kernel has run the program `count` times: ns that a frame took, a whole number, of the time that it had the processor. A call
 * takes some 20 ms more. Throws BpfError: EINVAL before 5.18, EINTR at a signal.
 */
export const sendLiveFrames = (program: BpfProgram, { data, count, batch = 64 }: LiveFrames): number => {
  const layout = attribute(80)
    .descriptor(0, program.descriptor)
    .u32(8, data.length) // data_size_in
    .pointer(16, data)
    .u32(32, count) // repeat
    .u32(64, liveFrames)
    .u32(72, batch)
  callBpf(command.testRun, { attribute: layout, operation: 'program run', subject: program.name })
  return readU32(layout.bytes, 36)
}
