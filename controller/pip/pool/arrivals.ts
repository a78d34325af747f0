/**
 * When a pool may let go of a node that was taken, and be filled again: once the node's host has it as the VNet's. To fill a pool keeps hosts busy, so
 * that the rest of the VNet is waited for as well, on all its hosts; not for long, since one of them may be away.
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

/** For the hosts that the VNet has beside the node's. */
const patienceMs = 5000

/** Whether the pool may let go of what the taker took. */
export const createArrivals = ({ context, book, clock, onWaited }: ArrivalsOptions): ((taker: Taker) => boolean) => {
  const since = new WeakMap<Version, number>()

  const isThere = ({ host, vnet, node }: Taker, generation: number): boolean => {
    const report = context.hosts.views.get(host)?.reports.get(vnet)
    if (report?.generation !== generation || report.epoch !== context.epoch) return false
    // While it builds, a node of that name may be the one before.
    return (report.phase === 'PHASE_READY' || report.phase === 'PHASE_DEGRADED') && isReady(report, node.id)
  }

  return (taker) => {
    const row = book.vnets.get(taker.vnet)
    if (!row || !isThere(taker, row.generation)) return false
    if (isReported(context, row)) return true
    const began = since.get(row.version)
    if (began !== undefined) return clock.now() - began >= patienceMs
    since.set(row.version, clock.now())
    clock.after(patienceMs, onWaited)
    return false
  }
}
