/**
 * A copy of something that the kernel has, kept up to date by what it announces: a reading costs what has changed since the one before. As with
 * interfaces (link/table.ts) announcements come to the socket that asks, in order: once any question is answered, all that was announced before it has
 * been heard, and the copy is what a dump would be.
 */
import { constants } from 'node:os'
import { share } from '../../share.ts'
import type { Message } from '../codec/message.ts'
import { getLink } from '../link/requests.ts'
import { routeProtocol } from '../route.ts'
import { openConnection } from './connection.ts'
import { NetlinkError } from './error.ts'
import type { Request } from './request.ts'

/** A dump that is asked for beside, where more was announced than can be followed. */
export interface Question {
  readonly request: Request
  /** Errors (codes) that mean that there is nothing. */
  readonly unless: readonly string[]
  take(answer: readonly Message[]): void
}

export interface Copy<T> {
  /** What is announced, and what dumps answer, in the order in which the kernel said it. */
  hear(message: Message): void
  /** Asked once all is heard, in each reading. What is announced meanwhile may make it ask again the next time. */
  questions(): readonly Question[]
  /** As it is now, for ever. */
  moment(): T
}

export interface CopyOptions<T> {
  readonly namespace?: string | undefined
  /** Multicast groups that announce what it holds. */
  readonly groups: readonly number[]
  /** What tells all of it. */
  readonly dumps: readonly Request[]
  /** One that holds nothing yet. */
  readonly begin: () => Copy<T>
}

export interface KeptCopy<T> {
  /** As it is at a moment after the call. Thorough: all is read anew. Rejects with NetlinkError. */
  read(options?: { readonly thorough?: boolean | undefined }): Promise<T>
  /** Idempotent. */
  close(): void
  readonly closed: boolean
}

/** The loopback is in every namespace and is the first there: a question that always has an answer. */
const loopback = 1
/** Of readings during which announcements were lost. */
const attempts = 10

/** Throws NetlinkError (ENOENT: no such namespace), or ERR_ADDON_UNAVAILABLE. */
export const keepCopy = <T>({ namespace, groups, dumps, begin }: CopyOptions<T>): KeptCopy<T> => {
  let copy = begin()
  /** One that a dump is filling. */
  let next: Copy<T> | undefined
  let isWhole = false

  const connection = openConnection(routeProtocol, {
    namespace,
    groups,
    onMessage: (message) => {
      copy.hear(message)
      next?.hear(message)
    },
    onLost: () => {
      isWhole = false
    },
  })

  const readAll = async (): Promise<void> => {
    isWhole = true
    const filled = begin()
    next = filled
    try {
      for (const dump of dumps) await connection.dump(dump)
      copy = filled
    } catch (error) {
      isWhole = false
      throw error
    } finally {
      next = undefined
    }
  }

  const ask = async ({ request, unless, take }: Question): Promise<void> => {
    try {
      take(await connection.dump(request))
    } catch (error) {
      if (!(error instanceof NetlinkError) || !unless.includes(error.code)) throw error
      take([])
    }
  }

  const read = async (): Promise<T> => {
    for (let attempt = 1; ; attempt++) {
      try {
        await (isWhole ? connection.request(getLink(loopback)) : readAll())
        for (const question of copy.questions()) await ask(question)
      } catch (error) {
        // What was not answered is not known.
        isWhole = false
        const isLost = error instanceof NetlinkError && error.code === 'ENOBUFS'
        if (!isLost || attempt === attempts) throw error
      }
      if (isWhole) return copy.moment()
      if (attempt < attempts) continue
      const lost = { errno: constants.errno.ENOBUFS, operation: 'show', subject: '' }
      throw new NetlinkError({ ...lost, cause: new Error('more was announced than could be read') })
    }
  }

  const shared = share(read)
  return {
    read: ({ thorough = false } = {}) => {
      if (thorough) isWhole = false
      return shared()
    },
    close: () => connection.close(),
    get closed() {
      return connection.closed
    },
  }
}
