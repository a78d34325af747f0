/** What PIPs answer that are asked whether they would carry a part. */
import type { Init } from '../../proto/codec.ts'
import { fromWireError, WeftError } from '../../proto/errors.ts'
import type { Offer, OfferAnswer } from '../../proto/generated/weft.v1.ts'
import type { Provider } from './providers.ts'

export const offerTimeoutMs = 8000

/** What a provider answered, or why it carries nothing. */
export interface Answer {
  readonly provider: Provider
  readonly offer: OfferAnswer | undefined
  readonly refusal: unknown
}

export const askOffer = async (provider: Provider, offer: Init<Offer>): Promise<Answer> => {
  try {
    const { offer: answer } = await provider.call({ offer }, offerTimeoutMs)
    if (!answer) throw new WeftError('message.malformed', `${provider.name} answered offer without one`)
    return { provider, offer: answer, refusal: answer.error && fromWireError(answer.error) }
  } catch (error) {
    return { provider, offer: undefined, refusal: error }
  }
}

const isUnanswered = (refusal: unknown): boolean =>
  refusal instanceof WeftError && (refusal.code === 'call.timeout' || refusal.code === 'call.unreachable')

/** What may change by waiting comes before what never will, and any answer before none. */
export const bindingRefusal = (answers: readonly Answer[]): unknown => {
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
