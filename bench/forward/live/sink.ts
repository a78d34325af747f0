/** Counts packets and drops them, at the hook of traffic control or of XDP: what came is what was forwarded. */
import { atomicAdd, exit, ldMapValue, mov, type Program } from '../../../agent/ebpf/asm/asm.ts'
import { type BpfMap, createMap } from '../../../agent/ebpf/map.ts'
import { type BpfProgram, loadProgram } from '../../../agent/ebpf/program.ts'
import { droppedAs } from '../contenders.ts'
import type { Hook } from '../router.ts'

/** Counters lie in cache lines of their own. */
const lineBytes = 64

const counting = (hook: Hook, counter: number): Program => [
  ldMapValue('r1', 'counts', counter * lineBytes),
  mov('r0', 1),
  atomicAdd('u64', 'r1', 0, 'r0'),
  mov('r0', droppedAs[hook]),
  exit(),
]

export interface Sink {
  /** The program that counts in this counter. */
  readonly program: (hook: Hook, counter: number) => BpfProgram
  readonly counts: () => readonly number[]
  readonly close: () => void
}

export const openSink = (counters: number): Sink => {
  const valueBytes = counters * lineBytes
  const map: BpfMap = createMap({ name: 'counts', kind: 'array', keyBytes: 4, valueBytes, entries: 1, mappable: true })
  const memory = new BigUint64Array(map.memory())
  const programs = new Map<string, BpfProgram>()
  return {
    program: (hook, counter) => {
      const key = `${hook} ${counter}`
      const program =
        programs.get(key) ??
        loadProgram({ name: 'weft_sink', kind: hook, instructions: counting(hook, counter) }, { maps: { counts: map } })
      programs.set(key, program)
      return program
    },
    counts: () => Array.from({ length: counters }, (_, i) => Number(memory[(i * lineBytes) / 8] ?? 0n)),
    close: () => {
      for (const each of [...programs.values(), map]) each.close()
    },
  }
}
