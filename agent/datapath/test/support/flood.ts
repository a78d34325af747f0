/** Floods of frames by eBPF, at a rate: a process each would be more than the machine carries where there are many. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Test } from 'tap'
import { call, exit, mov } from '../../../ebpf/asm/asm.ts'
import { loadProgram } from '../../../ebpf/program.ts'
import { testRun } from '../../../ebpf/test-run.ts'
import { openRoute } from '../../../netlink/route.ts'
import { frame } from './frames.ts'
import type { Namespace } from './world.ts'

/** Interfaces of a namespace by name: index, and frames received and sent. */
export const interfaces = async (at: Namespace) => {
  const route = openRoute({ namespace: at.path })
  try {
    const links = await route.links({ counters: true })
    return new Map(
      links.map(({ name, index, counters }) => [
        name,
        { index, received: counters?.receivePackets ?? 0, sent: counters?.transmitPackets ?? 0 },
      ]),
    )
  } finally {
    route.close()
  }
}

/** A frame of so many bytes, of the Ethernet type that is for experiments (IEEE 802). */
export const testFrame = (from: string, bytes: number): Buffer => {
  const least = frame('02:ff:00:00:00:01', from, 0x88, 0xb5)
  return Buffer.concat([least, Buffer.alloc(Math.max(0, bytes - least.length))])
}

/** What leaves one interface. */
export interface Flood {
  readonly name: string
  readonly data: Buffer
  readonly framesPerSecond: number
}

/** What a busy machine is late with beyond this is not made up for. */
const mostAtOnce = 512

/** Sends until it is ended, or the test is. */
export const flood = async (t: Test, from: Namespace, floods: readonly Flood[]): Promise<() => Promise<void>> => {
  const known = await interfaces(from)
  const sources = floods.map(({ name, data, framesPerSecond }) => {
    const index = known.get(name)?.index ?? 0
    const instructions = [mov('r2', index), mov('r3', 0), call('cloneRedirect'), exit()]
    return { program: loadProgram({ name: 'weft_frames', kind: 'tc', instructions }), data, framesPerSecond, done: 0 }
  })
  const start = performance.now()
  let running = true
  const work = (async () => {
    while (running) {
      const seconds = (performance.now() - start) / 1000
      for (const source of sources) {
        const due = Math.floor(seconds * source.framesPerSecond) - source.done
        source.done += due
        const repeat = Math.min(due, mostAtOnce)
        if (repeat > 0) testRun(source.program, { data: source.data, repeat, namespace: from.path })
      }
      await delay(10)
    }
  })()
  const end = async () => {
    running = false
    await work
    for (const { program } of sources.splice(0)) program.close()
  }
  t.teardown(end)
  return end
}
