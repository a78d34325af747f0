/** `weft host console`: the console of a node of this host, by its agent alone. */
import { WeftError } from '../../../proto/errors.ts'
import { askAgent } from '../ask-agent.ts'
import type { Run } from '../command.ts'
import { showConsole } from '../console/console.ts'
import type { hostConsoleFlags } from '../declare-console.ts'
import { splitName } from '../find-object.ts'
import { UsageError } from '../usage-error.ts'

export const run: Run<typeof hostConsoleFlags> = async (context, { flags, args }) => {
  const { host, 'read-only': readOnly } = flags
  const [name = ''] = args
  const [vnet, node] = splitName(name)
  if (vnet === undefined) throw new UsageError(`"${name}" names no VNet`, `VNET/NODE, for instance alice.shop/${name}`)
  const open = async (after: number | undefined) => {
    const command = { console: { vnet, node, readOnly, ...(after === undefined ? {} : { after }) } }
    const { console } = await askAgent(context, command, { host })
    if (!console) throw new WeftError('message.malformed', 'the agent answered "console" with something else')
    return console
  }
  return showConsole(context, { name, readOnly, open })
}
