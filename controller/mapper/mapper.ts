/**
 * Mapping beside the event loop: threads search, while a role goes on hearing and answering. Decisions have one, which maps one thing at a
 * time as they are made; explanations, which map hundreds of times, have another, so that no decision waits for them.
 */
import { WeftError } from '../../proto/errors.ts'
import type { Explanation, VNetRequest } from '../../proto/generated/weft.v1.ts'
import type { Log } from '../log.ts'
import type { Embedding, Picture } from '../mapping/mapping.ts'
import type { Standing } from '../mapping/standing.ts'
import type { Asked, ExplainAsked, Result } from './task.ts'
import { createThread, Ended, type Thread } from './thread.ts'
import { answerTo } from './work.ts'

export interface Mapper {
  /** As mapOn: rejects with admission.never-fits or admission.not-now. */
  map(picture: Picture, standing: Standing | undefined, part: VNetRequest): Promise<Embedding>
  /** Why a VNet is where it is, or could be nowhere. */
  explain(picture: Picture, asked: Omit<ExplainAsked, 'kind'>): Promise<Explanation>
  /** Idempotent; what is under way rejects. */
  close(): Promise<void>
}

type Answering = (picture: Picture, asked: Asked) => Promise<Result>

/** Of a stored version, which has more. */
const lean = ({ part, embedding }: Standing): Standing => ({ part, embedding })

const mapperBy = (deciding: Answering, explaining: Answering, close: Mapper['close']): Mapper => ({
  map: async (picture, standing, part) =>
    (await deciding(picture, { kind: 'map', standing: standing && lean(standing), part })) as Embedding,
  explain: async (picture, { of, ...asked }) => {
    const about = 'standing' in of ? { standing: lean(of.standing) } : of
    return (await explaining(picture, { kind: 'explain', ...asked, of: about })) as Explanation
  },
  close,
})

const here: Answering = async (picture, asked) => answerTo(picture, asked)

/** In this process, at once. */
export const directMapper: Mapper = mapperBy(here, here, async () => {})

const workerFile = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url)

export interface MapperOptions {
  /** What the threads run. */
  readonly file?: URL
  /** The thread of decisions is started at once, and not for the first of them. */
  readonly atOnce?: boolean
}

/** Where a thread ends by itself, what it had to do is done in this process, which the log says; the next question has a new one. */
export const startMapper = (log: Log, { file = workerFile, atOnce = false }: MapperOptions = {}): Mapper => {
  const threads: Thread[] = []
  let closed = false
  const answering = (): Answering => {
    const thread = createThread(file)
    if (atOnce && threads.length === 0) thread.start()
    threads.push(thread)
    return async (picture, asked) => {
      if (closed) throw new WeftError('call.unreachable', 'the role is ending')
      try {
        return await thread.ask(picture, asked)
      } catch (error) {
        if (!(error instanceof Ended)) throw error
        if (closed) throw new WeftError('call.unreachable', 'the role is ending')
        log.warn({ kind: asked.kind, err: error }, 'the thread that maps ended: mapped in the main one')
        return answerTo(picture, asked)
      }
    }
  }
  return mapperBy(answering(), answering(), async () => {
    closed = true
    await Promise.all(threads.map((thread) => thread.close()))
  })
}
