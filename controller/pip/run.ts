import { readFile } from 'node:fs/promises'
import type { ConsolePlace } from '../../proto/console/listener.ts'
import { consolePlace } from '../console/place.ts'
import { createLog, type LogLevel } from '../log.ts'
import { startMapper } from '../mapper/mapper.ts'
import { systemClock } from '../roles/clock.ts'
import type { BrokerOptions } from '../roles/connect.ts'
import { checkRoleName } from '../roles/names.ts'
import { type Running, runRole } from '../roles/run.ts'
import { parseSubstrate } from '../substrate/parse.ts'
import type { AdvertiseLevel } from './advertise.ts'
import { startPip } from './pip.ts'

export interface RunPipOptions extends BrokerOptions {
  /** Identity on the broker. */
  readonly name: string
  /** Of its topics; normally its name. */
  readonly domain: string
  /** The declared substrate, YAML. */
  readonly substrateFile: string
  /** What VNPs are told of it; nothing without it. */
  readonly advertise?: AdvertiseLevel | undefined
  readonly storePath: string
  readonly socketPath: string
  readonly logLevel?: LogLevel | undefined
  /** Where consoles are passed on; a free port of the loopback without it. */
  readonly console?: ConsolePlace | undefined
}

/** Starts a PIP. Errors: config.invalid for its names, substrate.invalid with file:line, not-supported for the store, EADDRINUSE for the socket. */
export const runPip = async (options: RunPipOptions): Promise<Running> => {
  const { name, domain, brokerUrl, password, substrateFile, advertise, storePath, socketPath, logLevel } = options
  checkRoleName('PIP', name)
  checkRoleName('domain', domain)
  const log = createLog('pip', name, logLevel)
  const substrate = parseSubstrate(await readFile(substrateFile, 'utf8'), substrateFile)
  const console = consolePlace('pip', storePath, options.console)
  return runRole({
    storePath,
    socketPath,
    log,
    start: (term) =>
      startPip({
        ...term,
        name,
        domain,
        brokerUrl,
        password,
        substrate,
        advertise,
        console,
        clock: systemClock,
        log,
        mapper: startMapper(log, { atOnce: true }),
      }),
  })
}
