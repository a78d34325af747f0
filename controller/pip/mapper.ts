/**
 * Mapping beside the event loop: a worker thread searches, while the PIP goes on hearing its hosts and answering. Decisions stay one after the
 * other (decisions.ts), so there is one mapping at a time.
 */
import { Worker } from 'node:worker_threads'
import { fromWireError, WeftError, type WireError } from '../../proto/errors.ts'
import type { VNetRequest } from '../../proto/generated/weft.v1.ts'
import type { Log } from '../log.ts'
import { mapOn } from '../mapping/map-on.ts'
import type { Embedding, Picture, SubstrateGraph } from '../mapping/mapping.ts'
import type { Standing } from '../mapping/standing.ts'

export interface Mapper {
  /** As mapOn: rejects with admission.never-fits or admission.not-now. */
  map(picture: Picture, standing: Standing | undefined, part: VNetRequest): Promise<Embedding>
  /** Idempotent; what is under way rejects. */
  close(): Promise<void>
}

/** In this process, at once. */
export const directMapper: Mapper = {
  map: async (picture, standing, part) => mapOn(picture, standing, part),
  close: async () => {},
}

/** What the worker is told. */
export interface MapTask {
  readonly id: number
  /** Missing: that of the task before. */
  readonly graph?: SubstrateGraph
  readonly picture: Omit<Picture, 'graph'>
  readonly standing: Standing | undefined
  readonly part: VNetRequest
}

/** What it answers. */
export type MapAnswer =
  | { readonly id: number; readonly embedding: Embedding }
  | { readonly id: number; readonly error: WireError }

const workerFile = new URL(
  import.meta.url.endsWith('.ts') ? './mapping-worker.ts' : './mapping-worker.js',
  import.meta.url,
)

interface Pending {
  readonly settle: (answer: MapAnswer) => void
  readonly fail: (error: Error) => void
}

interface Running {
  readonly worker: Worker
  readonly pending: Map<number, Pending>
  /** The graph that it has. */
  graph: SubstrateGraph | undefined
}

/** Where the thread ends by itself, what it had to do is done in this process, which the log says; the next mapping has a new one. */
export const startMapper = (log: Log, file: URL = workerFile): Mapper => {
  let running: Running | undefined
  let closed = false
  let tasks = 0

  const start = (): Running => {
    const worker = new Worker(file)
    // It keeps the process only while somebody waits for it.
    worker.unref()
    const one: Running = { worker, pending: new Map(), graph: undefined }
    const fail = (error: Error): void => {
      if (running === one) running = undefined
      for (const { fail: tell } of one.pending.values()) tell(error)
      one.pending.clear()
    }
    worker.on('message', (answer: MapAnswer) => {
      one.pending.get(answer.id)?.settle(answer)
      one.pending.delete(answer.id)
      if (one.pending.size === 0) worker.unref()
    })
    worker.on('error', fail)
    worker.on('exit', (status) => fail(new Error(`it ended with status ${status}`)))
    running = one
    return one
  }

  const ask = ({ graph, ...picture }: Picture, standing: Standing | undefined, part: VNetRequest) => {
    const one = running ?? start()
    const id = tasks++
    return new Promise<MapAnswer>((settle, fail) => {
      one.pending.set(id, { settle, fail })
      one.worker.ref()
      const task: MapTask = {
        id,
        ...(one.graph === graph ? {} : { graph }),
        picture,
        // Of a stored version, which has more.
        standing: standing && { part: standing.part, embedding: standing.embedding },
        part,
      }
      one.worker.postMessage(task)
      one.graph = graph
    })
  }

  start()
  return {
    map: async (picture, standing, part) => {
      if (closed) throw new WeftError('call.unreachable', 'the PIP is ending')
      let answer: MapAnswer
      try {
        answer = await ask(picture, standing, part)
      } catch (error) {
        if (closed) throw new WeftError('call.unreachable', 'the PIP is ending')
        log.warn({ vnet: part.name, err: error }, 'the thread that maps ended: mapped in the main one')
        return mapOn(picture, standing, part)
      }
      if ('error' in answer) throw fromWireError(answer.error)
      return answer.embedding
    },
    close: async () => {
      closed = true
      await running?.worker.terminate()
    },
  }
}
