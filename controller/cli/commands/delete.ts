/** `weft delete`: asks first. */
import type { VNetState } from '../../../proto/generated/weft.v1.ts'
import { ask } from '../ask.ts'
import type { Run } from '../command.ts'
import type { Context } from '../context.ts'
import type { deleteFlags } from '../declare-vnets.ts'
import { exit } from '../exit.ts'
import { knownVNet } from '../find-object.ts'
import { follow } from '../follow.ts'
import { createProgress } from '../progress.ts'
import { UsageError } from '../usage-error.ts'
import { unready } from '../view/unready.ts'

export const run: Run<typeof deleteFlags> = async (context, { flags, args }) => {
  const [vnet = ''] = args
  const { yes, wait, timeout: timeoutMs } = flags
  if (!yes && !context.stdin.isTTY) {
    throw new UsageError(
      `vnet/${vnet} is not deleted: there is no terminal to ask on`,
      `--yes deletes without a question`,
    )
  }
  const state = await knownVNet(context, vnet, 'vno')
  if (!yes && !(await agreed(context, state))) {
    context.stderr.write(`vnet/${vnet} is not deleted\n`)
    return exit.error
  }
  await ask(context, { delete: { vnet } })
  if (!wait) {
    context.stdout.write(`vnet/${vnet} is being removed\n`)
    return exit.ok
  }
  const progress = createProgress(context)
  const ending = await follow(context, vnet, { timeoutMs, done: () => false, onState: progress.show }).finally(
    progress.end,
  )
  if (ending.how === 'timeout') {
    context.stderr.write(unready(ending.state ?? state, 'gone', timeoutMs, context.colour.stderr))
    return exit.timeout
  }
  context.stdout.write(`vnet/${vnet} is gone\n`)
  return exit.ok
}

const agreed = async ({ stdin, stderr }: Context, { vnet, nodes, links }: VNetState): Promise<boolean> => {
  stderr.write(`Delete vnet/${vnet} with ${nodes.length} nodes and ${links.length} links? [y/N] `)
  // A terminal gives whole lines; the end of input is a no.
  for await (const line of stdin) return /^\s*y(es)?\s*$/i.test(String(line))
  return false
}
