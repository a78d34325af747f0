/**
 * Who carries what of a VNet, and where: found and held, until it is decided or given back (docs/discovery.md).
 *
 * At the PIP: every provider is asked for an offer, which it holds; the cheapest is taken, the others are given back. At the VNP: it maps by
 * what the providers advertise, and has the cheapest hold that very embedding; who advertises nothing, or seems to have no room, is asked for
 * an offer. Both end with a reservation. For now one provider carries all of a VNet; one that stands stays where it is.
 */
import { hasCode, WeftError } from '../../proto/errors.ts'
import type { Reservation, Timing, VNetRequest } from '../../proto/generated/weft.v1.ts'
import { embeddingFromMessage, embeddingToMessage } from '../advertisement/embedding.ts'
import type { Mapper } from '../mapper/mapper.ts'
import type { Embedding } from '../mapping/mapping.ts'
import type { Clock } from '../roles/clock.ts'
import type { Book } from './book.ts'
import { leaseMs, reserveTimeoutMs } from './carry.ts'
import { type Answer, askOffer, bindingRefusal } from './offers.ts'
import { mapAt } from './own-mapping.ts'
import type { Provider } from './providers.ts'
import type { Part, VNetRow } from './rows.ts'

/** Where a VNet is mapped onto the substrate. */
export const discoveries = ['pip', 'vnp'] as const
export type Discovery = (typeof discoveries)[number]

export interface DiscoverOptions {
  readonly book: Book
  readonly providers: ReadonlyMap<string, Provider>
  readonly clock: Clock
  /** Maps on what providers advertise. */
  readonly mapper: Mapper
  /** Reservations that are not taken wait in the book. */
  readonly onReleases: (ids: readonly string[]) => void
}

export interface Sought {
  readonly key: string
  readonly row: VNetRow | undefined
  readonly part: VNetRequest
  readonly discovery: Discovery
}

/** Every part is held; its reservation is in the book as one to release, which the decision takes out. */
export interface Found {
  readonly parts: readonly Part[]
  readonly discovery: Discovery
  readonly timings: readonly Timing[]
}

interface Candidate {
  readonly provider: Provider
  readonly cost: number
  readonly mappingSeconds: number
  readonly held?: Reservation | undefined
  readonly embedding?: Embedding | undefined
}

/** How often the VNP maps anew where others were quicker, before it leaves it to the PIP. */
const ownTries = 3

