/** Frames through a configuration in the kernel, one after the other. */
import { runOnPackets } from '../../run/run.ts'
import { graphOf } from './compare.ts'

export interface FramesRun {
  /** What left by a device, in order: without its first 14 bytes. */
  readonly packets: (device: string) => readonly Buffer[]
  readonly frames: (device: string) => readonly Buffer[]
  readonly handler: (name: string) => string | undefined
}

/** They come in at the device `in`. */
export const runFrames = async (
  text: string,
  frames: readonly Uint8Array[],
  handlers: readonly string[] = [],
): Promise<FramesRun> => {
  const packets = frames.map((bytes, i) => ({ timestampNs: BigInt(i), bytes, originalBytes: bytes.length }))
  const run = await runOnPackets(graphOf(text), [{ device: 'in', packets }], handlers)
  const framesOf = (device: string): readonly Buffer[] =>
    (run.outputs.get(device) ?? []).map(({ bytes }) => Buffer.from(bytes))
  return {
    frames: framesOf,
    packets: (device) => framesOf(device).map((frame) => frame.subarray(14)),
    handler: (name) => run.handlers.get(name),
  }
}
