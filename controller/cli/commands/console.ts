/** `weft console`: the console of a node, through the roles. */
import { WeftError } from '../../../proto/errors.ts'
import { ask } from '../ask.ts'
import type { Run } from '../command.ts'
import { showConsole } from '../console/console.ts'
import type { consoleFlags } from '../declare-console.ts'
import { findObject, splitName } from '../find-object.ts'

export const run: Run<typeof consoleFlags> = async (context, { flags, args }) => {
  const [name = ''] = args
  const [typed, node] = splitName(name)
  const role = 'vno'
  const vnet = typed ?? flags.vnet ?? (await findObject(context, 'node', name, { vnet: undefined, role })).state.vnet
  const readOnly = flags['read-only']
  const open = async (after: number | undefined) => {
    const { console } = await ask(context, {
      console: { vnet, node, readOnly, ...(after === undefined ? {} : { after }) },
    })
    if (!console) throw new WeftError('message.malformed', 'the role answered "console" with something else')
    return console
  }
  return showConsole(context, { name: `${vnet}/${node}`, readOnly, open })
}
