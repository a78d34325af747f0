/** `weft describe`: all that is known of one thing, for people, or as the messages of the wire. */
import { toJson } from '../../../proto/codec.ts'
import { WeftError } from '../../../proto/errors.ts'
import type { LinkView } from '../../../proto/generated/weft.v1.ts'
import { ask } from '../ask.ts'
import type { Run } from '../command.ts'
import type { Context } from '../context.ts'
import type { describeFlags } from '../declare-vnets.ts'
import { exit } from '../exit.ts'
import { findObject, knownVNet } from '../find-object.ts'
import { printValue } from '../print.ts'
import { UsageError } from '../usage-error.ts'
import { describeLink, describeNode, describeVNet } from '../view/describe.ts'

export const run: Run<typeof describeFlags> = async (context, { flags, args }) => {
  const [kind = '', name = ''] = args
  const { stdout, colour } = context
  const { text, json } = await describe(context, kind, name, flags)
  if (flags.output === 'table') stdout.write(text(colour.stdout))
  else await printValue(context, json, flags.output)
  return exit.ok
}

interface Description {
  readonly text: (colour: boolean) => string
  readonly json: unknown
}

interface Where {
  readonly vnet: string | undefined
  readonly role: string
}

const describe = async (context: Context, kind: string, name: string, where: Where): Promise<Description> => {
  if (kind === 'vnet') {
    const state = await knownVNet(context, name, where.role)
    return { text: (colour) => describeVNet(state, colour), json: toJson('VNetState', state) }
  }
  if (kind === 'node') {
    const { state, id } = await findObject(context, 'node', name, where)
    const node = state.nodes.find((one) => one.id === id)
    return {
      text: (colour) => describeNode(state, id, colour),
      json: { vnet: state.vnet, ...(node && (toJson('NodeState', node) as object)) },
    }
  }
  if (kind === 'link') {
    const { state, id } = await findObject(context, 'link', name, where)
    const link = state.links.find((one) => one.id === id)
    const view = await askHops(context, state.vnet, id, where.role)
    return {
      text: (colour) => describeLink(state, id, view, colour),
      json: {
        vnet: state.vnet,
        ...(link && (toJson('LinkState', link) as object)),
        ...(view && (toJson('LinkView', view) as object)),
      },
    }
  }
  throw new UsageError(`"${kind}" is nothing to describe`, `weft describe vnet|node|link NAME`)
}

/** A VNet's operator alone may see them. What else is known is shown where nobody can be asked. */
const askHops = async (context: Context, vnet: string, link: string, role: string): Promise<LinkView | undefined> => {
  if (role !== 'vno') return undefined
  try {
    return (await ask(context, { link: { vnet, link } }, { role })).link
  } catch (error) {
    if (!(error instanceof WeftError)) throw error
    context.stderr.write(`its hops are not known: ${error.message} [${error.code}]\n`)
    return undefined
  }
}
