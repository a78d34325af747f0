/** `weft handlers`: handlers of the operator's own Click at an interface, through the roles. */
import { toJson } from '../../../proto/codec.ts'
import { WeftError } from '../../../proto/errors.ts'
import { ask } from '../ask.ts'
import type { Run } from '../command.ts'
import type { handlersFlags } from '../declare-hosts.ts'
import { exit } from '../exit.ts'
import { findObject, splitName } from '../find-object.ts'
import { printValue } from '../print.ts'
import { UsageError } from '../usage-error.ts'

/** Longer than all that relay it wait. */
const answerMs = 60_000

export const run: Run<typeof handlersFlags> = async (context, { flags, args }) => {
  const [name = '', handler = '', value] = args
  const [typed, end] = splitName(name)
  const [, node, index] = /^([^/]+)\.(\d+)$/.exec(end) ?? []
  if (node === undefined || typed === '') {
    throw new UsageError(`"${name}" names no interface`, 'VNET/NODE.IF, for instance shop/r1.0')
  }
  const given = { vnet: flags.vnet, role: 'vno' }
  const vnet = typed ?? flags.vnet ?? (await findObject(context, 'node', node, given)).state.vnet
  const use = { vnet, node, interface: Number(index), handler, write: value !== undefined, value: value ?? '' }
  const { router } = await ask(context, { handler: use }, { timeoutMs: answerMs })
  if (!router) throw new WeftError('message.malformed', 'the VNO answered "handler" with something else')
  const { stdout, stderr } = context
  if (router.state !== 'running') stderr.write(`the router is ${router.state}\n`)
  if (flags.output !== 'table') {
    await printValue(
      context,
      router.handlers.map((one) => toJson('HandlerValue', one)),
      flags.output,
    )
  } else if (value === undefined) {
    // One alone is what a script wants: its value, and nothing else.
    for (const one of router.handlers)
      stdout.write(handler === '' ? `${one.name}: ${one.value.trimEnd()}\n` : lineOf(one.value))
  }
  return exit.ok
}

const lineOf = (value: string): string => (value.endsWith('\n') ? value : `${value}\n`)
