/** `weft host click`: the Click router of an interface, by the host's agent alone. */
import { WeftError } from '../../../proto/errors.ts'
import { askAgent } from '../ask-agent.ts'
import type { Run } from '../command.ts'
import type { hostClickFlags } from '../declare-hosts.ts'
import { exit } from '../exit.ts'
import { UsageError } from '../usage-error.ts'

export const run: Run<typeof hostClickFlags> = async (context, { flags, args }) => {
  const { host, handlers } = flags
  const [name = ''] = args
  const match = /^([^/]+)\/([^/]+)\.(\d+)$/.exec(name)
  if (match === null) throw new UsageError(`"${name}" names no interface`, 'VNET/NODE.IF, for instance alice.shop/r1.0')
  const [, vnet = '', node = '', index] = match
  const command = { router: { vnet, node, interface: Number(index), handlers } }
  const { router } = await askAgent(context, command, { host })
  if (!router) throw new WeftError('message.malformed', 'the agent answered "router" with something else')
  const { stdout, stderr } = context
  stdout.write(router.text)
  for (const { name: handler, value } of router.handlers) stdout.write(`${handler}: ${value.trimEnd()}\n`)
  if (router.state !== 'running') stderr.write(`the router is ${router.state}\n`)
  return exit.ok
}
