/** `weft host describe`: one part of a VNet, with the interfaces that make it. */
import { WeftError } from '../../../proto/errors.ts'
import { askSlices, nameOf } from '../ask-agent.ts'
import type { Run } from '../command.ts'
import type { hostDescribeFlags } from '../declare-hosts.ts'
import { exit } from '../exit.ts'
import { describeSlice } from '../view/slices.ts'

export const run: Run<typeof hostDescribeFlags> = async (context, { flags, args }) => {
  const [vnet = ''] = args
  const slices = await askSlices(context, vnet, flags)
  const slice = slices.find((one) => nameOf(one) === vnet)
  if (!slice) {
    throw new WeftError('vnet.unknown', `this host holds no part of ${vnet}`, {
      object: `vnet/${vnet}`,
      hint: 'weft host get lists what it holds',
    })
  }
  context.stdout.write(describeSlice(slice, context.colour.stdout))
  return exit.ok
}
