/**
 * What remains to be done once hosts have reported: what is gone is cleared from the broker and then from the store, what an
 * earlier version held is free for others. Each step can be done again, so that a crash between two of them costs nothing.
 */
import { create } from '../../proto/codec.ts'
import type { Timing, VNetState } from '../../proto/generated/weft.v1.ts'
import type { Session } from '../../proto/session.ts'
import { topics } from '../../proto/topics.ts'
import type { Log } from '../log.ts'
import type { Publisher } from '../roles/publisher.ts'
import type { Serial } from '../roles/serial.ts'
import type { Book } from './book.ts'
import { tombstonesOf } from './death/graves.ts'
import type { VNetRow } from './rows.ts'
import { goneHosts, isConverged, type StateContext } from './state.ts'

export interface SettlingOptions {
  readonly domain: string
  readonly session: Session
  readonly context: StateContext
  readonly book: Book
  readonly serial: Serial
  readonly log: Log
  readonly desired: Publisher<'Slice'>
  readonly states: Publisher<'VNetState'>
  /** All timings of the version that stands. */
  readonly timings: (row: VNetRow) => readonly Timing[]
  /** Called after a VNet's row was changed in the store: its state may be another. */
  readonly onSettled: (vnet: string) => void
  /** Called with the last state of a VNet once nothing of it is left. */
  readonly onGone: (state: VNetState) => void
}

export interface Settling {
  /** Whether there is something to do. */
  isDue(row: VNetRow): boolean
  /** Does it; true: nothing is left to do for now. */
  settle(vnet: string): Promise<boolean>
  /** Clears what the broker holds of a VNet for a host that has no part in it. */
  sweep(host: string, vnet: string): Promise<void>
}

/** All hosts of a VNet that is being removed are done with it; its row is kept until the broker is. */
export const isFinished = (row: VNetRow): boolean => row.removing && row.leaving.size === 0

export const createSettling = (options: SettlingOptions): Settling => {
  const { domain, session, context, book, serial, log, desired, states, timings, onSettled, onGone } = options

  /** Sent at once, before anything that a later decision publishes; `desired` first: the agent forgets, and reports no more. */
  const sweep = async (host: string, vnet: string): Promise<void> => {
    await Promise.all([
      desired.clear(topics.desired(domain, host, vnet)),
      session.clear(topics.reported(domain, host, vnet)),
    ])
  }

  /** Converged with something to write down: what was held is free, or how long it took. */
  const isNewlyConverged = (row: VNetRow): boolean =>
    isConverged(context, row) && (row.held !== undefined || timings(row).length > row.timings.length)

  /** Of a VNet that is being removed the hosts that are left where none of them can say that it is: they are off. */
  const deadRest = ({ removing, leaving }: VNetRow): readonly string[] =>
    removing && context.dead && [...leaving].every(context.dead.isFenced) ? [...leaving] : []

  const finish = async ({ vnet, client, generation }: VNetRow): Promise<void> => {
    const gone = create('VNetState', { vnet, owner: client, generation, phase: 'PHASE_GONE' })
    const topic = topics.apiVNet(domain, client, vnet)
    // Who is there learns it from this message; who was away, from a `get` that knows the VNet no more.
    await session.publish(topic, 'VNetState', gone, { epoch: context.epoch, mirror: true })
    await states.clear(topic)
    await serial(() => book.save({ vnets: new Map([[vnet, undefined]]) }))
    log.info({ vnet, client }, 'gone')
    onGone(gone)
  }

  return {
    isDue: (row) =>
      isFinished(row) || goneHosts(context, row).length > 0 || isNewlyConverged(row) || deadRest(row).length > 0,

    settle: async (vnet) => {
      const before = book.vnets.get(vnet)
      if (!before) return true
      const gone = goneHosts(context, before)
      await Promise.all(gone.map((host) => sweep(host, vnet)))
      const settled = await serial(async () => {
        const row = book.vnets.get(vnet)
        // Decided anew meanwhile: a host that was gone may have a part again.
        if (!row || row.generation !== before.generation) return undefined
        const next = { ...row, leaving: new Set([...row.leaving].filter((host) => !gone.includes(host))) }
        const buried = deadRest(next)
        if (buried.length > 0) {
          const finished = { ...next, leaving: new Set<string>() }
          await book.save({ vnets: new Map([[vnet, finished]]), tombstones: tombstonesOf(next, buried) })
          log.warn({ vnet, hosts: buried }, 'these are off: they are told once they are back')
          return finished
        }
        const converged = isNewlyConverged(next)
        const settledRow = converged ? { ...next, held: undefined, bound: [], timings: timings(next) } : next
        if (converged || gone.length > 0) await book.save({ vnets: new Map([[vnet, settledRow]]) })
        return settledRow
      })
      if (settled) onSettled(vnet)
      if (settled && isFinished(settled)) await finish(settled)
      return true
    },

    sweep,
  }
}
