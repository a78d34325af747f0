/**
 * Admits the boots of hosts. A slice names the boot for which it is known to be current, and in any other one its host starts nothing that may
 * have been made elsewhere. So a host that comes back is told its slices again under the boot that it is in, once nothing is decided any more
 * that takes something away from it: its death ends in the same transaction.
 */
import type { Log } from '../../log.ts'
import type { Clock } from '../../roles/clock.ts'
import { createCoalescer } from '../../roles/coalesce.ts'
import type { Serial } from '../../roles/serial.ts'
import type { Book } from '../book.ts'
import type { Hosts } from '../hosts.ts'
import type { DeathRow } from './rows.ts'

export interface BootsOptions {
  readonly book: Book
  readonly hosts: Pick<Hosts, 'online' | 'views'>
  readonly clock: Clock
  readonly serial: Serial
  readonly log: Log
  /** Whether what the command does to the host is not known yet. */
  readonly isUnderWay: (host: string) => boolean
  /** Called with hosts whose slices say another boot now, and those that are dead no more. */
  readonly onAdmitted: (hosts: ReadonlySet<string>) => void
}

export interface Boots {
  /** The host may be there under another boot, or be fenced no more. */
  look(host: string): void
  close(): void
}

/** After a start all hosts tell of themselves at once: one transaction. */
const delayMs = 20
const retryMs = 5000

export const createBoots = (options: BootsOptions): Boots => {
  const { book, hosts, clock, serial, log, isUnderWay, onAdmitted } = options
  const pending = new Set<string>()
  let closed = false
  let cancel = (): void => {}

  const tellReturn = ({ host, state, bootId }: DeathRow, now: string): void => {
    if (state === 'fencing') log.warn({ host }, 'back before it was fenced: nothing was made elsewhere')
    else if (bootId === now && now !== '')
      log.error(
        { host, bootId },
        'back in the boot in which it was taken for dead: it was never off, and what was made elsewhere ran twice',
      )
    else log.info({ host, bootId: now }, 'back from the dead')
  }

  /** What was reserved as if the host's nodes were lost. */
  const reservedWithout = (returned: ReadonlyMap<string, undefined>): readonly (readonly [string, undefined])[] =>
    [...book.reservations.values()]
      .filter(({ vnet }) => [...(book.vnets.get(vnet)?.version.slices.keys() ?? [])].some((host) => returned.has(host)))
      .map(({ id }) => [id, undefined] as const)

  const admit = async (): Promise<void> => {
    const boots = new Map<string, string>()
    const deaths = new Map<string, undefined>()
    for (const host of pending) {
      pending.delete(host)
      const status = hosts.views.get(host)?.status
      // It is looked at again when it comes, and when the command has ended.
      if (!status?.online || isUnderWay(host)) continue
      const death = book.deaths.get(host)
      if (death) {
        deaths.set(host, undefined)
        tellReturn(death, status.bootId)
      }
      if (status.bootId !== '' && book.boots.get(host) !== status.bootId) boots.set(host, status.bootId)
    }
    if (boots.size + deaths.size === 0) return
    try {
      await book.save({ boots, deaths, reservations: new Map(reservedWithout(deaths)) })
    } catch (error) {
      for (const host of [...boots.keys(), ...deaths.keys()]) pending.add(host)
      throw error
    }
    onAdmitted(new Set([...boots.keys(), ...deaths.keys()]))
  }

  const coalescer = createCoalescer(clock, delayMs, () => {
    serial(admit).catch((error: unknown) => {
      if (closed) return
      log.error({ err: error }, 'admitting hosts failed')
      cancel = clock.after(retryMs, () => coalescer.touch(''))
    })
  })

  return {
    look: (host) => {
      if (closed) return
      pending.add(host)
      coalescer.touch('')
    },
    close: () => {
      closed = true
      cancel()
      coalescer.close()
    },
  }
}
