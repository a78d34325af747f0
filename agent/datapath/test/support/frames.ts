/** Frames of any kind, as a guest sends them by its interface. */
import { call, exit, mov } from '../../../ebpf/asm/asm.ts'
import { loadProgram } from '../../../ebpf/program.ts'
import { testRun } from '../../../ebpf/test-run.ts'
import { parseMac } from '../../../netlink/codec/address.ts'
import { openRoute } from '../../../netlink/route.ts'
import type { Namespace } from './world.ts'

/** Ethernet: destination, source, what follows them; filled up to the least length. */
export const frame = (to: string, from: string, ...rest: readonly number[]): Buffer => {
  const bytes = Buffer.concat([parseMac(to), parseMac(from), Buffer.from(rest)])
  return Buffer.concat([bytes, Buffer.alloc(Math.max(0, 60 - bytes.length))])
}

/** Out of an interface, that of a guest without a name, `count` times each. */
export const sendFrames = async (
  from: Namespace,
  frames: readonly Buffer[],
  count = 1,
  name = 'eth0',
): Promise<void> => {
  const route = openRoute({ namespace: from.path })
  const index = (await route.link(name))?.index ?? 0
  route.close()
  const instructions = [mov('r2', index), mov('r3', 0), call('cloneRedirect'), exit()]
  const program = loadProgram({ name: 'weft_frames', kind: 'tc', instructions })
  try {
    for (const data of frames) testRun(program, { data, repeat: count, namespace: from.path })
  } finally {
    program.close()
  }
}

/** Frames that eth0 of a guest has received. */
export const receivedFrames = async (at: Namespace): Promise<number> => {
  const route = openRoute({ namespace: at.path })
  try {
    const eth0 = (await route.links({ counters: true })).find(({ name }) => name === 'eth0')
    return eth0?.counters?.receivePackets ?? 0
  } finally {
    route.close()
  }
}
