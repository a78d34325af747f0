/** `weft apply`: the outcome always comes back, in words that say where, or why not. */
import { toJson } from '../../../proto/codec.ts'
import { fromWireError, WeftError } from '../../../proto/errors.ts'
import type { VNetState } from '../../../proto/generated/weft.v1.ts'
import { ask, askVNet } from '../ask.ts'
import type { Run } from '../command.ts'
import type { Context } from '../context.ts'
import type { applyFlags } from '../declare-vnets.ts'
import { exit } from '../exit.ts'
import { follow } from '../follow.ts'
import { humanSeconds } from '../human.ts'
import { printValue } from '../print.ts'
import { createProgress } from '../progress.ts'
import { readRequest } from '../read-request.ts'
import { renderError } from '../render-error.ts'
import { paint, type Tone } from '../terminal.ts'
import { unready } from '../view/unready.ts'
import { hostsOf } from '../view/vnets.ts'

export const run: Run<typeof applyFlags> = async (context, { flags }) => {
  const { file, wait, timeout: timeoutMs, output } = flags
  const started = performance.now()
  const request = await readRequest(context, file)
  const before = await askVNet(context, request.name)
  const answer = await ask(context, { apply: { request } }, { timeoutMs }).catch((error: unknown) => {
    throw refusal(request.name, error)
  })
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
    throw new WeftError('vnet.unknown', `${request.name} was removed while it was built`, object(state))
  if (ending.how === 'timeout') {
    context.stderr.write(unready(state, 'ready', timeoutMs, context.colour.stderr))
    return finish(state, exit.timeout)
  }
  if (state.phase === 'PHASE_REJECTED') return finish(state, sayOutcome(context, state, undefined, say))
  say(readyLine(context, state, (performance.now() - started) / 1000))
  return finish(state, exit.ok)
}

const object = ({ vnet }: Pick<VNetState, 'vnet'>) => ({ object: `vnet/${vnet}` })

/** A refusal says of what. Other errors (the role does not answer, …) stay as they are. */
const refusal = (vnet: string, error: unknown): unknown => {
  if (!(error instanceof WeftError) || !error.code.startsWith('admission.')) return error
  return rejection(vnet, error)
}

const rejection = (vnet: string, { code, message, object, where, hint }: WeftError): WeftError =>
  new WeftError(code, `vnet/${vnet} is rejected: ${message}`, { object, where, hint })

/** The outcome may take its time. */
const untilDecided = async (context: Context, state: VNetState, timeoutMs: number): Promise<VNetState> => {
  if (state.phase !== 'PHASE_PENDING') return state
  const done = ({ phase }: VNetState) => phase !== 'PHASE_PENDING'
  const ending = await follow(context, state.vnet, { timeoutMs, done })
  if (ending.how === 'done' && ending.state) return ending.state
  throw ending.how === 'gone'
    ? new WeftError('vnet.unknown', `${state.vnet} was removed before it was decided on`, object(state))
    : new WeftError('call.timeout', `no outcome within ${humanSeconds(timeoutMs / 1000)}`, object(state))
}

/** Gives the exit status. */
const sayOutcome = (
  context: Context,
  state: VNetState,
  before: VNetState | undefined,
  say: (text: string) => void,
): number => {
  const { vnet, phase, generation, nodes, links, error } = state
  const word = (text: string, tone: Tone) => paint(text, tone, context.colour.stdout)
  const complain = (thrown: WeftError) =>
    context.stderr.write(renderError(thrown, { colour: context.colour.stderr, verbose: false }))
  const reason = error && fromWireError(error)
  if (phase === 'PHASE_REJECTED') {
    complain(rejection(vnet, reason ?? new WeftError('internal', 'no reason was given')))
    return exit.error
  }
  if (phase === 'PHASE_POSTPONED') {
    say(`vnet/${vnet} ${word('postponed', 'busy')}: generation ${generation}, built once it fits`)
    if (reason) complain(reason)
    return exit.postponed
  }
  const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? '' : 's'}`
  const hosts = hostsOf(state)
  const where = hosts.length === 0 ? '' : ` on ${hosts.join(', ')}`
  const what = `generation ${generation}, ${count(nodes.length, 'node')}${where}, ${count(links.length, 'link')}`
  const outcome = before?.generation === generation ? word('unchanged', 'faint') : word('accepted', 'good')
  say(`vnet/${vnet} ${outcome}: ${what}`)
  return exit.ok
}

const readyLine = (context: Context, { vnet, timings }: VNetState, elapsedSeconds: number): string => {
  const phases = timings.map(({ name, seconds }) => `${name} ${humanSeconds(seconds)}`).join(', ')
  const word = paint('ready', 'good', context.colour.stdout)
  return `vnet/${vnet} ${word} after ${humanSeconds(elapsedSeconds)}${phases && ` (${phases})`}`
}
