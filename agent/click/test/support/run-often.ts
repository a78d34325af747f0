/** A thread that runs a loaded program on a frame, over and over, and says when it is ready and when it is done. */
import { parentPort, workerData } from 'node:worker_threads'
import { programById } from '../../../ebpf/program.ts'
import { testRun } from '../../../ebpf/test-run.ts'

export interface RunOften {
  readonly programId: number
  readonly frames: readonly Uint8Array[]
  readonly count: number
  /** Runs without a system call between them, each on the frame as the last one left it. */
  readonly repeat?: number
  /** How many of `threads` have come to a step: each begins its next one, of `runs`, when all have, and this one up to `mostIdleNs` later. */
  readonly step?: {
    readonly shared: SharedArrayBuffer
    readonly threads: number
    readonly runs: number
    readonly mostIdleNs?: number
  }
}

const { programId, frames, count, repeat = 1, step } = workerData as RunOften
const arrived = new Int32Array(step?.shared ?? new SharedArrayBuffer(4))

const idle = (mostNs: number): void => {
  const until = performance.now() + (Math.random() * mostNs) / 1e6
  while (performance.now() < until);
}

/** Without a system call where the others are running too. */
const meet = (number: number, threads: number): void => {
  const wanted = (number + 1) * threads
  Atomics.add(arrived, 0, 1)
  Atomics.notify(arrived, 0)
  for (let tries = 0; ; tries++) {
    const now = Atomics.load(arrived, 0)
    if (now >= wanted) return
    if (tries > 1_000) Atomics.wait(arrived, 0, now, 1)
  }
}

const program = programById(programId)
if (!program) throw new Error(`no program ${programId}`)
parentPort?.postMessage('ready')
parentPort?.once('message', () => {
  for (let i = 0; i < count; i++) {
    if (step && i % step.runs === 0) {
      meet(i / step.runs, step.threads)
      if (step.mostIdleNs) idle(step.mostIdleNs)
    }
    const data = frames[i % frames.length]
    if (data) testRun(program, { data, repeat })
  }
  program.close()
  parentPort?.postMessage('done')
})
