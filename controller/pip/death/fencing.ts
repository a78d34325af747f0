/**
 * Makes certain that hosts that are taken for dead are off, by the command or by the operator's word. Each step is in the store before the next
 * one, and can be done again: what was begun before a restart is gone on with.
 */
import { toWireError, WeftError, type WireError } from '../../../proto/errors.ts'
import type { Log } from '../../log.ts'
import type { Clock } from '../../roles/clock.ts'
import type { Serial } from '../../roles/serial.ts'
import type { Book } from '../book.ts'
import type { Hosts } from '../hosts.ts'
import type { Fence } from './command.ts'
import type { DeathRow } from './rows.ts'

export interface FencingOptions {
  readonly book: Book
  readonly hosts: Pick<Hosts, 'online' | 'views'>
  readonly clock: Clock
  readonly serial: Serial
  readonly log: Log
  /** undefined: there is no command. */
  readonly fence: Fence | undefined
  /** Called after a host's death was stored or became certain, and after each try of the command. */
  readonly onChange: (host: string) => void
}

/** How the command failed last. */
export interface Failure {
  readonly error: WireError
  readonly nextTryUnixMs: number
}

export interface Fencing {
  /** Takes the host for dead and runs the command. Throws host.online; host.fencing-failed, after which it is tried again by itself. */
  byCommand(host: string): Promise<void>
  /** The operator knows that it is off. Throws host.online. */
  byOperator(host: string): Promise<void>
  /** Whether the command is being run for the host: what it does is not known yet. */
  isUnderWay(host: string): boolean
  failureOf(host: string): Failure | undefined
  /** Goes on with what is stored and not under way: after a start, or where a host went again. */
  resume(): void
  close(): void
}

const firstPauseMs = 1000
const longestPauseMs = 60_000

export const isOnlineError = (host: string): WeftError =>
  new WeftError('host.online', `${host} is connected`, {
    object: `host/${host}`,
    hint: 'only a host that is away can be taken for dead',
  })

export const createFencing = (options: FencingOptions): Fencing => {
  const { book, hosts, clock, serial, log, fence, onChange } = options
  const attempts = new Map<string, Promise<void>>()
  const failures = new Map<string, Failure & { readonly pauseMs: number; readonly cancel: () => void }>()
  let closed = false

  const forget = (host: string): void => {
    failures.get(host)?.cancel()
    failures.delete(host)
  }

  /** Stores what becomes of the row, in turn with all decisions. */
  const store = (host: string, next: (row: DeathRow | undefined) => DeathRow | undefined): Promise<void> =>
    serial(async () => {
      const before = book.deaths.get(host)
      const row = next(before)
      if (row !== before) await book.save({ deaths: new Map([[host, row]]) })
    })

  const bornAs = (host: string, by: DeathRow['by']): DeathRow => ({
    host,
    state: 'fencing',
    by,
    bootId: hosts.views.get(host)?.status?.bootId ?? book.boots.get(host) ?? '',
    sinceUnixMs: clock.unixMs(),
    fencedUnixMs: 0,
  })

  const fenced = (row: DeathRow, by: DeathRow['by']): DeathRow =>
    row.state === 'fenced' ? row : { ...row, state: 'fenced', by, fencedUnixMs: clock.unixMs() }

  const run = async (host: string): Promise<void> => {
    if (book.deaths.get(host)?.state !== 'fencing') return
    // Back by itself: nothing was made elsewhere, and nothing has to be.
    if (hosts.online(host)) throw isOnlineError(host)
    if (!fence) throw noCommand(host)
    log.warn({ host }, 'fencing')
    await fence(host)
    await store(host, (row) => row && fenced(row, 'command'))
    log.warn({ host }, 'fenced: it is off, or was')
  }

  const retry = (host: string, error: unknown): void => {
    const pauseMs = Math.min((failures.get(host)?.pauseMs ?? firstPauseMs / 2) * 2, longestPauseMs)
    forget(host)
    if (closed || hosts.online(host) || book.deaths.get(host)?.state !== 'fencing') return
    log.error({ host, err: error, pauseMs }, 'fencing failed: nothing is made elsewhere')
    const cancel = fence ? clock.after(pauseMs, () => void attempt(host).catch(() => {})) : () => {}
    const nextTryUnixMs = fence ? clock.unixMs() + pauseMs : 0
    failures.set(host, { error: toWireError(error), nextTryUnixMs, pauseMs, cancel })
  }

  /** One at a time for each host. */
  const attempt = (host: string): Promise<void> => {
    const underWay = attempts.get(host)
    if (underWay !== undefined) return underWay
    const one = run(host)
      .then(
        () => forget(host),
        (error: unknown) => {
          retry(host, error)
          throw error
        },
      )
      .finally(() => {
        attempts.delete(host)
        if (!closed) onChange(host)
      })
    attempts.set(host, one)
    return one
  }

  const declare = async (host: string, next: (row: DeathRow | undefined) => DeathRow): Promise<void> => {
    await store(host, (row) => {
      if (hosts.online(host)) throw isOnlineError(host)
      return next(row)
    })
    onChange(host)
  }

  return {
    byCommand: async (host) => {
      if (!fence) throw noCommand(host)
      await declare(host, (row) => row ?? bornAs(host, 'command'))
      await attempt(host)
    },
    byOperator: async (host) => {
      await declare(host, (row) => fenced(row ?? bornAs(host, 'operator'), 'operator'))
      forget(host)
      log.warn({ host }, 'taken for dead by the operator')
    },
    isUnderWay: (host) => attempts.has(host),
    failureOf: (host) => failures.get(host),
    resume: () => {
      for (const { host, state } of book.deaths.values())
        if (state === 'fencing' && !failures.has(host)) attempt(host).catch(() => {})
    },
    close: () => {
      closed = true
      for (const { cancel } of failures.values()) cancel()
    },
  }
}

const noCommand = (host: string): WeftError =>
  new WeftError('host.fencing-failed', `nothing is declared that could make certain that ${host} is off`, {
    object: `host/${host}`,
    hint: '"fencing" in the substrate file; or switch it off, and say so: weft host fence --confirmed',
  })
