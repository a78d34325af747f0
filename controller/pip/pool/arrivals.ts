/**
 * When a pool may let go of a node that was taken, and be filled again: once the node's host has it as the VNet's. To fill a pool keeps hosts busy, so
 * that the rest of the VNet is waited for as well, on all its hosts, and a little for what is done with it first; but not for ever, since a host may
 * be away.
 */
import type { Clock } from '../../roles/clock.ts'
import type { Book } from '../book.ts'
import type { Version } from '../rows.ts'
import { isReported, type StateContext } from '../state.ts'
import type { Taker } from './claims.ts'
import { isReady } from './rows.ts'

export interface ArrivalsOptions {
  readonly context: Pick<StateContext, 'epoch' | 'hosts'>
  readonly book: Pick<Book, 'vnets'>
  readonly clock: Clock
  /** What was waited for is waited for no longer. */
  readonly onWaited: () => void
}

/** For the hosts that the VNet has beside the node's: guests that are told by an emulated processor take a minute. */
const patienceMs = 60_000
/** Where one of them is away. */
const awayMs = 5000
/** For who opens consoles as soon as the VNet stands. */
const graceMs = 1000

/** Whether the pool may let go of what the taker took. */
export const createArrivals = ({ context, book, clock, onWaited }: ArrivalsOptions): ((taker: Taker) => boolean) => {
  const since = new WeakMap<Version, { readonly built: boolean; readonly ms: number }>()

  /** Since when it was waited for, or since when it is built, which ends another wait. */
  const isWaitedFor = (version: Version, built: boolean): boolean => {
    let wait = since.get(version)
    if (!wait || (built && !wait.built)) {
      wait = { built, ms: clock.now() }
      since.set(version, wait)
      for (const ms of built ? [graceMs] : [awayMs, patienceMs]) clock.after(ms, onWaited)
    }
    const isAway = [...version.slices.keys()].some((host) => !context.hosts.online(host))
    return clock.now() - wait.ms < (wait.built ? graceMs : isAway ? awayMs : patienceMs)
  }

  const isThere = ({ host, vnet, node }: Taker, generation: number): boolean => {
    const report = context.hosts.views.get(host)?.reports.get(vnet)
    if (report?.generation !== generation || report.epoch !== context.epoch) return false
    // While it builds, a node of that name may be the one before.
    return (report.phase === 'PHASE_READY' || report.phase === 'PHASE_DEGRADED') && isReady(report, node.id)
  }

  return (taker) => {
    const row = book.vnets.get(taker.vnet)
    if (!row || !isThere(taker, row.generation)) return false
    return !isWaitedFor(row.version, isReported(context, row))
  }
}
