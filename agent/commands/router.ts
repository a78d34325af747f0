/** router: the Click router of an interface, as it runs. */
import { create } from '../../proto/codec.ts'
import { WeftError } from '../../proto/errors.ts'
import type { GetRouter, HostReply } from '../../proto/generated/weft.v1.ts'
import { type CommandContext, visibleSlice } from './context.ts'

export const viewRouter = async (
  { desired, datapaths }: CommandContext,
  { vnet, node: id, interface: index, handlers }: GetRouter,
  owner: string,
): Promise<HostReply> => {
  const slice = visibleSlice(desired, vnet, owner)
  const node = slice.nodes.find((one) => one.id === id)
  if (!node) {
    const hint = `nodes: ${slice.nodes.map((one) => one.id).join(', ') || 'none'}`
    throw new WeftError('node.unknown', `${vnet} has no node ${id} on this host`, { object: `node/${id}`, hint })
  }
  for (const { inspect } of datapaths) {
    const router = await inspect?.(vnet, id, index, handlers)
    if (router) return create('HostReply', { router })
  }
  throw new WeftError('router.unknown', `interface ${id}.${index} of ${vnet} has no Click router`, {
    object: `interface/${id}.${index}`,
    hint: 'a link, and forwarding click or anti-spoofing',
  })
}
