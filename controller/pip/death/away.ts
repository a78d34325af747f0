/**
 * Takes hosts for dead that are away for too long. Only what this PIP saw itself counts: the time since it heard that a host went, as far as it was
 * connected to its broker. Where most hosts are away at once, none of them is the reason.
 */
import type { Log } from '../../log.ts'
import type { Clock } from '../../roles/clock.ts'
import type { DeclaredSubstrate } from '../../substrate/substrate.ts'
import type { Book } from '../book.ts'
import type { Hosts } from '../hosts.ts'
import { isFenced } from './due.ts'

export interface AwayOptions {
  readonly book: Pick<Book, 'vnets' | 'deaths'>
  readonly substrate: DeclaredSubstrate
  readonly hosts: Pick<Hosts, 'online'>
  readonly clock: Clock
  readonly log: Log
  readonly isConnected: () => boolean
  /** A host is to be taken for dead. */
  readonly onDead: (host: string) => void
}

export interface Away {
  /** Hosts came or went, or deaths are others than before. */
  look(): void
  /** The connection to the broker was made anew: what was heard before says nothing of the time between. */
  connected(): void
  /** Since when a host is away, in milliseconds since the Unix epoch; 0: it is not. */
  sinceUnixMs(host: string): number
  /** No host is taken for dead by itself: so many are away. */
  readonly areMostAway: boolean
  close(): void
}

interface Absence {
  readonly sinceUnixMs: number
  /** Monotonic: from when it counts. */
  countedMs: number
}

export const createAway = (options: AwayOptions): Away => {
  const { book, substrate, hosts, clock, log, isConnected, onDead } = options
  const declared = substrate.nodes.filter(({ kind }) => kind === 'host').map(({ id }) => id)
  const afterMs = substrate.fencing?.afterMs
  const absences = new Map<string, Absence>()
  let areMostAway = false
  let cancel = (): void => {}

  const note = (): void => {
    for (const host of declared) {
      if (hosts.online(host)) absences.delete(host)
      else if (!absences.has(host)) absences.set(host, { sinceUnixMs: clock.unixMs(), countedMs: clock.now() })
    }
  }

  /** Of those that may be there. */
  const mostAway = (): boolean => {
    const known = declared.filter((host) => !isFenced(book.deaths, host))
    const away = known.filter((host) => !hosts.online(host)).length
    return away >= 2 && away * 2 > known.length
  }

  const sayMostAway = (now: boolean): void => {
    if (now && !areMostAway)
      log.error({ away: [...absences.keys()] }, 'most hosts are away: none of them is taken for dead by itself')
    if (!now && areMostAway) log.info('most hosts are there again')
    areMostAway = now
  }

  /** Hosts that have something of a VNet, or are told to have nothing of it any more. */
  const loaded = (): ReadonlySet<string> =>
    new Set([...book.vnets.values()].flatMap(({ version, leaving }) => [...version.slices.keys(), ...leaving]))

  const look = (): void => {
    cancel()
    note()
    if (afterMs === undefined) return
    const counted = [...absences].filter(([host]) => !book.deaths.has(host))
    const dueIn = (absence: Absence): number => absence.countedMs + afterMs - clock.now()
    const due = counted.filter(([, absence]) => dueIn(absence) <= 0).map(([host]) => host)
    const later = counted.map(([, absence]) => dueIn(absence)).filter((ms) => ms > 0)
    if (later.length > 0) cancel = clock.after(Math.min(...later), look)
    sayMostAway(due.length > 0 && mostAway())
    // Without a connection all seem to be where they were: it counts anew with the next one.
    if (due.length === 0 || areMostAway || !isConnected()) return
    const carrying = loaded()
    for (const host of due) if (carrying.has(host)) onDead(host)
  }

  return {
    look,
    connected: () => {
      for (const absence of absences.values()) absence.countedMs = clock.now()
      look()
    },
    sinceUnixMs: (host) => absences.get(host)?.sinceUnixMs ?? 0,
    get areMostAway() {
      return areMostAway
    },
    close: () => cancel(),
  }
}
