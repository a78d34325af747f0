/** `weft vno`. */
import { runVno } from '../../vno/run.ts'
import type { Run } from '../command.ts'
import { placesOf, runUntilSignal } from '../daemon.ts'
import type { vnoFlags } from '../declare-roles.ts'

export const run: Run<typeof vnoFlags> = async (context, { flags }) => {
  const { name, vnp, 'log-level': logLevel } = flags
  const console = { listen: flags.console, endpoint: flags['console-endpoint'] }
  const { password, ...places } = await placesOf(context, 'vno', flags)
  return runUntilSignal(await runVno({ ...places, name, vnp: { ...vnp, password }, logLevel, console }))
}
