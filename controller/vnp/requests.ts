/**
 * What is asked of VNets: decided on at once, kept until there is room (queue.ts), or refused; removed because its operator says so, or
 * because its lifetime is over (lifetimes.ts).
 */
import { hasCode, toWireError, WeftError } from '../../proto/errors.ts'
import type { ApplyVNet, VNetState } from '../../proto/generated/weft.v1.ts'
import type { Log } from '../log.ts'
import type { Pursuit } from '../roles/pursuit.ts'
import type { KeyedSerial } from '../roles/serial.ts'
import { type ApplyOptions, applyRequest, checkAsked } from './apply.ts'
import { createLifetimes } from './lifetimes.ts'
import { createQueue } from './queue.ts'
import type { QueuedRow, VNetRow } from './rows.ts'
import { goneState, type States } from './states.ts'

export interface Requests {
  /** Of what was decided, or of what waits. Throws why neither. */
  apply(asked: ApplyVNet, owner: string): Promise<VNetState>
  /** The state that it leaves behind. Throws vnet.unknown. */
  remove(key: string): Promise<VNetState>
  /** There may be room that was not. */
  retry(): void
  close(): void
}

export interface RequestsOptions extends Omit<ApplyOptions, 'isLost' | 'onReleases'> {
  readonly states: States
  /** One decision on a VNet at a time. */
  readonly serial: KeyedSerial
  /** Carries out what was decided on a VNet. */
  readonly decisions: Pursuit
  readonly releases: Pursuit
  readonly log: Log
}

export const createRequests = (options: RequestsOptions): Requests => {
  const { book, clock, states, serial, decisions, releases, log } = options
  const applying: ApplyOptions = {
    ...options,
    isLost: states.isLost,
    onReleases: (ids) => {
      for (const id of ids) void releases.pursue(id)
    },
  }

  const decide = async (asked: ApplyVNet, owner: string): Promise<VNetRow> => {
    const row = await applyRequest(applying, asked, owner)
    log.info({ vnet: row.key, generation: row.generation, pips: row.parts.map(({ pip }) => pip) }, 'applied')
    return row
  }

  /** Decided: it is an answer whether or not every provider could be told yet. */
  const carry = async (key: string): Promise<void> => {
    lifetimes.schedule(key)
    await decisions.pursue(key)
    states.endQuiet(key)
  }

  const removeDecided = async (key: string): Promise<VNetState> => {
    const removed = await serial(key, async () => {
      const row = book.vnets.get(key)
      if (!row) throw unknown(key)
      const removing = { ...row, removing: true }
      if (!row.removing) await book.save({ vnets: new Map([[key, removing]]) })
      return removing
    })
    log.info({ vnet: key }, 'removing')
    states.touch(key)
    lifetimes.schedule(key)
    await decisions.pursue(key)
    const row = book.vnets.get(key)
    return row ? states.of(row) : goneState(removed)
  }

  /** undefined: it does not wait. */
  const removeQueued = (key: string): Promise<VNetState | undefined> =>
    serial(key, async () => {
      const row = book.queued.get(key)
      if (!row) return undefined
      await states.tellGone(row)
      await queue.drop(key)
      states.forget(key)
      log.info({ vnet: key }, 'waits no more')
      return goneState(row)
    })

  const lifetimes = createLifetimes({ book, clock, log, remove: removeDecided })
  const queue = createQueue({
    book,
    clock,
    log,
    serial,
    attempt: ({ request, discovery, owner }) =>
      decide({ request, discovery, expectedGeneration: 0, noWait: false }, owner),
    onDecided: carry,
    onChange: (keys) => {
      for (const key of keys) states.touch(key)
    },
  })

  /** What is new does not go before one whose turn is kept; what stands is changed at any time. */
  const decideNow = async (key: string, asked: ApplyVNet, owner: string): Promise<VNetRow> => {
    const { request } = asked
    if (!request || book.vnets.has(key)) return decide(asked, owner)
    queue.checkTurn(key, request)
    const row = await decide(asked, owner)
    queue.noteServed(request)
    return row
  }

  /** A change of a VNet that stands is refused as it is: what stands goes on. */
  const queueOrThrow = async (asked: ApplyVNet, owner: string, error: unknown, tries: number): Promise<QueuedRow> => {
    const key = `${owner}.${asked.request?.name}`
    if (asked.noWait || !hasCode(error, 'admission.not-now') || book.vnets.has(key)) throw error
    const { request } = checkAsked(book, asked.request, owner)
    const { discovery } = asked
    const row = { key, owner, name: request.name, request, discovery, error: toWireError(error) }
    log.info({ vnet: key, err: error }, 'waits for room')
    return queue.put(row, tries)
  }

  return {
    apply: async (asked, owner) => {
      const key = `${owner}.${asked.request?.name ?? ''}`
      const { tries } = queue
      const row = await serial(key, () =>
        decideNow(key, asked, owner).catch((error: unknown) => queueOrThrow(asked, owner, error, tries)),
      )
      if ('order' in row) return states.of(row)
      await carry(key)
      return states.of(book.vnets.get(key) ?? row)
    },

    remove: async (key) => (await removeQueued(key)) ?? removeDecided(key),

    retry: queue.retry,

    close: () => {
      lifetimes.close()
      queue.close()
    },
  }
}

/** As the VNP's operator names it; a VNO's own name is what stands behind the dot. */
const unknown = (key: string): WeftError => {
  const vnet = key.slice(key.indexOf('.') + 1)
  return new WeftError('vnet.unknown', `there is no VNet ${vnet}`, { object: `vnet/${vnet}` })
}
