/**
 * Who carries what of a VNet. For now one provider carries all of it: the cheapest that would; a VNet that stands stays where it is.
 * The answer is a list of parts, so that a split over several providers changes nothing else.
 */
import { fromWireError, WeftError } from '../../proto/errors.ts'
import type { VNetRequest } from '../../proto/generated/weft.v1.ts'
import type { Provider } from './providers.ts'
import type { VNetRow } from './rows.ts'

export interface PlannedPart {
  readonly pip: string
  readonly request: VNetRequest
}

export const offerTimeoutMs = 8000

/** What a provider answered: a cost, or why not. */
interface Answer {
  readonly provider: Provider
  readonly cost: number
  readonly refusal: unknown
}

const ask = async (provider: Provider, part: VNetRequest): Promise<Answer> => {
  try {
    const { offer } = await provider.call({ offer: { part } }, offerTimeoutMs)
    if (!offer) throw new WeftError('message.malformed', `${provider.name} answered offer without one`)
    return { provider, cost: offer.cost, refusal: offer.error && fromWireError(offer.error) }
  } catch (error) {
    return { provider, cost: Number.POSITIVE_INFINITY, refusal: error }
  }
}

const isUnanswered = (refusal: unknown): boolean =>
  refusal instanceof WeftError && (refusal.code === 'call.timeout' || refusal.code === 'call.unreachable')

/** What may change by waiting comes before what never will, and any answer before none. */
const bindingRefusal = (answers: readonly Answer[]): unknown => {
  const refusals = answers.map(({ refusal }) => refusal)
  const answered = refusals.filter((refusal) => !isUnanswered(refusal))
  if (answered.length === 0) {
    const names = answers.map(({ provider }) => provider.name).join(', ')
    return new WeftError('provider.unavailable', `no provider answered: ${names || 'none is configured'}`, {
      hint: 'nothing was changed; ask again once they are back',
      cause: refusals[0],
    })
  }
  const notNow = answered.find((refusal) => refusal instanceof WeftError && refusal.code === 'admission.not-now')
  return notNow ?? answered[0]
}

/** Asks in parallel; nothing is held. Throws the binding refusal, or provider.unavailable where nobody answered. */
export const splitRequest = async (
  providers: ReadonlyMap<string, Provider>,
  row: VNetRow | undefined,
  part: VNetRequest,
): Promise<readonly PlannedPart[]> => {
  const standing = row?.parts.map(({ pip }) => pip)
  const asked = [...providers.values()].filter(({ name }) => standing?.includes(name) ?? true)
  const answers = await Promise.all(asked.map((provider) => ask(provider, part)))
  const [cheapest] = answers
    .filter(({ refusal }) => refusal === undefined)
    .sort((a, b) => a.cost - b.cost || (a.provider.name < b.provider.name ? -1 : 1))
  if (!cheapest) throw bindingRefusal(answers)
  return [{ pip: cheapest.provider.name, request: part }]
}
