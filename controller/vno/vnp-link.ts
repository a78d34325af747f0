/** The VNO's way to its VNP: its calls, and what a missing answer means for the operator. */
import { WeftError } from '../../proto/errors.ts'
import { createPresence, type Presence, type PresenceOptions } from '../roles/presence.ts'

const explained = (error: unknown, domain: string): unknown => {
  if (!(error instanceof WeftError) || error.code !== 'call.timeout') return error
  return new WeftError('call.timeout', `the VNP ${domain} has not answered: ${error.message}`, {
    object: error.object,
    hint: 'it may still be carried out, and is shown here once the VNP tells; asking again does no harm',
    cause: error,
  })
}

export const createVnpLink = (options: Omit<PresenceOptions, 'who'>): Presence => {
  const presence = createPresence({ ...options, who: `the VNP ${options.domain}` })
  return {
    ...presence,
    call: async (request, timeoutMs) => {
      try {
        return await presence.call(request, timeoutMs)
      } catch (error) {
        throw explained(error, options.domain)
      }
    },
  }
}
