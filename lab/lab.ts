/** A lab: virtual hosts on this machine, joined as a substrate declares. */
import { randomBytes } from 'node:crypto'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { WeftError } from '../proto/errors.ts'
import type { Substrate } from '../proto/generated/weft.v1.ts'
import { createGroup, type Hierarchy, machineHierarchies, memberFiles, removeAbandonedGroups } from './cgroup.ts'
import { type EmulatedKind, startEmulatedHost } from './host/emulated.ts'
import { enterGroups, type HeldProcess, type Holder, hold } from './host/hold.ts'
import { type HostOptions, startHost, type VirtualHost } from './host/host.ts'
import { findProgram, type LibvirtDriver, libvirtProblem } from './host/libvirt.ts'
import { checkKinds, type HostKinds, kindOf, virtualHosts } from './kinds.ts'
import { powerOff } from './power.ts'
import { bootId, ended, identify, isAlive, signal, spawnHeld } from './processes.ts'
import { claimLab, type RemoveOptions, removeLab } from './remove.ts'
import { groupPrefix, type LabState, labBase, labDirectory, writeLabState } from './state.ts'
import { addressLines, layWires, layWiresAgain, nicsOf, portsTowards } from './wires/lay.ts'
import { planWires } from './wires/plan.ts'

const here = dirname(fileURLToPath(import.meta.url))

export interface LabOptions {
  /** Lower-case letters, digits, hyphens, at most 24; one that nobody else has without it. */
  readonly name?: string
  /** Directory that labs are kept in; state.ts. */
  readonly base?: string
  readonly substrate: Pick<Substrate, 'nodes' | 'links'>
  /** What the hosts are; virtual ones without it. */
  readonly kinds?: HostKinds
  /** Drivers of every virtual host's libvirtd; ['lxc'] without it, [] for hosts without libvirtd. */
  readonly drivers?: readonly LibvirtDriver[]
  /** For a host to be ready; 120 s without it: a loaded machine can be slow. */
  readonly timeoutMs?: number
}

export interface Lab {
  readonly name: string
  readonly directory: string
  /** One directory a host, one file a process. */
  readonly logs: string
  readonly hosts: ReadonlyMap<string, VirtualHost>
  /** Namespaces of switches and fabrics, and `outside`. */
  readonly networks: ReadonlyMap<string, Holder>
  /** Throws lab.unknown. */
  host(name: string): VirtualHost
  /** As if the plug of a virtual host were pulled: all of it ends at once, its disk stays. Idempotent. Throws lab.unknown, not-supported. */
  powerOff(host: string): Promise<void>
  /** A host that was ended boots again, under another boot id and without an agent. Throws lab.unknown, lab.failed, not-supported. */
  powerOn(host: string): Promise<VirtualHost>
  /** Starts a process of the lab in the machine's own namespaces; output into logs/NAME.log. It ends with the lab. */
  spawn(name: string, argv: readonly string[], env?: NodeJS.ProcessEnv): HeldProcess
  /** Says in lab.json that all is there, and where the local sockets of its roles are. */
  markReady(sockets?: Readonly<Record<string, string>>): void
  /** Ends all of it by force. Idempotent. Throws lab.leftover. */
  down(options?: RemoveOptions): Promise<void>
}

/** Why this machine cannot run a lab, as a reason to skip a test; false where it can. */
export const labProblem = (drivers: readonly LibvirtDriver[] = ['lxc']): string | false => {
  if (process.platform !== 'linux') return 'a lab needs Linux'
  if (process.getuid?.() !== 0) return 'a lab needs root (sudo npm start)'
  const missing = ['ip', 'nsenter', 'unshare', 'setpriv', 'mount'].find((program) => !findProgram(program))
  if (missing) return `${missing} is not installed (sh scripts/setup.sh run)`
  if (machineHierarchies().length === 0) return 'no control groups are mounted'
  return libvirtProblem(drivers) ?? false
}

