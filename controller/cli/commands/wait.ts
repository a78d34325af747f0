/** `weft wait`: until a VNet is ready or gone. */
import { fromWireError, WeftError } from '../../../proto/errors.ts'
import type { Run } from '../command.ts'
import type { waitFlags } from '../declare-vnets.ts'
import { exit } from '../exit.ts'
import { follow } from '../follow.ts'
import { createProgress } from '../progress.ts'
import { unready } from '../view/unready.ts'

export const run: Run<typeof waitFlags> = async (context, { flags, args }) => {
  const [vnet = ''] = args
  const { for: wanted, timeout: timeoutMs, role } = flags
  const progress = createProgress(context)
  const ends = wanted === 'ready' ? ['PHASE_READY', 'PHASE_REJECTED'] : []
  const ending = await follow(context, vnet, {
    role,
    timeoutMs,
    done: ({ phase }) => ends.includes(phase),
    onState: progress.show,
  }).finally(progress.end)
  const { how, state } = ending
  if (how === 'timeout') {
    context.stderr.write(unready(state ?? vnet, wanted, timeoutMs, context.colour.stderr))
    return exit.timeout
  }
  if (how === 'gone' && wanted === 'ready') {
    const message = state ? `${vnet} was removed` : `there is no VNet ${vnet}`
    throw new WeftError('vnet.unknown', message, { object: `vnet/${vnet}` })
  }
  if (state?.phase === 'PHASE_REJECTED') {
    throw state.error ? fromWireError(state.error) : new WeftError('internal', `${vnet} was rejected without a reason`)
  }
  context.stdout.write(`vnet/${vnet} is ${wanted}\n`)
  return exit.ok
}
