/**
 * A request becomes a VNet, or changes one: offers, reservations at every provider, then one transaction that decides. Whatever fails
 * before it leaves the VNet as it was, and everything reserved is given back.
 */
import { WeftError } from '../../proto/errors.ts'
import type { Change, Reservation, Timing, VNetRequest } from '../../proto/generated/weft.v1.ts'
import { diffRequests } from '../description/diff.ts'
import { fillIn } from '../description/fill-in.ts'
import { validateRequest } from '../description/validate.ts'
import type { Clock } from '../roles/clock.ts'
import { canOwn, ownerHint } from '../roles/names.ts'
import type { Book } from './book.ts'
import { leaseMs, reserveTimeoutMs } from './carry.ts'
import type { Provider } from './providers.ts'
import type { Part, VNetRow } from './rows.ts'
import { type PlannedPart, splitRequest } from './split.ts'

export interface ApplyOptions {
  readonly book: Book
  readonly providers: ReadonlyMap<string, Provider>
  readonly clock: Clock
  /** Whether a provider lost its part of the VNet, so that an unchanged request builds it again. */
  readonly isLost: (row: VNetRow) => boolean
  /** Reservations that were not decided on wait in the book. */
  readonly onReleases: (ids: readonly string[]) => void
}

/** What is asked of one VNet, checked: its name at providers, what stands, what shall be. */
export interface Asked {
  readonly key: string
  readonly owner: string
  readonly row: VNetRow | undefined
  readonly request: VNetRequest
  readonly changes: readonly Change[]
}

/** Throws all that is wrong with the request (an AggregateError), vnet.busy, owner.denied. */
export const checkAsked = (book: Book, asked: VNetRequest | undefined, owner: string): Asked => {
  if (!asked) throw new WeftError('message.malformed', 'the request is missing')
  if (!canOwn(owner)) {
    throw new WeftError('owner.denied', `"${owner}" cannot own VNets`, { hint: `an identity of ${ownerHint}` })
  }
  const errors = validateRequest(asked)
  if (errors.length > 0) throw new AggregateError(errors, errors[0]?.message)
  const request = fillIn(asked)
  const key = `${owner}.${request.name}`
  const row = book.vnets.get(key)
  if (row?.removing) {
    throw new WeftError('vnet.busy', `${request.name} is being removed`, {
      object: `vnet/${request.name}`,
      hint: 'wait until it is gone',
    })
  }
  return { key, owner, row, request, changes: diffRequests(row?.request, request) }
}

const checkGeneration = ({ row, request }: Asked, expected: number): void => {
  const stands = row?.generation ?? 0
  if (expected === 0 || expected === stands) return
  throw new WeftError('generation.stale', `${request.name} is at generation ${stands}, not ${expected}`, {
    object: `vnet/${request.name}`,
    hint: 'someone else changed it: look at it and ask again',
  })
}

const seconds = (from: number, to: number): number => (to - from) / 1000

export const partOf = ({ key, request }: Asked): VNetRequest => ({ ...request, name: key })

/** Decides; the row that stands then. Not at the same time as anything else on the same VNet. */
export const applyRequest = async (
  options: ApplyOptions,
  asked: VNetRequest | undefined,
  owner: string,
  expectedGeneration: number,
): Promise<VNetRow> => {
  const { book, providers, clock, isLost, onReleases } = options
  const started = clock.now()
  const checked = checkAsked(book, asked, owner)
  checkGeneration(checked, expectedGeneration)
  const { key, row, request, changes } = checked
  if (row && changes.length === 0 && !isLost(row)) return row
  const read = clock.now()
  const planned = await splitRequest(providers, row, partOf(checked))
  const discovered = clock.now()

  const parts = planned.map((part): Part => ({ ...part, reservation: crypto.randomUUID(), generation: 0 }))
  const ids = parts.map(({ reservation }) => reservation)
  // Whatever happens from here on: what is not decided is given back.
  const releases = parts.map(({ reservation, pip }) => [reservation, { pip, vnet: key }] as const)
  await book.save({ releases: new Map(releases) })
  try {
    const reserved = await reserveAll(providers, parts)
    const timings: readonly Timing[] = [
      { name: 'request', seconds: seconds(started, read) },
      { name: 'discovery', seconds: seconds(read, discovered) },
      ...reservationTimings(reserved, seconds(discovered, clock.now())),
    ]
    const generation = (row?.generation ?? 0) + 1
    const next: VNetRow = {
      key,
      owner,
      name: request.name,
      generation,
      request,
      parts,
      removing: false,
      timings,
      acceptedUnixMs: row?.acceptedUnixMs || clock.unixMs(),
    }
    await book.save({
      vnets: new Map([[key, next]]),
      releases: new Map(ids.map((id) => [id, undefined])),
    })
    return next
  } catch (error) {
    onReleases(ids)
    throw error
  }
}

/** All, or an error: the first refusal in the order of the parts. */
const reserveAll = async (
  providers: ReadonlyMap<string, Provider>,
  parts: readonly Part[],
): Promise<readonly Reservation[]> => {
  const results = await Promise.allSettled(parts.map((part) => reservePart(providers.get(part.pip), part)))
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason
    return result.value
  })
}

const reservePart = async (provider: Provider | undefined, part: Part): Promise<Reservation> => {
  const { pip, reservation: id, request } = part
  if (!provider) throw new WeftError('provider.unavailable', `there is no provider ${pip}`)
  const answer = await provider.call({ reserve: { reservation: id, part: request, leaseMs } }, reserveTimeoutMs)
  if (!answer.reservation) throw new WeftError('message.malformed', `${pip} answered reserve without a reservation`)
  return answer.reservation
}

/** The longest mapping of a provider, and what the reservation took beside it. */
const reservationTimings = (reserved: readonly Reservation[], whole: number): readonly Timing[] => {
  const mappings = reserved.map(({ state }) => state?.timings.find(({ name }) => name === 'mapping')?.seconds ?? 0)
  const mapping = Math.min(whole, Math.max(0, ...mappings))
  return [
    { name: 'mapping', seconds: mapping },
    { name: 'reservation', seconds: whole - mapping },
  ]
}

/** Would it fit? Throws why not. */
export const offerRequest = async (
  options: Pick<ApplyOptions, 'providers'>,
  asked: Asked,
): Promise<readonly PlannedPart[]> => splitRequest(options.providers, asked.row, partOf(asked))
