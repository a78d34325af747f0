/** One thread that maps: what it is asked is answered in that order, and it is told of each substrate once. */
import { Worker } from 'node:worker_threads'
import { fromWireError } from '../../proto/errors.ts'
import type { Picture, SubstrateGraph } from '../mapping/mapping.ts'
import { type Answer, type Asked, mostPictures, type PictureTask, type Result, type Task } from './task.ts'
import { changeOf, type Kept, nothingKept, putChange } from './usage-change.ts'

export interface Thread {
  /** Idempotent. */
  start(): void
  /** Rejects with what the answer says (a WeftError), or with Ended. */
  ask(picture: Picture, asked: Asked): Promise<Result>
  /** Idempotent; what is under way rejects. */
  close(): Promise<void>
}

/** The thread ended by itself, or was closed. */
export class Ended extends Error {}

interface Pending {
  readonly settle: (answer: Answer) => void
  readonly fail: (error: Error) => void
}

interface Running {
  readonly worker: Worker
  readonly pending: Map<number, Pending>
  /** What it has, those asked about last at the end. */
  readonly told: Map<SubstrateGraph, { readonly substrate: number; readonly usage: Kept }>
}

/** Started when it is first needed, if not before, and anew after it ended. */
export const createThread = (file: URL): Thread => {
  let running: Running | undefined
  let tasks = 0
  let substrates = 0

  const begin = (): Running => {
    const worker = new Worker(file)
    // It keeps the process only while somebody waits for it.
    worker.unref()
    const one: Running = { worker, pending: new Map(), told: new Map() }
    const fail = (error: Error): void => {
      if (running === one) running = undefined
      for (const { fail: tell } of one.pending.values()) tell(error)
      one.pending.clear()
    }
    worker.on('message', (answer: Answer) => {
      one.pending.get(answer.id)?.settle(answer)
      one.pending.delete(answer.id)
      if (one.pending.size === 0) worker.unref()
    })
    worker.on('error', (cause) => fail(new Ended('it failed', { cause })))
    worker.on('exit', (status) => fail(new Ended(`it ended with status ${status}`)))
    running = one
    return one
  }

  const pictureTask = ({ told }: Running, { graph, usage, excluded }: Picture): PictureTask => {
    const known = told.get(graph)
    const kept = known ?? { substrate: substrates++, usage: nothingKept() }
    told.delete(graph)
    told.set(graph, kept)
    const forget: number[] = []
    for (const [old, { substrate }] of told) {
      if (told.size <= mostPictures) break
      told.delete(old)
      forget.push(substrate)
    }
    const change = changeOf(kept.usage, usage)
    putChange(kept.usage, change)
    return { substrate: kept.substrate, ...(known ? {} : { graph }), forget, change, excluded }
  }

  return {
    start: () => {
      running ??= begin()
    },
    ask: async (picture, asked) => {
      const one = running ?? begin()
      const id = tasks++
      const answer = await new Promise<Answer>((settle, fail) => {
        one.pending.set(id, { settle, fail })
        one.worker.ref()
        const task: Task = { id, picture: pictureTask(one, picture), asked }
        one.worker.postMessage(task)
      })
      if ('error' in answer) throw fromWireError(answer.error)
      return answer.result
    },
    close: async () => {
      await running?.worker.terminate()
    },
  }
}
