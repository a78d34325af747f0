/** `weft host exec`: a command in a node of this host, by its agent alone. */
import { WeftError } from '../../../proto/errors.ts'
import { askAgent } from '../ask-agent.ts'
import type { Run } from '../command.ts'
import type { hostExecFlags } from '../declare-hosts.ts'
import { passOn, relayMs } from '../exec.ts'
import { splitName } from '../find-object.ts'
import { UsageError } from '../usage-error.ts'

export const run: Run<typeof hostExecFlags> = async (context, { flags, args, rest }) => {
  const { host, timeout: timeoutMs } = flags
  const [name = ''] = args
  const [vnet, node] = splitName(name)
  if (vnet === undefined) throw new UsageError(`"${name}" names no VNet`, `VNET/NODE, for instance alice.shop/${name}`)
  const command = { exec: { vnet, node, argv: rest, timeoutMs } }
  const { exec } = await askAgent(context, command, { host, timeoutMs: timeoutMs + relayMs })
  if (!exec) throw new WeftError('message.malformed', 'the agent answered "exec" with something else')
  return passOn(context, exec)
}
