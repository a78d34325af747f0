/**
 * A fake hypervisor whose nodes are real network namespaces with real vifs: what is left of a container without its processes. Links,
 * addresses and rates are real; memory, CPUs, images and start-up commands mean nothing. exec runs a command of the host in the namespace.
 */
import { close, open } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { create } from '../../../proto/codec.ts'
import { WeftError } from '../../../proto/errors.ts'
import { nodeMark } from '../../datapath/mark.ts'
import { defaultMtu } from '../../defaults.ts'
import { interfaceNames } from '../../interfaces.ts'
import { addLink, setLink } from '../../netlink/link/requests.ts'
import { openRoute, type RouteSocket } from '../../netlink/route.ts'
import { NetlinkError } from '../../netlink/socket/error.ts'
import type { Request } from '../../netlink/socket/request.ts'
import { withUndo } from '../../undo.ts'
import { configurationDigest, nodeDigest } from '../digest.ts'
import { domainName } from '../domain-name.ts'
import type { HypervisorDriver, NodeSpec, ObservedNode } from '../driver.ts'
import { configureGuest, guestInterface } from '../guest-network.ts'
import { runBounded } from '../run-bounded.ts'
import { dressVifs, vifName } from '../vifs.ts'
import { batchedNamespaces, namespaceNames, namespacePath } from './network-namespaces.ts'
import { openRecords } from './records.ts'

/** The kernel makes one at a time, but takes down all that end together at the price of one. */
const parallel = 256

const patienceMs = 5000
const pauseMs = 10

const openFile = promisify(open)
const closeFile = promisify(close)

export interface FakeNamespacesOptions {
  /** For its records: those of this host alone. */
  readonly stateDir: string
}