/** Starts a lab; settles when every libvirtd answers. On failure nothing is left but logs. Throws lab.exists, lab.failed, not-supported. */
export const startLab = async (options: LabOptions): Promise<Lab> => {
  const { drivers = ['lxc'], kinds = virtualHosts } = options
  const problem = labProblem(drivers)
  if (problem) throw new WeftError('not-supported', problem)
  const plan = planWires(options.substrate)
  checkKinds(
    kinds,
    plan.nodes.filter(({ kind }) => kind === 'host').map(({ name }) => name),
  )
  const name = options.name ?? `lab-${randomBytes(4).toString('hex')}`
  const directory = labDirectory(name, options.base ?? labBase())
  const supervisor = identify(process.pid)
  if (!supervisor) throw new WeftError('not-supported', 'this process is not seen in /proc')
  const group = `${groupPrefix}${name}`
  let state: LabState = { format: 1, name, bootId: bootId(), supervisor, group, held: [], ready: false, sockets: {} }
  const hierarchies = machineHierarchies()
  await removeAbandonedGroups(hierarchies, groupPrefix)
  await claimLab(state, directory)
  const logs = join(directory, 'logs')
  const timeoutMs = options.timeoutMs ?? 120_000
  const update = (change: Partial<LabState>): void => {
    state = { ...state, ...change }
    writeLabState(directory, state)
  }
  const record = (kind: LabState['held'][number]['kind'], { name, identity, namespaces, inside }: Holder): void =>
    update({
      held: [
        // A host that is started again takes its own place.
        ...state.held.filter((one) => !(kind === 'host' && one.kind === kind && one.name === name)),
        { name, kind, identity, namespaces, ...(inside ? { inside } : {}) },
      ],
    })

  const startEmulated = async (common: HostOptions, kind: EmulatedKind): Promise<VirtualHost> => {
    const position = plan.nodes.findIndex(({ name }) => name === common.name)
    const nics = nicsOf(plan, common.name)
    return startEmulatedHost({ ...common, kind, position, nics, lines: addressLines(plan, common.name) })
  }

  const startNode = async (node: string, kind: (typeof plan.nodes)[number]['kind']): Promise<VirtualHost | Holder> => {
    const nodeLogs = join(logs, node)
    mkdirSync(nodeLogs, { recursive: true })
    if (kind === 'host') {
      const common = {
        name: node,
        directory: join(directory, 'hosts', node),
        logs: nodeLogs,
        hierarchies,
        group,
        drivers,
        timeoutMs,
        onHeld: (holder: Holder): void => record(kind, holder),
      }
      const hostKind = kindOf(kinds, node)
      return hostKind === 'virtual' ? startHost(common) : startEmulated(common, hostKind)
    }
    createGroup(hierarchies, `${group}/${node}`)
    const holder = await hold({
      name: node,
      namespaces: ['net'],
      script: join(here, 'host/network.sh'),
      env: {},
      hierarchies,
      group: `${group}/${node}`,
      outerGroup: `${group}/.holders`,
      log: join(nodeLogs, 'init.log'),
      timeoutMs,
    })
    record(kind, holder)
    return holder
  }

  try {
    createGroup(hierarchies, `${group}/.holders`)
    createGroup(hierarchies, `${group}/.processes`)
    const started = await allSettled(
      plan.nodes.map(async ({ name, kind }) => [name, await startNode(name, kind)] as const),
    )
    const hosts = new Map<string, VirtualHost>()
    const networks = new Map<string, Holder>()
    for (const [node, value] of started) {
      if ('holder' in value) hosts.set(node, value)
      else networks.set(node, value)
    }
    const pidOf = (node: string): number => (hosts.get(node)?.holder ?? networks.get(node))?.identity.pid ?? 0
    const isEmulated = (node: string): boolean => hosts.get(node)?.holder.inside !== undefined
    await layWires(plan, { pidOf, isEmulated })
    await Promise.all([...hosts.values()].map((host) => host.ready()))
    let removed: Promise<void> | undefined
    const hostNamed = (host: string): VirtualHost => {
      const found = hosts.get(host)
      if (found) return found
      throw new WeftError('lab.unknown', `lab ${name} has no host ${host}`, { hint: [...hosts.keys()].join(', ') })
    }
    /** A machine under QEMU loses its files when it ends, and its wires hang on bridges of its own. */
    const checkPower = (host: string): void => {
      const machine = [host, ...portsTowards(plan, host).map(({ node }) => node)].find(isEmulated)
      if (machine === undefined) return
      throw new WeftError('not-supported', `the power of ${host} stays on: ${machine} is an emulated machine`)
    }
    return {
      name,
      directory,
      logs,
      hosts,
      networks,
      host: hostNamed,
      powerOff: async (host) => {
        const { holder } = hostNamed(host)
        checkPower(host)
        const ports = portsTowards(plan, host).map((port) => ({ pid: pidOf(port.node), name: port.name }))
        await powerOff({ holder, hierarchies, group: `${group}/${host}`, ports, timeoutMs })
      },
      powerOn: async (host) => {
        if (isAlive(hostNamed(host).holder.identity)) throw new WeftError('lab.failed', `${host} is on already`)
        const started = await startNode(host, 'host')
        if (!('holder' in started)) throw new WeftError('internal', `${host} is no host`)
        hosts.set(host, started)
        await layWiresAgain(plan, host, { pidOf })
        await started.ready()
        return started
      },
      spawn: (process, argv, env) => {
        const held = spawnInGroup(hierarchies, group, join(logs, `${process}.log`), argv, env)
        record('process', { name: process, identity: held.identity, namespaces: [] })
        return held
      },
      markReady: (sockets = {}) => update({ ready: true, sockets }),
      down: (removeOptions) => {
        removed ??= removeLab(state, directory, removeOptions)
        return removed
      },
    }
  } catch (error) {
    await removeLab(state, directory, { keepLogs: true })
    throw error
  }
}

/** Waits for all, also where one fails: what is half started could not be ended. Then throws the first failure. */
const allSettled = async <T>(promises: readonly Promise<T>[]): Promise<readonly T[]> => {
  const results = await Promise.allSettled(promises)
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason
    return result.value
  })
}

const spawnInGroup = (
  hierarchies: readonly Hierarchy[],
  group: string,
  logFile: string,
  argv: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): HeldProcess => {
  const log = openSync(logFile, 'a')
  const files = memberFiles(hierarchies, `${group}/.processes`)
  const child = spawnHeld(['sh', '-c', enterGroups, 'weft-lab', ...files, '--', ...argv], {
    stdio: ['ignore', log, log],
    env,
  })
  closeSync(log)
  const identity = child.pid === undefined ? undefined : identify(child.pid)
  if (!identity) throw new WeftError('lab.failed', `${argv.join(' ')} did not start`)
  return { identity, exited: ended(child), kill: (name) => signal(identity, name) }
}
