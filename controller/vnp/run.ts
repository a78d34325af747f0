import type { ConsolePlace } from '../../proto/console/listener.ts'
import { WeftError } from '../../proto/errors.ts'
import { consolePlace } from '../console/place.ts'
import { createLog, type LogLevel } from '../log.ts'
import { startMapper } from '../mapper/mapper.ts'
import { systemClock } from '../roles/clock.ts'
import type { BrokerOptions } from '../roles/connect.ts'
import { checkRoleName } from '../roles/names.ts'
import { type Running, runRole } from '../roles/run.ts'
import type { Discovery } from './discover.ts'
import { type ProviderAddress, startVnp } from './vnp.ts'

export interface RunVnpOptions extends BrokerOptions {
  /** Identity on its own broker and on those of the PIPs. */
  readonly name: string
  /** Of its topics; normally its name. */
  readonly domain: string
  readonly pips: readonly ProviderAddress[]
  /** Who maps VNets that do not ask for one; the PIPs without it. */
  readonly discovery?: Discovery | undefined
  readonly storePath: string
  readonly socketPath: string
  readonly logLevel?: LogLevel | undefined
  /** Where consoles are passed on; a free port of the loopback without it. */
  readonly console?: ConsolePlace | undefined
}

const checkPips = ({ domain, brokerUrl, pips }: RunVnpOptions): void => {
  const names = new Set<string>()
  for (const pip of pips) {
    if (names.has(pip.name)) throw new WeftError('config.invalid', `the PIP ${pip.name} is given twice`)
    names.add(pip.name)
    if (pip.domain === domain && pip.brokerUrl === brokerUrl) {
      throw new WeftError('config.invalid', `the VNP and the PIP ${pip.name} use the same domain ${domain}`, {
        hint: 'a domain of its own for each; they may share a broker',
      })
    }
  }
}

/** Starts a VNP. Errors: config.invalid, not-supported for the store, EADDRINUSE for the socket. */
export const runVnp = async (options: RunVnpOptions): Promise<Running> => {
  checkRoleName('VNP', options.name)
  checkRoleName('domain', options.domain)
  checkPips(options)
  const { name, domain, brokerUrl, password, pips, discovery, storePath, socketPath, logLevel } = options
  const log = createLog('vnp', name, logLevel)
  const console = consolePlace('vnp', storePath, options.console)
  return runRole({
    storePath,
    socketPath,
    log,
    start: (term) =>
      startVnp({
        ...term,
        name,
        domain,
        brokerUrl,
        password,
        pips,
        discovery,
        console,
        clock: systemClock,
        log,
        mapper: startMapper(log),
      }),
  })
}
