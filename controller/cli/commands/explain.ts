/** `weft explain`: why a VNet is where it is, or is not. */
import { toJson } from '../../../proto/codec.ts'
import { WeftError } from '../../../proto/errors.ts'
import { ask } from '../ask.ts'
import type { Run } from '../command.ts'
import type { explainFlags } from '../declare-vnets.ts'
import { exit } from '../exit.ts'
import { knownVNet } from '../find-object.ts'
import { printValue } from '../print.ts'
import { explainText } from '../view/explain.ts'

export const run: Run<typeof explainFlags> = async (context, { flags, args }) => {
  const [vnet = ''] = args
  const { output, role } = flags
  const state = await knownVNet(context, vnet, role)
  const { explanation } = await ask(context, { explain: { vnet } }, { role })
  if (!explanation) throw new WeftError('message.malformed', 'the role answered "explain" with something else')
  if (output === 'table') context.stdout.write(explainText(state, explanation))
  else await printValue(context, toJson('Explanation', explanation), output)
  return exit.ok
}
