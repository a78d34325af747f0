/** A node or link by its name: VNET/NAME, or NAME alone where only one VNet has it. */
import { WeftError } from '../../proto/errors.ts'
import type { VNetState } from '../../proto/generated/weft.v1.ts'
import { suggest } from '../description/nearest.ts'
import { askVNet, askVNets } from './ask.ts'
import type { Context } from './context.ts'
import { UsageError } from './usage-error.ts'

export type Kind = 'node' | 'link'

export interface FoundObject {
  readonly state: VNetState
  readonly id: string
}

export const splitName = (name: string): readonly [vnet: string | undefined, id: string] => {
  const at = name.indexOf('/')
  return at < 0 ? [undefined, name] : [name.slice(0, at), name.slice(at + 1)]
}

const idsOf = (state: VNetState, kind: Kind): readonly string[] =>
  (kind === 'node' ? state.nodes : state.links).map(({ id }) => id)

/** Throws vnet.unknown, node.unknown, and UsageError where several VNets have it. */
export const findObject = async (
  context: Context,
  kind: Kind,
  name: string,
  { vnet: given, role }: { readonly vnet: string | undefined; readonly role: string },
): Promise<FoundObject> => {
  const [typed, id] = splitName(name)
  const vnet = typed ?? given
  if (typed !== undefined && given !== undefined && typed !== given) {
    throw new UsageError(`"${name}" is of ${typed}, --vnet says ${given}`)
  }
  const states = vnet === undefined ? await askVNets(context, '', { role }) : [await knownVNet(context, vnet, role)]
  const having = states.filter((state) => idsOf(state, kind).includes(id))
  const [state] = having
  if (having.length > 1) {
    const names = having.map((one) => `${one.vnet}/${id}`)
    throw new UsageError(`several VNets have a ${kind} ${id}: ${names.join(', ')}`, `name one: ${names[0]}`)
  }
  if (!state) throw unknownObject(kind, id, vnet, states)
  return { state, id }
}

/** Throws vnet.unknown. */
export const knownVNet = async (context: Context, vnet: string, role: string): Promise<VNetState> => {
  const state = await askVNet(context, vnet, { role })
  if (!state) throw unknownVNet(vnet)
  return state
}

const unknownVNet = (vnet: string): WeftError =>
  new WeftError('vnet.unknown', `there is no VNet ${vnet}`, {
    object: `vnet/${vnet}`,
    hint: 'weft get vnets lists them',
  })

const unknownObject = (kind: Kind, id: string, vnet: string | undefined, states: readonly VNetState[]): Error => {
  const known = states.flatMap((state) => idsOf(state, kind))
  const message = `${vnet === undefined ? 'no VNet' : vnet} has ${vnet === undefined ? 'a' : 'no'} ${kind} ${id}`
  const hint = suggest(id, known)
  return kind === 'node'
    ? new WeftError('node.unknown', message, { object: `node/${id}`, hint })
    : new UsageError(message, hint)
}
