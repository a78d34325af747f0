/** `weft host get`: the parts of VNets that a host holds. */
import { askSlices } from '../ask-agent.ts'
import type { Run } from '../command.ts'
import type { hostGetFlags } from '../declare-hosts.ts'
import { exit } from '../exit.ts'
import { printRows } from '../print.ts'
import { slices } from '../view/slices.ts'

export const run: Run<typeof hostGetFlags> = async (context, { flags, args }) => {
  const { output: format, host } = flags
  const [vnet = ''] = args
  const rows = await askSlices(context, vnet, { host })
  await printRows(context, rows, { ...slices, format, single: vnet !== '', none: 'this host holds no part of a VNet' })
  return exit.ok
}
