/** Compiles routers with own Click in a thread beside, before this one does: what is too dear, or does not compile, never gets this far. */
import { once } from 'node:events'
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { fromWireError, WeftError } from '../../../../proto/errors.ts'
import { serial } from '../../../state/serial.ts'
import type { RouterConfiguration } from '../operation.ts'
import { excessOf, ownBudget } from './budget.ts'
import type { Answer } from './worker.ts'

export interface Admission {
  /** Throws config.invalid or not-supported, with the operator's line as `where` where there is one. */
  admit(router: RouterConfiguration): Promise<void>
  /** Ends the thread. */
  close(): Promise<void>
}

export interface AdmissionOptions {
  readonly compileMs?: number
  /** How long the thread is kept for more. */
  readonly idleMs?: number
}

/** Megabytes that the thread's objects may take. */
const memoryMegabytes = 256
/** For the thread to load what it needs, on a machine that is busy. */
const startMs = 60_000

export const ownAdmission = ({ compileMs = ownBudget.compileMs, idleMs = 2000 }: AdmissionOptions = {}): Admission => {
  const inOrder = serial()
  let thread: Promise<Worker> | undefined
  let idle: NodeJS.Timeout | undefined

  const end = async (): Promise<void> => {
    clearTimeout(idle)
    const ending = thread
    thread = undefined
    await ending?.then((worker) => worker.terminate()).catch(() => undefined)
  }

  const ask = async (router: RouterConfiguration): Promise<Answer> => {
    clearTimeout(idle)
    try {
      thread ??= startThread()
      const worker = await thread
      worker.ref()
      const answered = once(worker, 'message', { signal: AbortSignal.timeout(compileMs) })
      worker.postMessage({ file: router.file, text: router.text } satisfies RouterConfiguration)
      const [answer] = (await answered) as [Answer]
      worker.unref()
      idle = setTimeout(() => void end(), idleMs).unref()
      return answer
    } catch (error) {
      await end()
      const { name, code } = error as NodeJS.ErrnoException
      if (name === 'AbortError') throw tooDear(`it takes longer than ${compileMs} ms to compile`)
      if (code === 'ERR_WORKER_OUT_OF_MEMORY') throw tooDear(`it takes more than ${memoryMegabytes} MB to compile`)
      throw error
    }
  }

  return {
    admit: (router) =>
      inOrder(async () => {
        const answer = await ask(router)
        if ('error' in answer) throw fromWireError(answer.error)
        const excess = excessOf(answer.cost)
        if (excess !== undefined) throw tooDear(excess)
      }),
    close: () => inOrder(end),
  }
}

const tooDear = (what: string): WeftError =>
  new WeftError('config.invalid', `own Click is too dear: ${what}`, { hint: 'fewer rules, elements or branches' })

/** Its files are TypeScript in the working tree, JavaScript in a package. */
const startThread = async (): Promise<Worker> => {
  const file = new URL(`./worker${extname(import.meta.url)}`, import.meta.url)
  const worker = new Worker(file, { resourceLimits: { maxOldGenerationSizeMb: memoryMegabytes } })
  try {
    await once(worker, 'message', { signal: AbortSignal.timeout(startMs) })
    return worker
  } catch (cause) {
    await worker.terminate()
    throw new WeftError('internal', 'the thread that compiles own Click does not start', { cause })
  }
}
