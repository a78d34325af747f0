/** handler: reads and writes handlers of the operator's own Click at an interface. Whoever owns the slice may, and nobody else. */
import { create } from '../../proto/codec.ts'
import { WeftError } from '../../proto/errors.ts'
import type { HostReply, UseHandler } from '../../proto/generated/weft.v1.ts'
import { type CommandContext, visibleSlice } from './context.ts'

export const useOwnHandler = async (
  { desired, datapaths }: CommandContext,
  { vnet, node: id, interface: index, handler, write, value }: UseHandler,
  owner: string,
): Promise<HostReply> => {
  const slice = visibleSlice(desired, vnet, owner)
  // Whoever is root on the host sees what runs there, but an operator's Click is the operator's.
  if (slice.owner !== owner) {
    throw new WeftError('owner.denied', `${vnet} is ${slice.owner}'s`, { object: `vnet/${vnet}` })
  }
  const node = slice.nodes.find((one) => one.id === id)
  if (!node) {
    const hint = `nodes: ${slice.nodes.map((one) => one.id).join(', ') || 'none'}`
    throw new WeftError('node.unknown', `${vnet} has no node ${id} on this host`, { object: `node/${id}`, hint })
  }
  const object = `interface/${id}.${index}`
  if (write && handler === '') {
    throw new WeftError('message.malformed', 'what is written has no handler', { object, hint: '"element.handler"' })
  }
  for (const { useOwn } of datapaths) {
    const router = await useOwn?.(vnet, id, index, { handler, ...(write ? { write: value } : {}) })
    if (router) return create('HostReply', { router })
  }
  throw new WeftError('router.unknown', `interface ${id}.${index} of ${vnet} has no Click of its operator's`, {
    object,
    hint: 'click at the interface of a node with forwarding click, and a link',
  })
}
