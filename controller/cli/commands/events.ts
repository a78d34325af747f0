/** `weft events`: what stands, then what happens, a line each. */
import type { VNetState } from '../../../proto/generated/weft.v1.ts'
import { watchVNets } from '../ask.ts'
import { type Event, eventsBetween } from '../changes.ts'
import type { Run } from '../command.ts'
import type { eventsFlags } from '../declare-vnets.ts'
import { exit } from '../exit.ts'
import { paint, printable } from '../terminal.ts'

const textOf = (time: string, { vnet, object, from, to, host, error, reason }: Event, colour: boolean): string => {
  const what = from === '' ? to : `${from} → ${to}`
  const where = host === '' ? '' : ` on ${host}`
  const why = error ? `: ${error.message} [${error.code}]` : reason === undefined ? '' : `: ${reason}`
  const line = `${vnet.padEnd(12)}  ${object.padEnd(16)}  ${printable(`${what}${where}${why}`)}`
  return `${paint(time, 'faint', colour)}  ${error ? paint(line, 'bad', colour) : line}`
}

export const run: Run<typeof eventsFlags> = async (context, { flags, args }) => {
  const [vnet = ''] = args
  const { output, role } = flags
  const seen = new Map<string, VNetState>()
  for await (const state of watchVNets(context, vnet, { role, signal: context.signal })) {
    const time = new Date().toISOString()
    for (const event of eventsBetween(seen.get(state.vnet), state)) {
      const line = output === 'json' ? JSON.stringify({ time, ...event }) : textOf(time, event, context.colour.stdout)
      context.stdout.write(`${line}\n`)
    }
    if (state.phase === 'PHASE_GONE') seen.delete(state.vnet)
    else seen.set(state.vnet, state)
  }
  return exit.ok
}
