/**
 * A request becomes a VNet, or changes one: offers, reservations at every provider, then one transaction that decides. Whatever fails
 * before it leaves the VNet as it was, and everything reserved is given back.
 */
import { WeftError } from '../../proto/errors.ts'
import type { ApplyVNet, Change, OfferAnswer, VNetRequest } from '../../proto/generated/weft.v1.ts'
import { diffRequests } from '../description/diff.ts'
import { fillIn } from '../description/fill-in.ts'
import { validateRequest } from '../description/validate.ts'
import type { Clock } from '../roles/clock.ts'
import { canOwn, ownerHint } from '../roles/names.ts'
import type { Book } from './book.ts'
import { type DiscoverOptions, type Discovery, discover, discoveries } from './discover.ts'
import { askOffer, bindingRefusal } from './offers.ts'
import type { VNetRow } from './rows.ts'

export interface ApplyOptions extends DiscoverOptions {
  readonly clock: Clock
  /** Where VNets are mapped that do not ask for one; at the PIP without it. */
  readonly discovery?: Discovery | undefined
  /** Whether a provider lost its part of the VNet, so that an unchanged request builds it again. */
  readonly isLost: (row: VNetRow) => boolean
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

/** undefined where none is asked for. Throws message.malformed. */
const discoveryOf = (text: string): Discovery | undefined => {
  if (text === '') return undefined
  const known = discoveries.find((one) => one === text)
  if (known) return known
  throw new WeftError('message.malformed', `"${text}" is no place to map at`, { hint: discoveries.join(' or ') })
}

const seconds = (from: number, to: number): number => (to - from) / 1000

export const partOf = ({ key, request }: Asked): VNetRequest => ({ ...request, name: key })

/** Decides; the row that stands then. Not at the same time as anything else on the same VNet. */
export const applyRequest = async (
  options: ApplyOptions,
  asked: Pick<ApplyVNet, 'request' | 'expectedGeneration' | 'discovery'>,
  owner: string,
): Promise<VNetRow> => {
  const { book, clock, isLost, onReleases } = options
  const started = clock.now()
  const checked = checkAsked(book, asked.request, owner)
  checkGeneration(checked, asked.expectedGeneration)
  const discovery = discoveryOf(asked.discovery) ?? options.discovery ?? 'pip'
  const { key, row, request, changes } = checked
  if (row && changes.length === 0 && !isLost(row)) return row
  const read = clock.now()
  const found = await discover(options, { key, row, part: partOf(checked), discovery })
  const ids = found.parts.map(({ reservation }) => reservation)
  try {
    const generation = (row?.generation ?? 0) + 1
    const next: VNetRow = {
      key,
      owner,
      name: request.name,
      generation,
      request,
      parts: found.parts,
      discovery: found.discovery,
      removing: false,
      timings: [{ name: 'request', seconds: seconds(started, read) }, ...found.timings],
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

/** Would it fit? Throws why not. */
export const offerRequest = async (
  { providers }: Pick<ApplyOptions, 'providers'>,
  asked: Asked,
): Promise<readonly OfferAnswer[]> => {
  const part = partOf(asked)
  const standing = asked.row?.parts.map(({ pip }) => pip)
  const able = [...providers.values()].filter(({ name }) => standing?.includes(name) ?? true)
  const answers = await Promise.all(able.map((provider) => askOffer(provider, { part })))
  const offers = answers.flatMap(({ offer, refusal }) => (offer && refusal === undefined ? [offer] : []))
  if (offers.length === 0) throw bindingRefusal(answers)
  return offers
}
