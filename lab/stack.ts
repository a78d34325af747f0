/**
 * A lab with everything in it: hosts with agents, a broker, a PIP, a VNP and a VNO, each a process of its own, as `bin/weft` starts them
 * on real machines.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseSubstrate } from '../controller/substrate/parse.ts'
import { create } from '../proto/codec.ts'
import { WeftError } from '../proto/errors.ts'
import { callLocal } from '../proto/local.ts'
import type { HeldProcess } from './host/hold.ts'
import type { LibvirtDriver } from './host/libvirt.ts'
import { guestMemoryBytes, type HostKinds, kindOf, patience, virtualHosts } from './kinds.ts'
import { type Lab, startLab } from './lab.ts'
import { lastWords } from './last-words.ts'
import { probeBroker, type Relay, startRelay } from './relay.ts'
import type { RemoveOptions } from './remove.ts'
import { generateSubstrate } from './substrates/generate.ts'

/** What is in a lab beside its hosts: nothing, their agents and a broker, or all roles. */
export type StackParts = 'hosts' | 'agents' | 'all'

export interface StackOptions {
  readonly name?: string
  readonly base?: string
  /** Of the generated substrate; 3 without it. */
  readonly hosts?: number
  /** In place of a generated one. */
  readonly substrateFile?: string
  /** mqtt://, mqtts:// or unix:; without it one is embedded. Its clients are called as the hosts and roles: one lab a broker. */
  readonly brokerUrl?: string
  readonly drivers?: readonly LibvirtDriver[]
  /** What the hosts are; virtual ones without it. */
  readonly kinds?: HostKinds
  /** 'all' without it. */
  readonly parts?: StackParts
  /** For everything to be ready; 120 s without it, and five times as long where a host is emulated. */
  readonly timeoutMs?: number
  /** Ends what is being started; the promise rejects with its reason. */
  readonly signal?: AbortSignal
  /** Told where the logs are, where starting fails. */
  readonly onLogs?: (directory: string) => void
}

export interface Stack {
  readonly lab: Lab
  readonly substrateFile: string
  /** As the roles reach it; '' without a broker. */
  readonly brokerUrl: string
  readonly agents: ReadonlyMap<string, HeldProcess>
  /** broker, pip, vnp, vno: those that there are. */
  readonly roles: ReadonlyMap<string, HeldProcess>
  /** Local sockets of the roles, by role. */
  readonly sockets: Readonly<Record<string, string>>
  /** Rejects with lab.failed where a process of it ends that was not told to; never settles else. */
  readonly broken: Promise<never>
  /** As Lab's: the agent ends with its host, and that breaks nothing. */
  powerOff(host: string): Promise<void>
  /** As Lab's, and its agent is started again. */
  powerOn(host: string): Promise<void>
  /** Ends roles and agents in order, then the lab. Idempotent. Throws lab.leftover. */
  down(options?: RemoveOptions): Promise<void>
}

export const pipName = 'pip1'
export const vnpName = 'vnp1'
/** The operator of a lab. */
export const vnoName = 'alice'

/** bin/weft.js of this checkout or package: lab/ or dist/lab/ below it. */
export const weft = (): string => {
  let directory = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(directory, 'bin/weft.js'))) {
    if (directory === '/') throw new WeftError('lab.failed', 'bin/weft is missing')
    directory = dirname(directory)
  }
  return join(directory, 'bin/weft.js')
}

/** Socket of a host's agent, from outside of the host. */
export const agentSocket = (lab: Lab, host: string): string => join(lab.host(host).directory, 'run/weft/agent.sock')

