/** The outcome of a request, which always comes back: in words that say where it was placed, or why not. */
import { fromWireError, WeftError } from '../../proto/errors.ts'
import type { VNetState } from '../../proto/generated/weft.v1.ts'
import type { Context } from './context.ts'
import { exit } from './exit.ts'
import { follow } from './follow.ts'
import { humanSeconds } from './human.ts'
import { renderError } from './render-error.ts'
import { paint, type Tone } from './terminal.ts'
import { hostsOf } from './view/vnets.ts'

export const objectOf = ({ vnet }: Pick<VNetState, 'vnet'>) => ({ object: `vnet/${vnet}` })

/** A refusal says of what. Other errors (the role does not answer, …) stay as they are. */
export const refusal = (vnet: string, error: unknown): unknown => {
  if (!(error instanceof WeftError) || !error.code.startsWith('admission.')) return error
  return rejection(vnet, error)
}

const rejection = (vnet: string, { code, message, object, where, hint }: WeftError): WeftError =>
  new WeftError(code, `vnet/${vnet} is rejected: ${message}`, { object, where, hint })

/** The outcome may take its time. */
export const untilDecided = async (context: Context, state: VNetState, timeoutMs: number): Promise<VNetState> => {
  if (state.phase !== 'PHASE_PENDING') return state
  const done = ({ phase }: VNetState) => phase !== 'PHASE_PENDING'
  const ending = await follow(context, state.vnet, { timeoutMs, done })
  if (ending.how === 'done' && ending.state) return ending.state
  throw ending.how === 'gone'
    ? new WeftError('vnet.unknown', `${state.vnet} was removed before it was decided on`, objectOf(state))
    : new WeftError('call.timeout', `no outcome within ${humanSeconds(timeoutMs / 1000)}`, objectOf(state))
}

/** Gives the exit status. */
export const sayOutcome = (
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
    const { position = 0 } = state.waiting ?? {}
    const turn = position > 1 ? `after ${position - 1} before it` : 'next'
    const which = generation > 0 ? `generation ${generation}` : `it waits for room, ${turn}`
    say(`vnet/${vnet} ${word('postponed', 'busy')}: ${which}, built once it fits`)
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
