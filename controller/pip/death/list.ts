/** What is told of hosts that are gone: to their operator, and to those whose VNets they carry. */
import type { Init } from '../../../proto/codec.ts'
import type { WireError } from '../../../proto/errors.ts'
import type { HostEntry } from '../../../proto/generated/weft.v1.ts'
import type { Book } from '../book.ts'
import type { DeadHosts } from '../state.ts'
import type { Away } from './away.ts'
import { isDue, isFenced } from './due.ts'
import type { Fencing } from './fencing.ts'

export interface DeadHostsOptions {
  readonly book: Pick<Book, 'deaths'>
  /** Why a VNet has no place elsewhere. */
  readonly refusalOf: (vnet: string) => WireError | undefined
}

export const deadHosts = ({ book, refusalOf }: DeadHostsOptions): DeadHosts => {
  const { deaths } = book
  return {
    isFenced: (host) => isFenced(deaths, host),
    errorAt: (row, host) => {
      const refusal = refusalOf(row.vnet)
      const [what, hint] = !isDue(row, deaths)
        ? ['what is there waits until it is back', '']
        : refusal
          ? [`there is no place elsewhere for what is lost there: ${refusal.message}`, refusal.hint]
          : ['what is lost there is being made elsewhere', '']
      return { code: 'host.dead', message: `host ${host} is dead: ${what}`, object: `host/${host}`, where: '', hint }
    },
  }
}

export interface DeathEntryOptions {
  readonly book: Pick<Book, 'deaths' | 'vnets'>
  readonly away: Pick<Away, 'sinceUnixMs' | 'areMostAway'>
  readonly fencing: Pick<Fencing, 'failureOf'>
}

const mostAway = (host: string): WireError => ({
  code: 'call.unreachable',
  message: `${host} is away with most others: none of them is taken for dead by itself`,
  object: `host/${host}`,
  where: '',
  hint: 'look at the broker and the network; a host that is off for certain: weft host fence HOST --confirmed',
})

/** A host's part of its entry; problems beside those that it has otherwise. */
export const deathEntry =
  ({ book, away, fencing }: DeathEntryOptions) =>
  (host: string): Init<HostEntry> => {
    const { deaths, vnets } = book
    const awayUnixMs = away.sinceUnixMs(host)
    const row = deaths.get(host)
    if (!row) return { awayUnixMs, problems: awayUnixMs > 0 && away.areMostAway ? [mostAway(host)] : [] }
    const { state, by, sinceUnixMs, fencedUnixMs, bootId } = row
    const { error, nextTryUnixMs = 0 } = fencing.failureOf(host) ?? {}
    // Of one that is being fenced, what would be lost.
    const asFenced = new Map([[host, { ...row, state: 'fenced' as const }]])
    const waiting = [...vnets.values()].filter((one) => isDue(one, asFenced)).map(({ vnet }) => vnet)
    return {
      awayUnixMs,
      death: { state, by, sinceUnixMs, fencedUnixMs, bootId, error, nextTryUnixMs, vnets: waiting.sort() },
    }
  }
