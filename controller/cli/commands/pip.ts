/** `weft pip`. */
import { runPip } from '../../pip/run.ts'
import type { Run } from '../command.ts'
import { placesOf, runWithBroker } from '../daemon.ts'
import type { pipFlags } from '../declare-roles.ts'

export const run: Run<typeof pipFlags> = async (context, { flags }) => {
  const { name, domain = name, substrate: substrateFile, advertise, 'log-level': logLevel } = flags
  const console = { listen: flags.console, endpoint: flags['console-endpoint'] }
  const places = await placesOf(context, 'pip', flags)
  return runWithBroker(context, 'pip', flags, (brokerUrl) =>
    runPip({ ...places, name, domain, brokerUrl, substrateFile, advertise, logLevel, console }),
  )
}
