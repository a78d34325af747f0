/** `weft agent`. */
import { runAgent } from '../../agent/main.ts'
import type { Run } from '../../controller/cli/command.ts'
import { exit } from '../../controller/cli/exit.ts'
import { readPassword } from '../../controller/cli/password.ts'
import { UsageError } from '../../controller/cli/usage-error.ts'
import type { agentFlags } from '../declare-agent.ts'

export const run: Run<typeof agentFlags> = async ({ globals, signal }, { flags }) => {
  const { name, domain, broker: brokerUrl, controller, config } = flags
  const { 'state-dir': stateDir, 'log-level': logLevel } = flags
  if (globals.socket !== undefined) {
    throw new UsageError('the agent serves agent.sock in its run directory', '--run-dir DIR instead of --socket')
  }
  if (brokerUrl !== undefined && domain === undefined) {
    throw new UsageError('--broker needs --domain', 'the domain of the PIP that owns the host')
  }
  const password = await readPassword(flags['password-file'])
  const { 'run-dir': runDir } = globals
  // Without a broker nothing is told to anyone: no topic has a domain.
  await runAgent({
    name,
    domain: domain ?? 'local',
    brokerUrl,
    password,
    controller,
    stateDir,
    runDir,
    console: { listen: flags.console, endpoint: flags['console-endpoint'] },
    config,
    logLevel,
    signal,
  })
  return exit.ok
}
