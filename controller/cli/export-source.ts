/** What there is to export or draw of a VNet that stands. */
import { WeftError } from '../../proto/errors.ts'
import type { Substrate } from '../../proto/generated/weft.v1.ts'
import type { ExportSource } from '../description/export/source.ts'
import { ask } from './ask.ts'
import type { Context } from './context.ts'
import { knownVNet } from './find-object.ts'

/** Throws vnet.unknown, and vnet.unavailable where the role has no request of it. */
export const exportSource = async (context: Context, vnet: string, role: string): Promise<ExportSource> => {
  const state = await knownVNet(context, vnet, role)
  const { request } = state
  if (!request) {
    throw new WeftError('message.malformed', `the ${role} tells no request of ${vnet}`, {
      object: `vnet/${vnet}`,
      hint: role === 'vno' ? 'weft get vnets says how it stands' : '--role vno',
    })
  }
  // A PIP's slices are named after their owners, their requests too.
  return { request: { ...request, name: request.name || vnet }, state, substrate: await substrateOf(context, role) }
}

/** A PIP's own. Who operates a VNet sees no more of a provider than his VNet shows. */
const substrateOf = async (context: Context, role: string): Promise<Substrate | undefined> => {
  if (role !== 'pip') return undefined
  const { substrate } = await ask(context, { substrate: {} }, { role })
  if (!substrate) throw new WeftError('message.malformed', 'the PIP answered "substrate" with something else')
  return substrate
}
