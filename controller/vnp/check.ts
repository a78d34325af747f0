/** Looks after parts whose state did not come by itself: their provider does not have them, or a message was lost. */
import { toWireError, WeftError } from '../../proto/errors.ts'
import type { Log } from '../log.ts'
import type { Clock } from '../roles/clock.ts'
import { createPursuit } from '../roles/pursuit.ts'
import type { Book } from './book.ts'
import type { Provider } from './providers.ts'
import type { States } from './states.ts'

export interface Checks {
  /** A provider's connection was made: what is not told soon is asked for. */
  checkSoon(): void
  /** Something became reachable. */
  wake(): void
  close(): void
}

export interface ChecksOptions {
  readonly book: Book
  readonly providers: ReadonlyMap<string, Provider>
  readonly states: States
  readonly clock: Clock
  readonly log: Log
}

/** How long retained states may take to arrive after a connection. */
const retainedMs = 3000
const getTimeoutMs = 10_000

export const createChecks = ({ book, providers, states, clock, log }: ChecksOptions): Checks => {
  const check = async (key: string, provider: Provider): Promise<void> => {
    try {
      const { vnet } = await provider.call({ get: { vnet: key } }, getTimeoutMs)
      provider.note(key, vnet)
    } catch (error) {
      if (!(error instanceof WeftError) || error.code !== 'vnet.unknown') throw error
      log.error({ vnet: key, pip: provider.name }, 'the provider does not have its part')
      provider.note(key, undefined)
      states.setTrouble(key, toWireError(error))
    }
    states.touch(key)
  }

  const checks = createPursuit({
    clock,
    work: async (key) => {
      const row = book.vnets.get(key)
      for (const { pip, generation } of row?.parts ?? []) {
        const provider = providers.get(pip)
        // Decisions that are being carried out find out by themselves.
        if (!provider || generation === 0 || row?.removing || provider.isFresh(key)) continue
        await check(key, provider)
      }
      return true
    },
    onError: (key, error) => log.warn({ vnet: key, err: error }, 'not checked yet'),
  })

  let cancel = () => {}
  return {
    checkSoon: () => {
      cancel()
      cancel = clock.after(retainedMs, () => {
        for (const row of book.vnets.values()) if (!states.isKnown(row)) void checks.pursue(row.key)
      })
    },
    wake: checks.wake,
    close: () => {
      cancel()
      checks.close()
    },
  }
}
