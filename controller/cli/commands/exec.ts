/** `weft exec`: a command in a node, through the roles. */
import { WeftError } from '../../../proto/errors.ts'
import { ask } from '../ask.ts'
import type { Run } from '../command.ts'
import type { execFlags } from '../declare-hosts.ts'
import { passOn, relayMs } from '../exec.ts'
import { findObject, splitName } from '../find-object.ts'

export const run: Run<typeof execFlags> = async (context, { flags, args, rest }) => {
  const { timeout: timeoutMs, role } = flags
  const [name = ''] = args
  const [typed, id] = splitName(name)
  // Where the VNet is named the role itself says whether the node is there.
  const vnet = typed ?? flags.vnet ?? (await findObject(context, 'node', name, { vnet: undefined, role })).state.vnet
  const { exec } = await ask(
    context,
    { exec: { vnet, node: id, argv: rest, timeoutMs } },
    { role, timeoutMs: timeoutMs + relayMs },
  )
  if (!exec) throw new WeftError('message.malformed', 'the role answered "exec" with something else')
  return passOn(context, exec)
}
