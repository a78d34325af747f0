/**
 * A fake hypervisor whose nodes are real network namespaces with real vifs: what is left of a container without its processes. Links,
 * addresses and rates are real; memory, CPUs, images and start-up commands mean nothing. exec runs a command of the host in the namespace.
 */
import { join } from 'node:path'
import { create } from '../../../proto/codec.ts'
import { WeftError } from '../../../proto/errors.ts'
import { nodeMark } from '../../datapath/mark.ts'
import { interfaceNames } from '../../interfaces.ts'
import { openRoute, type RouteSocket } from '../../netlink/route.ts'
import { NetlinkError } from '../../netlink/socket/error.ts'
import { withUndo } from '../../undo.ts'
import { configurationDigest, nodeDigest } from '../digest.ts'
import type { HypervisorDriver, IdleNode, NodeEnd, NodeSpec, ObservedNode } from '../driver.ts'
import { configureGuest } from '../guest-network.ts'
import { runBounded } from '../run-bounded.ts'
import { attachPairs, detachPairs } from '../veth-pairs.ts'
import { dressVifs, onlyInterfaces, takeVifs, vifName } from '../vifs.ts'
import { batchedNamespaces, namespaceNames, namespacePath } from './network-namespaces.ts'
import { type NodeRecord, openRecords } from './records.ts'

/** The kernel makes one at a time, but takes down all that end together at the price of one. */
const parallel = 256

const patienceMs = 5000
const pauseMs = 10

export interface FakeNamespacesOptions {
  /** For its records: those of this host alone. */
  readonly stateDir: string
}

const gone: NodeEnd = { how: 'crashed', reason: 'its network namespace is gone' }

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

  /** What there is of a node. The record under the name of its domain may be that of the node that took it from a pool. */
  const recordOf = async (
    vnet: string,
    id: string,
  ): Promise<{ readonly domain: string; readonly record: NodeRecord | undefined }> => {
    const domain = await records.domainOf(vnet, id)
    const record = await records.get(domain)
    return { domain, record: record?.vnet === vnet && record.id === id ? record : undefined }
  }

  /** One write of its record: before it the namespace is the pool's, and after it the node's. */
  const take = async ({ vnet, node }: NodeSpec, from: IdleNode): Promise<boolean> => {
    const { slot } = from
    const { domain, record } = await recordOf(from.vnet, from.id)
    if (record?.slot !== slot || !(await namespaceNames()).has(domain)) return false
    const was = { vnet: from.vnet, id: from.id }
    const own = { vnet, id: node.id, slot, indexes: record.indexes, digest: nodeDigest({ vnet, node, slot }) }
    const next = { ...own, configuration: '', was }
    await records.set(domain, next)
    await takeFrom(next)
    return true
  }

  /** What was cut short of a take is done again. */
  const takeFrom = async ({ vnet, id, slot, indexes, was }: NodeRecord): Promise<void> => {
    const names = indexes.map((index) => vifName(slot, index))
    if (was) await takeVifs(route(), names, was, { vnet, id })
  }

  const start = async (spec: NodeSpec, from?: IdleNode): Promise<boolean> => {
    const { vnet, node, slot } = spec
    const { domain, record: before } = await recordOf(vnet, node.id)
    if (before && before.digest !== '' && (await namespaceNames()).has(domain)) {
      await dressVifs(route(), onlyInterfaces(spec, before.indexes), true)
      return false
    }
    if (from && !before && (await take(spec, from))) return true
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
      await attachPairs(route(), spec, namespacePath(domain))
      await records.set(domain, { ...record, digest: nodeDigest(spec) })
    })
    return false
  }

  const configure = async (spec: NodeSpec): Promise<void> => {
    const { vnet, slot, node } = spec
    const { domain, record } = await recordOf(vnet, node.id)
    if (!record || !(await namespaceNames()).has(domain)) {
      throw new WeftError('node.not-running', `node ${node.id} does not run`, { object: `node/${node.id}` })
    }
    const indexes = node.interfaces.map(({ index }) => index)
    await takeFrom(record)
    const unwanted = record.indexes.filter((index) => !indexes.includes(index))
    await detachPairs(route(), { vnet, slot, id: node.id }, unwanted, namespacePath(domain))
    // At each moment the record names all that the node may have.
    if (record.indexes.join() !== indexes.join()) await records.set(domain, { ...record, indexes })
    await attachPairs(route(), spec, namespacePath(domain))
    await configureGuest(namespacePath(domain), node.interfaces)
    await dressVifs(route(), spec, record.configuration !== '' || record.was !== undefined)
    await records.set(domain, {
      vnet,
      id: node.id,
      slot,
      indexes,
      digest: nodeDigest(spec),
      configuration: configurationDigest(spec),
    })
  }

  const remove = async (vnet: string, id: string): Promise<void> => {
    const { domain, record } = await recordOf(vnet, id)
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
      ...(there.has(domain) || configuration === '' ? {} : { ended: gone }),
      digest,
      vifs: indexes.map((index) => ({ index, name: vifName(slot, index) })).filter((vif) => names.has(vif.name)),
    }))
  }

  /** Throws node.unknown, node.not-running. */
  const runningNamespace = async (vnet: string, id: string): Promise<string> => {
    const { domain, record } = await recordOf(vnet, id)
    const object = `node/${id}`
    if (!record) throw new WeftError('node.unknown', `${vnet} has no node ${id} here`, { object })
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
