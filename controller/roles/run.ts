/** What the three roles share as processes: a store, an epoch, a local socket, an end. */

import { WeftError } from '../../proto/errors.ts'
import type { ApiReply, ApiRequest } from '../../proto/generated/weft.v1.ts'
import { serveLocal } from '../../proto/local.ts'
import type { Log } from '../log.ts'
import { openStore } from '../store/open.ts'
import type { Store } from '../store/store.ts'
import { claimEpoch, fencedStore } from './epoch.ts'

/** A role at work. */
export interface Role {
  /** Its own operator's calls. */
  answerLocal(request: ApiRequest, client: string): Promise<ApiReply>
  stream(request: ApiRequest, emit: (reply: ApiReply) => void, signal: AbortSignal): Promise<boolean>
  /** Says farewell to its brokers and ends its timers. Idempotent. */
  close(): Promise<void>
}

/** What a role is started with; the store refuses its transactions once a later start claimed the epoch. */
export interface Term {
  readonly store: Store
  readonly epoch: number
  /** Another controller of the domain was seen at a later epoch: live, or only in what its broker still holds. */
  readonly onLater: (epoch: number, live: boolean) => void
}

export interface RunRoleOptions {
  /** A path or `sqlite:PATH`. */
  readonly storePath: string
  readonly socketPath: string
  readonly log: Log
  readonly start: (term: Term) => Promise<Role>
}

export interface Running {
  /** Settles after close; rejects where the role had to stop: another controller of its domain leads. */
  readonly ended: Promise<void>
  /** Idempotent; never rejects. */
  close(): Promise<void>
}

const supersededBy = (later: number): WeftError =>
  new WeftError('epoch.stale', `another controller of the domain leads, at epoch ${later}`, {
    hint: 'one process a domain: stop one of them',
  })

export const runRole = async (options: RunRoleOptions): Promise<Running> => {
  const { storePath, socketPath, log, start } = options
  const ended = Promise.withResolvers<void>()
  // Nobody may be looking when it fails.
  ended.promise.catch(() => {})

  let role: Promise<Role> = Promise.reject(new WeftError('call.unreachable', 'the role is starting'))
  role.catch(() => {})
  let closing: Promise<void> | undefined

  const lead = async (store: Store, seen: number): Promise<Role> => {
    const epoch = await claimEpoch(store, seen)
    let isOver = false
    const onLater = (later: number, live: boolean): void => {
      if (isOver || closing !== undefined) return
      isOver = true
      if (live) stop(supersededBy(later))
      else leadAgain(store, later)
    }
    return start({ store: fencedStore(store, epoch), epoch, onLater })
  }

  /** The broker remembers a later epoch than the store, which was lost or restored: go above it, or no host would listen. */
  const leadAgain = (store: Store, later: number): void => {
    log.warn({ seen: later }, 'the broker knows a later epoch than the store: leading above it')
    role = role.then(async (before) => {
      await before.close()
      return lead(store, later)
    })
    role.catch(stop)
  }

  const stop = (error: unknown): void => {
    log.fatal({ err: error }, 'stopped')
    ended.reject(error)
    void close()
  }

  // First the socket: where another process of this role answers at it, nothing of that one's store is touched.
  const local = await serveLocal(
    socketPath,
    'ApiRequest',
    'ApiReply',
    async (request, client) => (await role).answerLocal(request, client),
    async (request, emit, signal) => (await role).stream(request, emit, signal),
  )
  let store: Store | undefined

  const closeAll = async (): Promise<void> => {
    await local.close()
    await role.then(
      (one) => one.close(),
      () => {},
    )
    await store?.close()
  }
  const close = (): Promise<void> => {
    closing ??= closeAll().then(ended.resolve, ended.reject)
    return closing
  }

  try {
    store = await openStore(storePath)
    role = lead(store, 0)
    await role
  } catch (error) {
    await close()
    throw error
  }
  return { ended: ended.promise, close }
}

/** Closes on SIGTERM and SIGINT. Settles when all has ended; rejects where one had to stop by itself. */
export const untilSignal = async (running: readonly Running[]): Promise<void> => {
  const closeAll = () => void Promise.all(running.map((one) => one.close()))
  process.once('SIGTERM', closeAll)
  process.once('SIGINT', closeAll)
  try {
    await Promise.all(running.map((one) => one.ended))
  } finally {
    process.off('SIGTERM', closeAll)
    process.off('SIGINT', closeAll)
    await Promise.all(running.map((one) => one.close()))
  }
}
