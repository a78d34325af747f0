/**
 * What the drivers of every hypervisor behind libvirt share: the connection, the nodes' directories, and who is in hand.
 */
import type { Logger } from 'pino'
import type { LibvirtConnection } from '../../../native/libvirt.ts'
import { create } from '../../../proto/codec.ts'
import { toWireError, WeftError } from '../../../proto/errors.ts'
import { openRoute, type RouteSocket } from '../../netlink/route.ts'
import type { HypervisorDriver, ObservedNode } from '../driver.ts'
import { type KeptConnection, keepConnection } from './connection.ts'
import { type NodeDirectories, nodeDirectories } from './directories.ts'
import { findDomain, isRunning, type MarkedDomain } from './domains.ts'
import { named } from './failure.ts'
import { type Details, observeNodes } from './observe.ts'
import { type TakenNodes, takenNodes } from './taken.ts'

export interface LibvirtNodesOptions {
  /** As requests name it. */
  readonly name: string
  /** For instance lxc:///system. */
  readonly uri: string
  /** Where the nodes of this hypervisor live on disk, and no others. */
  readonly directory: string
  /** Nodes that are made or removed at a time. */
  readonly parallel: number
  readonly log: Logger
  /** Whether a node's domain is this driver's, where several drivers share a libvirt; all are without it. */
  readonly isOurs?: (vnet: string, node: string, domain: string) => Promise<boolean>
  /** The guest of a node has rebooted, and its domain goes on: called before whoever watches is told. */
  readonly onReboot?: (vnet: string, node: string) => Promise<void>
}

export interface LibvirtNodes {
  /** For looks, and all that is quick. */
  readonly libvirt: KeptConnection
  /** For what takes as long as a domain to start or to end: another connection, so that no look waits for it. Throws hypervisor.unavailable. */
  hand(): Promise<LibvirtConnection>
  readonly directories: NodeDirectories
  readonly taken: TakenNodes
  /** A socket of this network namespace, made again where it was closed. */
  route(): RouteSocket
  /** undefined where there is none. Throws object.foreign, hypervisor.unavailable. */
  find(vnet: string, node: string): Promise<MarkedDomain | undefined>
  /** Throws node.unknown, node.not-running and what find throws. */
  running(vnet: string, node: string): Promise<MarkedDomain>
  /** Libvirt's events name domains, not nodes: those of a node that is known are told to whoever watches. */
  know(vnet: string, node: string): Promise<void>
  forget(vnet: string, node: string): Promise<void>
  /** While a domain is being made or removed it is in hand: whoever looks at it waits. */
  held<T>(vnet: string, node: string, work: () => Promise<T>): Promise<T>
  probe(): ReturnType<HypervisorDriver['probe']>
  observe(details: Details): Promise<readonly ObservedNode[]>
  watch: HypervisorDriver['watch']
  close(): Promise<void>
}

/** Calls that look take milliseconds. */
const lookThreads = 4
/** Of one connection. */
const mostThreads = 64

export const libvirtNodes = (options: LibvirtNodesOptions): LibvirtNodes => {
  const { name, uri, directory, parallel, log, isOurs = async () => true, onReboot = async () => {} } = options
  const libvirt = keepConnection({ uri, threads: lookThreads, log })
  const hand = keepConnection({ uri, threads: Math.min(parallel, mostThreads), log })
  const directories = nodeDirectories(directory)
  const taken = takenNodes(directories)
  const known = new Map<string, { readonly vnet: string; readonly id: string }>()
  const inHand = new Set<string>()
  let socket: RouteSocket | undefined

  /** Of one that was taken from a pool, and whose directory somebody removed, the name that it was seen with. */
  const domainOf = async (vnet: string, node: string): Promise<string> => {
    const name = await taken.domainOf(vnet, node)
    if (known.has(name)) return name
    const seen = [...known].find(([, one]) => one.vnet === vnet && one.id === node)
    return seen?.[0] ?? name
  }

  const find = async (vnet: string, node: string): Promise<MarkedDomain | undefined> => {
    const found = await findDomain(await libvirt.get(), taken, await domainOf(vnet, node), { vnet, node })
    if (!found || (await isOurs(vnet, node, found.domain.name))) return found
    const object = `node/${node}`
    throw new WeftError('object.foreign', `the domain of node ${node} is another hypervisor's still`, { object })
  }

  const observe = async (details: Details): Promise<readonly ObservedNode[]> => {
    const kept = await directories.list()
    let connection: LibvirtConnection
    try {
      connection = await libvirt.get()
    } catch (error) {
      // Every node of ours has a directory: where there is none, nothing is missed.
      if (kept.length === 0) return []
      throw error
    }
    const all = await observeNodes(connection, kept, { hypervisor: name, inHand, taken, details })
    const ours = await Promise.all(all.map(({ vnet, id, domain }) => isOurs(vnet, id, domain)))
    const nodes = all.filter((_, i) => ours[i])
    for (const { domain, vnet, id } of nodes) known.set(domain, { vnet, id })
    return nodes
  }

  return {
    libvirt,
    hand: () => hand.get(),
    directories,
    taken,
    route: () => {
      if (socket === undefined || socket.closed) socket = openRoute()
      return socket
    },
    find,
    running: async (vnet, node) => {
      const object = `node/${node}`
      const found = await find(vnet, node)
      if (!found) throw new WeftError('node.unknown', `${vnet} has no node ${node} here`, { object })
      if (isRunning(found.domain)) return found
      throw new WeftError('node.not-running', `node ${node} does not run`, { object })
    },
    know: async (vnet, node) => {
      known.set(await taken.domainOf(vnet, node), { vnet, id: node })
    },
    forget: async (vnet, node) => {
      known.delete(await domainOf(vnet, node))
      taken.forget(vnet, node)
    },
    held: async (vnet, node, work) => {
      const key = `${vnet}/${node}`
      inHand.add(key)
      try {
        return await work()
      } finally {
        inHand.delete(key)
      }
    },
    probe: async () => {
      try {
        const { library } = await (await libvirt.get()).version()
        return create('Hypervisor', { name, version: formatVersion(library) })
      } catch (error) {
        return create('Hypervisor', { name, unavailable: toWireError(error).message })
      }
    },
    observe: (details) => named('a look', '*', observe(details)),
    watch: async (changed) => {
      libvirt.listen({
        onEvent: (event) => {
          const node = known.get(event.name)
          if (!node) return
          const tell = (): void => changed(node.vnet, node.id)
          if (event.kind !== 'reboot') return tell()
          const problem = (err: unknown): void => log.warn({ ...node, err }, 'a reboot could not be noted')
          void onReboot(node.vnet, node.id).catch(problem).then(tell)
        },
        onConnected: () => changed('', ''),
        onLost: () => changed('', ''),
      })
    },
    close: async () => {
      socket?.close()
      await Promise.all([libvirt, hand].map((one) => one.close()))
    },
  }
}

/** As libvirt counts: 1,000,000 × major + 1,000 × minor + release. */
export const formatVersion = (version: number): string =>
  [Math.floor(version / 1e6), Math.floor(version / 1e3) % 1e3, version % 1e3].join('.')
