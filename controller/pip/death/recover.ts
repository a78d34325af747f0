/**
 * Decides VNets anew that have something on hosts that are off: what is lost is made elsewhere, everything else stays where it is. One at a time,
 * in turn with all other decisions. What has no place waits, and is tried again whenever something was freed or a host came.
 */
import { toWireError, WeftError, type WireError } from '../../../proto/errors.ts'
import type { Log } from '../../log.ts'
import type { Mapper } from '../../mapper/mapper.ts'
import type { Clock } from '../../roles/clock.ts'
import { createCoalescer } from '../../roles/coalesce.ts'
import type { Serial } from '../../roles/serial.ts'
import { type Admission, decideVersion, heldAfter, pictureFor } from '../admit.ts'
import { atVersion } from '../desired.ts'
import { spentBy } from '../pool/claims.ts'
import type { VNetRow } from '../rows.ts'
import { boundAfter, isDue, recoveriesOf, standingOf } from './due.ts'

export interface RecoveringOptions {
  /** Name of the PIP. */
  readonly name: string
  readonly admission: Admission
  readonly mapper: Mapper
  readonly clock: Clock
  readonly serial: Serial
  readonly log: Log
  /** Called after a VNet's row was changed in the store. */
  readonly onDecided: (vnet: string) => void
  /** Called where a VNet waits, or waits for something else. */
  readonly onWaits: (vnet: string) => void
}

export interface Recovering {
  /** There may be something to decide, or a place for what waits. */
  wake(): void
  /** Why there is no place; undefined: it is not known yet, or there is. */
  refusalOf(vnet: string): WireError | undefined
  close(): void
}

const delayMs = 50
const retryMs = 5000

export const createRecovering = (options: RecoveringOptions): Recovering => {
  const { name, admission, mapper, clock, serial, log, onDecided, onWaits } = options
  const { book, substrate, hosts } = admission
  const refusals = new Map<string, WireError>()
  /** Not looked at since the last wake. */
  let open = new Set<string>()
  let isRunning = false
  let closed = false
  let cancel = (): void => {}

  const decide = async (row: VNetRow): Promise<void> => {
    const { vnet, client, reservation, version: before } = row
    const { part } = before
    const { deaths } = book
    const started = clock.now()
    const standing = standingOf({ row, part, deaths, isOnline: hosts.online })
    const embedding = await mapper.map(pictureFor(admission, vnet), standing, part)
    const version = decideVersion(admission, vnet, part, embedding)
    const recoveries = recoveriesOf({ provider: name, before: row, next: version, deaths, unixMs: clock.unixMs() })
    const next = atVersion(
      row,
      {
        vnet,
        client,
        generation: book.nextGeneration(vnet),
        version,
        held: heldAfter(substrate, row),
        reservation,
        timings: [{ name: 'mapping', seconds: (clock.now() - started) / 1000 }],
        recoveries,
        bound: boundAfter(row, version, []),
      },
      [],
    )
    // A version that is reserved was made from the one before: its VNP has it made anew.
    const reserved = book.reservationOf(vnet)
    await book.save({
      vnets: new Map([[vnet, next]]),
      reservations: new Map(reserved ? [[reserved.id, undefined]] : []),
      pools: spentBy(book.pools, version),
    })
    const moved = recoveries.filter((one) => !row.recoveries?.includes(one))
    log.warn({ vnet, generation: next.generation, recoveries: moved }, 'made again elsewhere')
  }

  const attempt = async (vnet: string): Promise<void> => {
    const row = book.vnets.get(vnet)
    if (closed) return
    if (!row || !isDue(row, book.deaths)) {
      refusals.delete(vnet)
      return
    }
    try {
      await decide(row)
      refusals.delete(vnet)
      onDecided(vnet)
    } catch (error) {
      if (!(error instanceof WeftError) || !/^(admission|request|substrate)\./.test(error.code)) throw error
      const before = refusals.get(vnet)
      refusals.set(vnet, toWireError(error))
      if (before?.message === error.message) return
      log.warn({ vnet, err: error }, 'no place elsewhere')
      onWaits(vnet)
    }
  }

  /** Of those that are open the first by priority. */
  const next = (): string | undefined => {
    const priority = (vnet: string): number => book.vnets.get(vnet)?.version.part.priority ?? 0
    return [...open].reduce<string | undefined>(
      (best, vnet) => (best === undefined || priority(vnet) > priority(best) ? vnet : best),
      undefined,
    )
  }

  const run = async (): Promise<void> => {
    for (let vnet = next(); vnet !== undefined && !closed; vnet = next()) {
      open.delete(vnet)
      const one = vnet
      // Others have their turns between.
      await serial(() => attempt(one))
    }
  }

  const coalescer = createCoalescer(clock, delayMs, () => {
    open = new Set([...book.vnets.values()].filter((row) => isDue(row, book.deaths)).map(({ vnet }) => vnet))
    for (const vnet of refusals.keys()) if (!open.has(vnet)) refusals.delete(vnet)
    if (isRunning) return
    isRunning = true
    run()
      .catch((error: unknown) => {
        if (closed) return
        log.error({ err: error }, 'making elsewhere what was lost failed')
        cancel()
        cancel = clock.after(retryMs, wake)
      })
      .finally(() => {
        isRunning = false
      })
  })

  const wake = (): void => {
    if (!closed && book.deaths.size > 0) coalescer.touch('')
  }

  return {
    wake,
    refusalOf: (vnet) => refusals.get(vnet),
    close: () => {
      closed = true
      cancel()
      coalescer.close()
    },
  }
}