/** Throws the binding refusal, provider.unavailable where nobody answered, and what a reservation failed by; nothing is held then. */
export const discover = async (options: DiscoverOptions, sought: Sought): Promise<Found> => {
  const { book, providers, clock, mapper, onReleases } = options
  const { key, row, part } = sought
  const started = clock.now()
  const standing = row?.parts.map(({ pip }) => pip)
  const asked = [...providers.values()].filter(({ name }) => standing?.includes(name) ?? true)
  const written = new Set<string>()

  /** Ids of reservations at providers: whatever happens from here on, what is not decided is given back. */
  const writeDown = async (all: readonly Provider[]): Promise<readonly string[]> => {
    const ids = all.map(() => crypto.randomUUID() as string)
    if (all.length === 0) return ids
    await book.save({ releases: new Map(all.map(({ name: pip }, i) => [ids[i] as string, { pip, vnet: key }])) })
    for (const id of ids) written.add(id)
    return ids
  }

  /** They hold nothing: that was the answer. */
  const strikeOut = async (ids: readonly string[]): Promise<void> => {
    if (ids.length === 0) return
    await book.save({ releases: new Map(ids.map((id) => [id, undefined])) })
    for (const id of ids) written.delete(id)
  }

  const mapped = async (all: readonly Provider[]): Promise<readonly Candidate[]> => {
    const found: Candidate[] = []
    for (const provider of all) {
      const from = clock.now()
      const embedding = await mapAt(mapper, provider, row, part)
      const mappingSeconds = (clock.now() - from) / 1000
      if (embedding) found.push({ provider, cost: embedding.cost, embedding, mappingSeconds })
    }
    return found
  }

  const offered = async (all: readonly Provider[]): Promise<readonly Answer[]> => {
    const ids = await writeDown(all)
    const answers = await Promise.all(
      all.map((provider, i) => askOffer(provider, { part, reservation: ids[i], leaseMs })),
    )
    await strikeOut(ids.filter((_, i) => answers[i]?.offer?.error !== undefined))
    return answers
  }

  const cheapest = async (discovery: Discovery): Promise<Candidate> => {
    // Nothing is written down for a provider that is away: it could not be given back before it returns.
    const away = (await Promise.all(asked.map(reach))).filter((answer) => answer !== undefined)
    const there = asked.filter((provider) => !away.some((one) => one.provider === provider))
    const own = discovery === 'vnp' ? await mapped(there) : []
    const toAsk = there.filter((provider) => !own.some((one) => one.provider === provider))
    const answers = [...(await offered(toAsk)), ...away]
    const held = answers.flatMap((answer) => (answer.refusal === undefined ? [heldBy(answer)] : []))
    const [first] = [...own, ...held].sort((a, b) => a.cost - b.cost || (a.provider.name < b.provider.name ? -1 : 1))
    if (!first) throw bindingRefusal(answers)
    return first
  }

  /** undefined: it is not to be had as it was mapped. */
  const reserve = async ({ provider, embedding }: Candidate): Promise<Reservation | undefined> => {
    const [reservation = ''] = await writeDown([provider])
    const request = { reservation, part, leaseMs, embedding: embedding && embeddingToMessage(part, embedding) }
    try {
      const answer = await provider.call({ reserve: request }, reserveTimeoutMs)
      if (!answer.reservation) throw new WeftError('message.malformed', `${provider.name} answered reserve without one`)
      return answer.reservation
    } catch (error) {
      if (!hasCode(error, 'embedding.stale')) throw error
      await strikeOut([reservation])
      await provider.substrate.refresh()
      return undefined
    }
  }

  const found = async (): Promise<Found> => {
    for (let count = 1; ; count++) {
      const candidate = await cheapest(count > ownTries ? 'pip' : sought.discovery)
      const chosen = clock.now()
      const held = candidate.held ?? (await reserve(candidate))
      if (!held) continue
      const { provider, mappingSeconds } = candidate
      onReleases([...written].filter((id) => id !== held.reservation))
      return {
        parts: [
          {
            pip: provider.name,
            request: part,
            reservation: held.reservation,
            generation: 0,
            embedding: held.embedding && embeddingFromMessage(held.embedding, held.cost),
          },
        ],
        discovery: candidate.held ? 'pip' : 'vnp',
        timings: [
          { name: 'discovery', seconds: Math.max(0, (chosen - started) / 1000 - mappingSeconds) },
          { name: 'mapping', seconds: mappingSeconds },
          { name: 'reservation', seconds: (clock.now() - chosen) / 1000 },
        ],
      }
    }
  }

  try {
    return await found()
  } catch (error) {
    onReleases([...written])
    throw error
  }
}

/** What stands for the answer of a provider that is away. */
const reach = async (provider: Provider): Promise<Answer | undefined> => {
  try {
    await provider.reach()
    return undefined
  } catch (refusal) {
    return { provider, offer: undefined, refusal }
  }
}

/** Throws message.malformed where it is not held. */
const heldBy = ({ provider, offer }: Answer): Candidate => {
  const held = offer?.reservation
  if (!held) throw new WeftError('message.malformed', `${provider.name} made an offer and does not hold it`)
  const mappingSeconds = held.state?.timings.find(({ name }) => name === 'mapping')?.seconds ?? 0
  return { provider, cost: offer.cost, held, mappingSeconds }
}
