/** The agent as a process of a host: its configuration, drivers, log and signals. bin/weft calls runAgent. */
import { mkdir, readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { create } from '../proto/codec.ts'
import { type ConsolePlace, checkConsolePlace } from '../proto/console/listener.ts'
import { WeftError } from '../proto/errors.ts'
import type { Nic } from '../proto/generated/weft.v1.ts'
import { type Agent, startAgent } from './agent.ts'
import { type AgentConfig, parseConfig } from './config.ts'
import { bridgeDriver } from './datapath/bridge/driver.ts'
import { bpffsOf } from './datapath/click/bpffs.ts'
import { clickDriver } from './datapath/click/driver.ts'
import { guardedDriver } from './datapath/guard/driver.ts'
import { type NicReader, openNicReader } from './datapath/nics.ts'
import { openUnderlay } from './datapath/underlay/underlay.ts'
import { forwardingKeeper } from './forwarding/keeper.ts'
import { openHypervisors } from './hypervisor/drivers.ts'
import { openImages } from './images/open.ts'
import { createLog, type LogLevel } from './log.ts'
import { pathKeeper } from './paths/keeper.ts'
import { tryWay } from './paths/ping.ts'
import { agentVersion } from './version.ts'

export interface AgentOptions {
  /** Of the host: its identity on the wire; the machine's host name without it. */
  readonly name?: string | undefined
  /** MQTT domain: the name of the PIP that owns the host. */
  readonly domain: string
  /** Without one the agent serves its local socket alone. */
  readonly brokerUrl?: string | undefined
  readonly password?: string | undefined
  /** Client whose commands are the controller's; the domain's name without it. */
  readonly controller?: string | undefined
  /** /var/lib/weft without it. Mapped users of containers must be able to walk through it. */
  readonly stateDir?: string | undefined
  /** Directory of the local socket agent.sock; /run/weft without it. */
  readonly runDir?: string | undefined
  /** Where consoles of nodes are served: within reach of the PIP alone. A free port of the loopback without it. */
  readonly console?: ConsolePlace | undefined
  /** YAML file (config.ts). */
  readonly config?: string | undefined
  /** 'info' without it. */
  readonly logLevel?: LogLevel | undefined
  /** Ends it as SIGTERM does. */
  readonly signal?: AbortSignal | undefined
}

export const agentSocket = (runDir: string): string => join(runDir, 'agent.sock')

const readConfig = async (file: string | undefined): Promise<AgentConfig> => {
  if (file === undefined) return parseConfig('', '')
  const text = await readFile(file, 'utf8').catch((cause: Error) => {
    throw new WeftError('config.invalid', `the configuration cannot be read: ${cause.message}`, { where: file, cause })
  })
  return parseConfig(text, file)
}

/** The host's own interfaces; none, and a word in the log, where netlink cannot be used. */
const nicReader = (log: Logger) => {
  let reader: NicReader | undefined
  return {
    read: async (): Promise<readonly Nic[]> => {
      try {
        reader ??= openNicReader()
        const nics = await reader.read()
        return nics.map(({ name, mac, addresses, mtu, rateBitsPerSecond, up }) =>
          create('Nic', { name, mac, addresses, mtu, rateBitsPerSecond, up }),
        )
      } catch (error) {
        log.warn({ error: (error as Error).message }, 'the interfaces of the host cannot be read')
        reader = undefined
        return []
      }
    },
    close: () => reader?.close(),
  }
}

export interface OpenedAgent extends Agent {
  readonly socketPath: string
  /** Settles after close. */
  readonly ended: Promise<void>
}

/** Settles when it serves. Throws config.invalid, and EADDRINUSE where another agent serves the socket. */
export const openAgent = async (options: AgentOptions): Promise<OpenedAgent> => {
  // Directories that mapped users of containers walk through are made with the modes asked for.
  process.umask(0o022)
  const { domain, stateDir = '/var/lib/weft', runDir = '/run/weft', console = {} } = options
  checkConsolePlace(console)
  const name = options.name ?? hostname()
  const config = await readConfig(options.config)
  const log = createLog(options.logLevel ?? 'info')
  await mkdir(stateDir, { recursive: true, mode: 0o755 })
  await mkdir(runDir, { recursive: true, mode: 0o755 })

  const rates = [...config.nics].filter(([, { rateBitsPerSecond }]) => rateBitsPerSecond > 0)
  const nicRates = Object.fromEntries(rates.map(([nic, { rateBitsPerSecond }]) => [nic, rateBitsPerSecond]))
  const images = await openImages(stateDir, config)
  const hypervisors = openHypervisors({
    config: config.hypervisors,
    stateDir,
    images,
    log,
  })
  const nics = nicReader(log)
  const socketPath = agentSocket(runDir)
  const underlay = openUnderlay({ nicRates })
  log.info({ name, domain, version: agentVersion(), broker: options.brokerUrl ?? 'none' }, 'the agent starts')
  const agent = await startAgent({
    name,
    domain,
    brokerUrl: options.brokerUrl,
    password: options.password,
    controller: options.controller,
    stateDir,
    socketPath,
    console,
    drivers: {
      hypervisors,
      datapaths: [
        guardedDriver(bridgeDriver({ underlay }), { directory: join(stateDir, 'guards'), bpffs: bpffsOf(runDir) }),
        clickDriver({ directory: join(stateDir, 'click'), bpffs: bpffsOf(runDir), underlay }),
      ],
    },
    forwarding: (changed) =>
      forwardingKeeper({ directory: join(stateDir, 'forwarding'), bpffs: bpffsOf(runDir), changed }),
    paths: (changed) => pathKeeper({ tryWay, changed }),
    nics: nics.read,
    config,
    images,
    log,
  })
  log.info({ socket: socketPath }, 'the agent serves')
  const ended = Promise.withResolvers<void>()
  return {
    ...agent,
    socketPath,
    ended: ended.promise,
    close: async (graceMs) => {
      await agent.close(graceMs)
      nics.close()
      underlay.close()
      log.info('the agent has ended; nodes and links stay')
      ended.resolve()
    },
  }
}

/** Runs until SIGTERM, SIGINT or the signal given; a second one ends the process at once. Nodes and links stay. */
export const runAgent = async (options: AgentOptions): Promise<void> => {
  const agent = await openAgent(options)
  await new Promise<void>((resolve) => {
    process.once('SIGTERM', () => resolve())
    process.once('SIGINT', () => resolve())
    if (options.signal?.aborted) resolve()
    options.signal?.addEventListener('abort', () => resolve(), { once: true })
  })
  await agent.close()
}
