/** `weft lab exec`: a command in the namespaces of a virtual host, at this terminal. */
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import type { Run } from '../../controller/cli/command.ts'
import { exit } from '../../controller/cli/exit.ts'
import { suggest } from '../../controller/description/nearest.ts'
import { entering } from '../../lab/host/hold.ts'
import { isAlive } from '../../lab/processes.ts'
import { WeftError } from '../../proto/errors.ts'
import { chooseLab } from '../choose-lab.ts'

export const run: Run = async ({ globals, stderr }, { args, rest }) => {
  const [host = ''] = args
  const lab = chooseLab(globals.lab)
  const holders = lab.held.filter(({ kind }) => kind !== 'process')
  const holder = holders.find(({ name }) => name === host)
  if (!holder || !isAlive(holder.identity)) {
    const message = holder ? `${host} of lab ${lab.name} has ended` : `lab ${lab.name} has no host ${host}`
    const names = holders.map(({ name }) => name)
    throw new WeftError('lab.unknown', message, { object: `host/${host}`, hint: holder ? '' : suggest(host, names) })
  }
  // A virtual host shares the machine's files: the command runs where the user is.
  const [command = '', ...argv] = entering(holder, [`--wdns=${process.cwd()}`, '--', ...(holder.inside ?? []), ...rest])
  const child = spawn(command, argv, { stdio: 'inherit' })
  // Ctrl-C is for the command; it decides what that means.
  process.on('SIGINT', () => undefined)
  return new Promise((resolve) => {
    child.once('error', (error) => {
      stderr.write(`error: cannot run nsenter: ${error.message}\n`)
      resolve(exit.execFailed)
    })
    child.once('exit', (status, signal) => resolve(status ?? 128 + (signal ? constants.signals[signal] : 0)))
  })
}
