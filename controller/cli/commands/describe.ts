/** `weft describe`: all that is known of one thing, for people. */
import type { VNetState } from '../../../proto/generated/weft.v1.ts'
import type { Run } from '../command.ts'
import type { Context } from '../context.ts'
import type { describeFlags } from '../declare-vnets.ts'
import { exit } from '../exit.ts'
import { findObject, knownVNet } from '../find-object.ts'
import { UsageError } from '../usage-error.ts'
import { describeLink, describeNode, describeVNet } from '../view/describe.ts'

export const run: Run<typeof describeFlags> = async (context, { flags, args }) => {
  const [kind = '', name = ''] = args
  const { stdout, colour } = context
  stdout.write(await describe(context, kind, name, flags).then((text) => text(colour.stdout)))
  return exit.ok
}

type Describe = (colour: boolean) => string

const describe = async (
  context: Context,
  kind: string,
  name: string,
  where: { readonly vnet: string | undefined; readonly role: string },
): Promise<Describe> => {
  if (kind === 'vnet') {
    const state: VNetState = await knownVNet(context, name, where.role)
    return (colour) => describeVNet(state, colour)
  }
  if (kind === 'node') {
    const { state, id } = await findObject(context, 'node', name, where)
    return (colour) => describeNode(state, id, colour)
  }
  if (kind === 'link') {
    const { state, id } = await findObject(context, 'link', name, where)
    return (colour) => describeLink(state, id, colour)
  }
  throw new UsageError(`"${kind}" is nothing to describe`, `weft describe vnet|node|link NAME`)
}
