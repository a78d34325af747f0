/** The VNO's way to its VNP: one call, with what its failure means for the operator. */
import { create, type Init } from '../../proto/codec.ts'
import { WeftError } from '../../proto/errors.ts'
import type { ApiReply, ApiRequest } from '../../proto/generated/weft.v1.ts'
import type { Session } from '../../proto/session.ts'
import { topics } from '../../proto/topics.ts'

export interface VnpLink {
  /** Throws call.unreachable where nothing was sent, call.timeout where the outcome is unknown, and the VNP's own error. */
  call(request: Init<ApiRequest>, timeoutMs: number): Promise<ApiReply>
  watch(): Promise<void>
}

const explained = (error: unknown, domain: string): unknown => {
  if (!(error instanceof WeftError) || error.code !== 'call.timeout') return error
  return new WeftError('call.timeout', `the VNP ${domain} has not answered: ${error.message}`, {
    object: error.object,
    hint: 'it may still be carried out, and is shown here once the VNP tells; asking again does no harm',
    cause: error,
  })
}

export const createVnpLink = (session: Session, domain: string): VnpLink => {
  // Until it says otherwise it may be there: a call finds out.
  let online = true
  return {
    call: async (request, timeoutMs) => {
      if (!session.connected || !online) {
        const who = session.connected ? `the VNP ${domain}` : `the broker of the VNP ${domain}`
        throw new WeftError('call.unreachable', `${who} is not there`, {
          hint: 'nothing was sent and nothing changes; VNets go on meanwhile: ask again once it is back',
        })
      }
      try {
        return await session.call(
          topics.apiRequest(domain, session.identity),
          'ApiRequest',
          create('ApiRequest', request),
          topics.apiReply(domain, session.identity),
          'ApiReply',
          { timeoutMs, idempotencyKey: crypto.randomUUID() },
        )
      } catch (error) {
        throw explained(error, domain)
      }
    },
    watch: () =>
      session.subscribe(topics.controllerState(domain), 'ControllerState', (state) => {
        online = state?.online ?? true
      }),
  }
}
