/**
 * Carries out what was decided: commits every part until its provider confirms, deletes parts until their providers have nothing
 * left, gives reservations back. Each step is idempotent at the provider, so that it is simply done again after a crash.
 */
import { hasCode, toWireError, WeftError, type WireError } from '../../proto/errors.ts'
import type { Log } from '../log.ts'
import type { Book } from './book.ts'
import type { Provider } from './providers.ts'
import type { Part, VNetRow } from './rows.ts'

export const commitTimeoutMs = 10_000
export const reserveTimeoutMs = 10_000
export const leaseMs = 60_000
const deleteTimeoutMs = 10_000
const releaseTimeoutMs = 10_000

export interface CarryOptions {
  readonly book: Book
  readonly providers: ReadonlyMap<string, Provider>
  readonly log: Log
  /** Why a VNet's decision is not carried out yet; undefined: there is no more reason. */
  readonly onTrouble: (key: string, trouble: WireError | undefined) => void
  /** Called before the row of a VNet of which no provider has anything left is deleted. */
  readonly onGone: (row: VNetRow) => Promise<void>
}

export interface Carry {
  /** One VNet; true: nothing is left to do. Not at the same time as a decision on the same VNet. */
  carryOut(key: string): Promise<boolean>
  /** One reservation to give back; true: the provider does not have it. */
  release(id: string): Promise<boolean>
}

export const createCarry = (options: CarryOptions): Carry => {
  const { book, providers, log, onTrouble, onGone } = options

  const providerOf = (pip: string): Provider => {
    const provider = providers.get(pip)
    if (!provider) {
      throw new WeftError('provider.unavailable', `the provider ${pip} is configured no more`, {
        object: `provider/${pip}`,
        hint: 'start the VNP with it: it still carries VNets',
      })
    }
    return provider
  }

  /** The provider's generation. Where the lease ended before the provider was reached, the part is reserved anew first. */
  const confirm = async (key: string, { pip, reservation, request }: Part): Promise<number> => {
    const provider = providerOf(pip)
    const commit = async (): Promise<number> => {
      const { vnet } = await provider.call({ commit: { reservation } }, commitTimeoutMs)
      if (!vnet) throw new WeftError('message.malformed', `${pip} answered commit without a state`)
      provider.note(key, vnet)
      return vnet.generation
    }
    try {
      return await commit()
    } catch (error) {
      if (!hasCode(error, 'reservation.unknown')) throw error
    }
    log.warn({ vnet: key, pip, reservation }, 'the lease had ended: reserving again')
    await provider.call({ reserve: { reservation, part: request, leaseMs } }, reserveTimeoutMs)
    return commit()
  }

  const confirmAll = async (row: VNetRow): Promise<boolean> => {
    const open = row.parts.filter(({ generation }) => generation === 0)
    if (open.length === 0) return true
    const results = await Promise.allSettled(open.map((part) => confirm(row.key, part)))
    const generations = new Map<string, number>()
    let trouble: WireError | undefined
    for (const [i, result] of results.entries()) {
      const pip = open[i]?.pip ?? ''
      if (result.status === 'fulfilled') generations.set(pip, result.value)
      else {
        trouble ??= toWireError(result.reason)
        log.warn({ vnet: row.key, pip, err: result.reason }, 'not committed yet')
      }
    }
    if (generations.size > 0) {
      const parts = row.parts.map((part) => ({ ...part, generation: generations.get(part.pip) ?? part.generation }))
      await book.save({ vnets: new Map([[row.key, { ...row, parts }]]) })
    }
    onTrouble(row.key, trouble)
    return trouble === undefined
  }

  /** Whether the provider has nothing left of the part. */
  const remove = async (key: string, { pip, reservation, generation }: Part): Promise<boolean> => {
    const provider = providerOf(pip)
    if (generation === 0) await provider.call({ release: { reservation } }, releaseTimeoutMs)
    try {
      const { vnet } = await provider.call({ delete: { vnet: key } }, deleteTimeoutMs)
      provider.note(key, vnet)
      return false
    } catch (error) {
      if (!hasCode(error, 'vnet.unknown')) throw error
      provider.note(key, undefined)
      return true
    }
  }

  const removeAll = async (row: VNetRow): Promise<boolean> => {
    const results = await Promise.allSettled(row.parts.map((part) => remove(row.key, part)))
    const failed = results.find((result) => result.status === 'rejected')
    if (failed) log.warn({ vnet: row.key, err: failed.reason }, 'not removed yet')
    onTrouble(row.key, failed && toWireError(failed.reason))
    if (!results.every((result) => result.status === 'fulfilled' && result.value)) return false
    await onGone(row)
    await book.save({ vnets: new Map([[row.key, undefined]]) })
    log.info({ vnet: row.key }, 'gone')
    return true
  }

  return {
    carryOut: async (key) => {
      const row = book.vnets.get(key)
      if (!row) return true
      return row.removing ? removeAll(row) : confirmAll(row)
    },

    release: async (id) => {
      const row = book.releases.get(id)
      if (!row) return true
      await providerOf(row.pip).call({ release: { reservation: id } }, releaseTimeoutMs)
      await book.save({ releases: new Map([[id, undefined]]) })
      return true
    },
  }
}
