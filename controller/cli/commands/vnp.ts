/** `weft vnp`. */
import { runVnp } from '../../vnp/run.ts'
import type { Run } from '../command.ts'
import { placesOf, runWithBroker } from '../daemon.ts'
import type { vnpFlags } from '../declare-roles.ts'

export const run: Run<typeof vnpFlags> = async (context, { flags }) => {
  const { name, domain = name, discovery, 'log-level': logLevel } = flags
  // A PIP's identity is the name of its domain.
  const pips = flags.pip.map((pip) => ({ ...pip, name: pip.domain }))
  const console = { listen: flags.console, endpoint: flags['console-endpoint'] }
  const places = await placesOf(context, 'vnp', flags)
  return runWithBroker(context, 'vnp', flags, (brokerUrl) =>
    runVnp({ ...places, name, domain, brokerUrl, pips, discovery, logLevel, console }),
  )
}