export const fakeNamespaces = ({ stateDir }: FakeNamespacesOptions): HypervisorDriver => {
  const name = 'fake'
  const records = openRecords(join(stateDir, 'fake'))
  const namespaces = batchedNamespaces()
  const watchers = new Set<(vnet: string, node: string) => void>()
  let socket: RouteSocket | undefined
  const route = (): RouteSocket => {
    if (socket === undefined || socket.closed) socket = openRoute()
    return socket
  }

  /** The pairs first, then their marks: a vif of that name that was there before must not get ours. */
  const addVifs = async ({ vnet, node, slot }: NodeSpec, namespace: string): Promise<void> => {
    const fd = await openFile(namespace, 'r')
    try {
      const pairs = node.interfaces.map(({ index, mac, mtu: asked }) => {
        const mtu = asked || defaultMtu
        const peer = { name: guestInterface(index), namespace: { fd }, mtu, ...(mac === '' ? {} : { mac }) }
        return addLink({ name: vifName(slot, index), mtu, info: { kind: 'veth', peer } })
      })
      await send(node.id, pairs)
      const mark = { alias: nodeMark(vnet, node.id), addressGeneration: 1 }
      await send(
        node.id,
        node.interfaces.flatMap(({ index }) => [
          setLink(vifName(slot, index), mark),
          setLink(vifName(slot, index), { up: true }),
        ]),
      )
    } finally {
      await closeFile(fd)
    }
  }

  const send = async (node: string, requests: readonly Request[]): Promise<void> => {
    for (const outcome of await route().batch(requests)) {
      if (!(outcome instanceof NetlinkError)) continue
      const code = outcome.code === 'EEXIST' ? 'object.foreign' : 'hypervisor.failed'
      throw new WeftError(code, `node ${node}: ${outcome.message}`, { object: `node/${node}`, cause: outcome })
    }
  }

  /** Those that carry the node's mark; a pair that has none yet goes with the namespace of its other end. */
  const deleteVifs = async (vnet: string, id: string, slot: number, indexes: readonly number[]): Promise<void> => {
    for (const index of indexes) {
      const vif = vifName(slot, index)
      const link = await route().link(vif)
      if (link?.alias !== nodeMark(vnet, id)) continue
      await route()
        .deleteLink(vif)
        .catch((error: unknown) => {
          if (!(error instanceof NetlinkError && error.code === 'ENODEV')) throw error
        })
    }
  }

  /**
   * The vifs go with the namespace of their other ends, when the kernel comes to it: many at the price of one, where deleting each by
   * itself takes a grace period of the kernel's (RCU). Those that are still there after a while are deleted.
   */
  const vifsGone = async (vnet: string, id: string, slot: number, indexes: readonly number[]): Promise<void> => {
    const end = performance.now() + patienceMs
    while (performance.now() < end) {
      const names = await interfaceNames()
      if (!indexes.some((index) => names.has(vifName(slot, index)))) return
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
    await deleteVifs(vnet, id, slot, indexes)
  }

  const start = async (spec: NodeSpec): Promise<void> => {
    const { vnet, node, slot } = spec
    const domain = domainName(vnet, node.id)
    const before = await records.get(domain)
    if (before && before.digest !== '' && (await namespaceNames()).has(domain)) return dressVifs(route(), spec)
    const indexes = node.interfaces.map(({ index }) => index)
    const record = { vnet, id: node.id, slot, indexes, digest: '', configuration: '' }
    // The kernel takes a namespace down at leisure: what was in it may still be there.
    if (before) await vifsGone(vnet, node.id, before.slot, before.indexes)
    await withUndo(async (push) => {
      push(() => records.delete(domain))
      await records.set(domain, record)
      push(() => namespaces.delete(domain))
      await namespaces.add(domain)
      push(() => deleteVifs(vnet, node.id, slot, indexes))
      await addVifs(spec, namespacePath(domain))
      await records.set(domain, { ...record, digest: nodeDigest(spec) })
    })
  }

  const configure = async (spec: NodeSpec): Promise<void> => {
    const { vnet, node } = spec
    const domain = domainName(vnet, node.id)
    const record = await records.get(domain)
    if (!record || !(await namespaceNames()).has(domain)) {
      throw new WeftError('node.not-running', `node ${node.id} does not run`, { object: `node/${node.id}` })
    }
    await configureGuest(namespacePath(domain), node.interfaces)
    await dressVifs(route(), spec)
    await records.set(domain, { ...record, configuration: configurationDigest(spec) })
  }

  const remove = async (vnet: string, id: string): Promise<void> => {
    const domain = domainName(vnet, id)
    const record = await records.get(domain)
    if (!record) return
    // First of all: what is left if this is cut short is half a node, which is removed again.
    await records.set(domain, { ...record, digest: '' })
    await namespaces.delete(domain)
    await vifsGone(vnet, id, record.slot, record.indexes)
    await records.delete(domain)
  }

  const observe = async (): Promise<readonly ObservedNode[]> => {
    const [all, there, names] = await Promise.all([records.all(), namespaceNames(), interfaceNames()])
    return [...all].map(([domain, { vnet, id, slot, indexes, digest, configuration }]) => ({
      vnet,
      id,
      hypervisor: name,
      domain,
      slot,
      running: there.has(domain),
      // A namespace that is gone takes what it was configured with along: the node is made anew.
      configuration: there.has(domain) ? configuration : '',
      digest,
      vifs: indexes.map((index) => ({ index, name: vifName(slot, index) })).filter((vif) => names.has(vif.name)),
    }))
  }

  /** Throws node.unknown, node.not-running. */
  const runningNamespace = async (vnet: string, id: string): Promise<string> => {
    const domain = domainName(vnet, id)
    const object = `node/${id}`
    if (!(await records.get(domain))) throw new WeftError('node.unknown', `${vnet} has no node ${id} here`, { object })
    if ((await namespaceNames()).has(domain)) return namespacePath(domain)
    throw new WeftError('node.not-running', `node ${id} does not run`, { object })
  }

  return {
    name,
    parallel,
    probe: async () => create('Hypervisor', { name, version: 'network namespaces' }),
    observe,
    start,
    configure,
    remove,
    inside: {
      exec: async (vnet, id, argv, timeoutMs) => {
        const namespace = await runningNamespace(vnet, id)
        const env = { PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin' }
        return runBounded(['nsenter', `--net=${namespace}`, '--', ...argv], timeoutMs, env)
      },
      console: async (vnet, id) => {
        await runningNamespace(vnet, id)
        const object = `node/${id}`
        throw new WeftError('verb.unsupported', `node ${id} is a network namespace: it has no console`, { object })
      },
    },
    watch: async (watcher) => {
      watchers.add(watcher)
    },
    close: async () => {
      watchers.clear()
      socket?.close()
    },
  }
}
