import type { ConsolePlace } from '../../proto/console/listener.ts'
import { consolePlace } from '../console/place.ts'
import { createLog, type LogLevel } from '../log.ts'
import { systemClock } from '../roles/clock.ts'
import { checkOperatorName } from '../roles/names.ts'
import { type Running, runRole } from '../roles/run.ts'
import { startVno } from './vno.ts'

export interface RunVnoOptions {
  /** Identity on the VNP's broker, and owner of its VNets. */
  readonly name: string
  readonly vnp: { readonly domain: string; readonly brokerUrl: string; readonly password?: string | undefined }
  readonly storePath: string
  readonly socketPath: string
  readonly logLevel?: LogLevel | undefined
  /** Where consoles are passed on; a free port of the loopback without it. */
  readonly console?: ConsolePlace | undefined
}

/** Starts a VNO. Errors: config.invalid for its name, not-supported for the store, EADDRINUSE for the socket. */
export const runVno = async (options: RunVnoOptions): Promise<Running> => {
  const { name, vnp, storePath, socketPath, logLevel } = options
  const { domain: vnpDomain, brokerUrl, password } = vnp
  checkOperatorName(name)
  const log = createLog('vno', name, logLevel)
  const console = consolePlace('vno', storePath, options.console)
  return runRole({
    storePath,
    socketPath,
    log,
    start: (term) => startVno({ ...term, name, vnpDomain, brokerUrl, password, console, clock: systemClock, log }),
  })
}
