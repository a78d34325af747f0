/** `weft apply`: the outcome always comes back, in words that say where, or why not. */
import { toJson } from '../../../proto/codec.ts'
import { WeftError } from '../../../proto/errors.ts'
import type { VNetState } from '../../../proto/generated/weft.v1.ts'
import { ask, askVNet } from '../ask.ts'
import type { Run } from '../command.ts'
import type { Context } from '../context.ts'
import type { applyFlags } from '../declare-vnets.ts'
import { exit } from '../exit.ts'
import { follow } from '../follow.ts'
import { humanSeconds } from '../human.ts'
import { objectOf, refusal, sayOutcome, untilDecided } from '../outcome.ts'
import { printValue } from '../print.ts'
import { createProgress } from '../progress.ts'
import { readRequest } from '../read-request.ts'
import { paint } from '../terminal.ts'
import { timingName } from '../view/timings.ts'
import { unready } from '../view/unready.ts'

export const run: Run<typeof applyFlags> = async (context, { flags }) => {
  const { file, wait, 'no-wait': noWait, discovery = '', timeout: timeoutMs, output } = flags
  const started = performance.now()
  const request = await readRequest(context, file)
  const before = await askVNet(context, request.name)
  const answer = await ask(context, { apply: { request, noWait, discovery } }, { timeoutMs }).catch(
    (error: unknown) => {
      throw refusal(request.name, error)
    },
  )
  if (!answer.vnet) throw new WeftError('message.malformed', 'the role answered "apply" with something else')
  const decided = await untilDecided(context, answer.vnet, timeoutMs)
  const say =
    output === 'table' || output === 'wide' ? (text: string) => context.stdout.write(`${text}\n`) : () => undefined
  const finish = async (state: VNetState, status: number): Promise<number> => {
    if (output === 'json' || output === 'yaml') await printValue(context, toJson('VNetState', state), output)
    if (output === 'name') context.stdout.write(`vnet/${state.vnet}\n`)
    return status
  }

  const status = sayOutcome(context, decided, before, say)
  if (!wait || status === exit.error) return finish(decided, status)

  const progress = createProgress(context, { phases: true })
  const { generation } = decided
  const ending = await follow(context, request.name, {
    timeoutMs: Math.max(1, timeoutMs - (performance.now() - started)),
    done: (state) => state.generation >= generation && ['PHASE_READY', 'PHASE_REJECTED'].includes(state.phase),
    onState: progress.show,
  }).finally(progress.end)
  const state = ending.state ?? decided
  if (ending.how === 'gone')
    throw new WeftError('vnet.unknown', `${request.name} was removed while it was built`, objectOf(state))
  if (ending.how === 'timeout') {
    context.stderr.write(unready(state, 'ready', timeoutMs, context.colour.stderr))
    return finish(state, exit.timeout)
  }
  if (state.phase === 'PHASE_REJECTED') return finish(state, sayOutcome(context, state, undefined, say))
  say(readyLine(context, state, (performance.now() - started) / 1000))
  return finish(state, exit.ok)
}

const readyLine = (context: Context, { vnet, timings, discovery }: VNetState, elapsedSeconds: number): string => {
  const phases = timings
    .map(({ name, seconds }) => `${timingName(name, discovery)} ${humanSeconds(seconds)}`)
    .join(', ')
  const word = paint('ready', 'good', context.colour.stdout)
  return `vnet/${vnet} ${word} after ${humanSeconds(elapsedSeconds)}${phases && ` (${phases})`}`
}
