/** `weft host`: the host as its agent sees it, with the broker down too. */
import { toJson } from '../../../proto/codec.ts'
import { WeftError } from '../../../proto/errors.ts'
import { askAgent, askSlices } from '../ask-agent.ts'
import type { Run } from '../command.ts'
import type { hostFlags } from '../declare-hosts.ts'
import { exit } from '../exit.ts'
import { printValue } from '../print.ts'
import { describeHost } from '../view/host.ts'

export const run: Run<typeof hostFlags> = async (context, { flags }) => {
  const { output, host: asked } = flags
  const { host } = await askAgent(context, { host: {} }, { host: asked })
  if (!host) throw new WeftError('message.malformed', 'the agent answered "host" with something else')
  if (output === 'name') context.stdout.write(`host/${host.inventory?.host ?? ''}\n`)
  else if (output === 'json' || output === 'yaml') await printValue(context, toJson('HostView', host), output)
  else {
    const slices = await askSlices(context, '', { host: asked })
    context.stdout.write(describeHost(host, slices, context.colour.stdout))
  }
  return exit.ok
}
