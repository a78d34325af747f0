/** Runs the command that fences a host. */
import { execFile } from 'node:child_process'
import { WeftError } from '../../../proto/errors.ts'
import type { Fencing } from '../../substrate/fencing.ts'

/** Of what it printed, so much is told. */
const toldCharacters = 500

/** Settles where the host is certainly off. Throws host.fencing-failed: it may still run. */
export type Fence = (host: string) => Promise<void>

const failure = (host: string, program: string, how: string, printed: string): WeftError => {
  const said = printed.trim().slice(-toldCharacters)
  return new WeftError('host.fencing-failed', `${program} for ${host} ${how}${said === '' ? '' : `: ${said}`}`, {
    object: `host/${host}`,
    hint: `it is tried again; once you know that it is off: weft host fence ${host} --confirmed`,
  })
}

/** No shell is between, nothing of the PIP's environment but its PATH is passed on, and a command that takes too long is killed. */
export const fenceBy =
  ({ command, timeoutMs }: Fencing): Fence =>
  (host) =>
    new Promise((resolve, reject) => {
      const [program = '', ...args] = command
      const given = args.map((arg) => arg.replaceAll('{host}', host))
      const env = { PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin' }
      const options = { timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: 2 ** 20, env } as const
      const child = execFile(program, given, options, (error, stdout, stderr) => {
        if (!error) return resolve()
        const { code, killed } = error
        const how = killed
          ? `did not end within ${timeoutMs / 1000} s`
          : typeof code === 'number'
            ? `ended with status ${code}`
            : `could not be run (${code ?? error.signal ?? error.message})`
        reject(failure(host, program, how, stderr.trim() === '' ? stdout : stderr))
      })
      // Nobody answers what it asks.
      child.stdin?.end()
    })