/** Settles when all is ready to be used. On failure nothing is left but logs. Throws what startLab does, substrate.invalid, lab.failed. */
export const startStack = async (options: StackOptions = {}): Promise<Stack> => {
  const { parts = 'all', hosts: hostCount = 3, kinds = virtualHosts } = options
  const timeoutMs = (options.timeoutMs ?? 120_000) * patience(kinds)
  // Half of the machine's memory: the other half is for the machine itself.
  const memoryBytes = totalmem() / 2
  const ownMemoryBytes = (host: string): number | undefined => guestMemoryBytes[kindOf(kinds, host)]
  const text = options.substrateFile
    ? readFileSync(options.substrateFile, 'utf8')
    : generateSubstrate({ name: pipName, hosts: hostCount, memoryBytes, ownMemoryBytes })
  const substrate = parseSubstrate(text, options.substrateFile ?? 'substrate.yaml')
  if (options.brokerUrl !== undefined) await probeBroker(options.brokerUrl)
  const lab = await startLab({ ...options, substrate, timeoutMs })
  const substrateFile = join(lab.directory, 'substrate.yaml')
  const agents = new Map<string, HeldProcess>()
  const roles = new Map<string, HeldProcess>()
  const brokerSocket = join(lab.directory, 'broker.sock')
  let relay: Relay | undefined
  let ending: Promise<void> | undefined
  let reject: (error: WeftError) => void = () => undefined
  const broken = new Promise<never>((_, refuse) => {
    reject = refuse
  })
  // Whoever waits is told; nobody has to.
  broken.catch(() => undefined)
  /** Hosts whose end was asked for. */
  const off = new Set<string>()
  const guard = (name: string, log: string, { exited }: HeldProcess, host = ''): void =>
    void exited.then((status) => {
      if (ending !== undefined || off.has(host)) return
      reject(new WeftError('lab.failed', `${name} ended (${status})`, { hint: `its last words: ${lastWords(log)}` }))
    })

  const down = async (removeOptions?: RemoveOptions): Promise<void> => {
    // Agents last of all: a role that goes says farewell through the broker, and the agents have nothing to undo.
    for (const name of ['vno', 'vnp', 'pip']) await endInOrder(roles.get(name))
    await Promise.all([...agents.values()].map(endInOrder))
    await endInOrder(roles.get('broker'))
    await relay?.close()
    await lab.down(removeOptions)
  }
  const stop = (removeOptions?: RemoveOptions): Promise<void> => {
    ending ??= down(removeOptions)
    return ending
  }

  const startRole = (name: string, ...argv: readonly string[]): void => {
    const held = lab.spawn(name, [process.execPath, weft(), name, ...argv])
    roles.set(name, held)
    guard(name, join(lab.logs, `${name}.log`), held)
  }
  const runDirectory = join(lab.directory, 'roles')
  const sockets: Record<string, string> = {}
  const startController = (brokerUrl: string): void => {
    const places = (role: string): readonly string[] => {
      sockets[role] = join(runDirectory, `${role}.sock`)
      return ['--run-dir', runDirectory, '--store', join(runDirectory, `${role}.db`)]
    }
    const substrateFlags = ['--substrate', substrateFile, '--advertise', 'full']
    startRole('pip', '--name', pipName, ...substrateFlags, '--broker', brokerUrl, ...places('pip'))
    startRole('vnp', '--name', vnpName, '--pip', `${pipName}=${brokerUrl}`, '--broker', brokerUrl, ...places('vnp'))
    startRole('vno', '--name', vnoName, '--vnp', `${vnpName}=${brokerUrl}`, ...places('vno'))
  }
  const startAgent = async (host: string, brokerUrl: string): Promise<void> => {
    const url = await lab.host(host).brokerUrl(brokerUrl)
    const agent = ['agent', '--name', host, '--domain', pipName, '--broker', url, ...lab.host(host).consoleFlags]
    const argv = [process.execPath, weft(), ...agent]
    const log = join(lab.host(host).logs, 'agent.log')
    const held = await lab.host(host).spawn(argv, log)
    agents.set(host, held)
    guard(`the agent of ${host}`, log, held, host)
  }

  let inside = `unix:${brokerSocket}`
  const start = async (): Promise<string> => {
    writeFileSync(substrateFile, text)
    if (parts === 'hosts') return ''
    const brokerUrl = options.brokerUrl ?? inside
    if (!options.brokerUrl) startRole('broker', '--listen', inside)
    else if (options.brokerUrl.startsWith('unix:')) inside = options.brokerUrl
    else {
      relay = await startRelay(brokerSocket, options.brokerUrl)
      inside = relay.url
    }
    if (parts === 'all') startController(brokerUrl)
    await Promise.all([...lab.hosts.keys()].map((host) => startAgent(host, inside)))
    const end = performance.now() + timeoutMs
    if (parts === 'all') await hostsAreReady(sockets['pip'] ?? '', [...lab.hosts.keys()], end)
    else await Promise.all([...lab.hosts.keys()].map((host) => agentIsReady(agentSocket(lab, host), host, end)))
    return brokerUrl
  }

  try {
    const brokerUrl = await Promise.race([start(), broken, aborted(options.signal)])
    lab.markReady(sockets)
    const powerOff = async (host: string): Promise<void> => {
      off.add(host)
      await lab.powerOff(host)
      await agents.get(host)?.exited
    }
    const powerOn = async (host: string): Promise<void> => {
      await lab.powerOn(host)
      if (parts !== 'hosts') await startAgent(host, inside)
      off.delete(host)
    }
    return { lab, substrateFile, brokerUrl, agents, roles, sockets, broken, powerOff, powerOn, down: stop }
  } catch (error) {
    const keepLogs = !options.signal?.aborted
    await stop({ keepLogs })
    if (keepLogs) options.onLogs?.(lab.logs)
    throw error
  }
}

const aborted = (signal: AbortSignal | undefined): Promise<never> =>
  new Promise((_, reject) => {
    if (signal?.aborted) reject(signal.reason)
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
  })

/** Most of the time that a process may take to end by itself. */
const graceMs = 5000

const endInOrder = async (held: HeldProcess | undefined): Promise<void> => {
  if (!held?.kill('SIGTERM')) return
  const timer = setTimeout(() => held.kill('SIGKILL'), graceMs)
  await held.exited
  clearTimeout(timer)
}

/** Asks until the answer says that all is there. Throws lab.failed with what is missing. */
const waitFor = async (what: string, ask: () => Promise<string>, end: number): Promise<void> => {
  let missing = ''
  while (performance.now() < end) {
    missing = await ask().catch((error: Error) => error.message)
    if (missing === '') return
    await sleep(30)
  }
  throw new WeftError('lab.failed', `${what} not ready in time: ${missing}`)
}

const hostsAreReady = (socket: string, names: readonly string[], end: number): Promise<void> =>
  waitFor(
    'hosts are',
    async () => {
      const reply = await callLocal(socket, 'ApiRequest', create('ApiRequest', { hosts: {} }), 'ApiReply')
      const found = new Map((reply.hosts?.hosts ?? []).map((host) => [host.name, host]))
      const away = names.filter((name) => !found.get(name)?.status?.online || !found.get(name)?.inventory)
      // What is wrong with a host that is away is that it is away.
      const there = names.filter((name) => !away.includes(name))
      const problems = there.flatMap((name) => found.get(name)?.problems ?? []).map(({ message }) => message)
      return [...(away.length > 0 ? [`the PIP waits for ${away.join(', ')}`] : []), ...problems].join('; ')
    },
    end,
  )

const agentIsReady = (socket: string, host: string, end: number): Promise<void> =>
  waitFor(
    `the agent of ${host} is`,
    async () => {
      const reply = await callLocal(socket, 'HostCommand', create('HostCommand', { host: {} }), 'HostReply')
      return reply.host?.inventory ? '' : 'it has no inventory yet'
    },
    end,
  )
