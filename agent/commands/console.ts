/** console: a ticket for the console of a node of the caller's; whoever may run commands in the node may have it. */
import { create } from '../../proto/codec.ts'
import { WeftError } from '../../proto/errors.ts'
import type { HostReply, OpenConsole } from '../../proto/generated/weft.v1.ts'
import { type CommandContext, operatedNode } from './context.ts'

export const openConsole = async (
  { desired, consoles }: CommandContext,
  { vnet, node: id, readOnly, after }: OpenConsole,
  owner: string,
): Promise<HostReply> => {
  const { slice } = operatedNode(desired, vnet, id, owner)
  if (!consoles) {
    throw new WeftError('verb.unsupported', 'this host serves no consoles', { object: `node/${id}` })
  }
  consoles.look(vnet, slice)
  return create('HostReply', { console: await consoles.open(vnet, id, { readOnly, after }) })
}
