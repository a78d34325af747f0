/** A thread that runs a loaded program on a frame, over and over, and says when it is ready and when it is done. */
import { parentPort, workerData } from 'node:worker_threads'
import { programById } from '../../../ebpf/program.ts'
import { testRun } from '../../../ebpf/test-run.ts'

export interface RunOften {
  readonly programId: number
  readonly frames: readonly Uint8Array[]
  readonly count: number
}

const { programId, frames, count } = workerData as RunOften
const program = programById(programId)
if (!program) throw new Error(`no program ${programId}`)
parentPort?.postMessage('ready')
parentPort?.once('message', () => {
  for (let i = 0; i < count; i++) {
    const data = frames[i % frames.length]
    if (data) testRun(program, { data })
  }
  program.close()
  parentPort?.postMessage('done')
})
