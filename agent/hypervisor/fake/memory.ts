/**
 * A hypervisor that is a Map: for tests and for fake hosts by the thousand. Its world outlives the driver, as real domains outlive an agent,
 * and each call is made of small steps with a point between them where a test may let it fail or stop for ever.
 */
import { create } from '../../../proto/codec.ts'
import { WeftError } from '../../../proto/errors.ts'
import { configurationDigest, nodeDigest } from '../digest.ts'
import { domainName } from '../domain-name.ts'
import type { ConsoleStream, HypervisorDriver, IdleNode, NodeEnd, NodeSpec, ObservedNode } from '../driver.ts'
import { echoConsole } from './echo-console.ts'

export interface FakeNode {
  spec: NodeSpec
  /** '' while only half of it is there. */
  digest: string
  configuration: string
  running: boolean
  ended: NodeEnd | undefined
  vifs: readonly string[]
  /** Opaque, the same for as long as it runs: also where it becomes another node. */
  domain: string
}

/** What stands, by `vnet/node`. */
export interface FakeWorld {
  readonly nodes: Map<string, FakeNode>
  readonly watchers: Set<(vnet: string, node: string) => void>
  /** How often each call began: `start alice.shop/r1`. */
  readonly calls: string[]
}

export const fakeWorld = (): FakeWorld => ({ nodes: new Map(), watchers: new Set(), calls: [] })

export type FakePoint =
  | 'observe'
  | 'start.record'
  | 'start.vifs'
  | 'start.run'
  | 'start.end'
  | 'take'
  | 'take.end'
  | 'configure'
  | 'configure.vifs'
  | 'configure.end'
  | 'remove.stop'
  | 'remove.vifs'
  | 'remove.forget'
  | 'remove.end'

export interface FakeOptions {
  readonly name?: string
  readonly world?: FakeWorld
  /** Called before each small step: to wait, to throw, or never to settle. */
  readonly at?: (point: FakePoint, vnet: string, node: string) => Promise<void> | void
}

/** Ends a node behind the agent's back. */
export const stopFakeNode = (world: FakeWorld, vnet: string, node: string, how: NodeEnd['how'] = 'crashed'): void => {
  const there = world.nodes.get(`${vnet}/${node}`)
  if (!there) return
  there.running = false
  there.ended = there.configuration === '' ? undefined : { how, reason: 'somebody ended it' }
  there.vifs = []
  for (const watcher of world.watchers) watcher(vnet, node)
}

export const fakeHypervisor = (options: FakeOptions = {}): HypervisorDriver => {
  const { name = 'fake', world = fakeWorld(), at = () => {} } = options
  const { nodes, watchers } = world
  const own = new Set<(vnet: string, node: string) => void>()
  const keyOf = (vnet: string, node: string): string => `${vnet}/${node}`
  const changed = (vnet: string, node: string): void => {
    for (const watcher of watchers) watcher(vnet, node)
  }
  const vifsOf = ({ slot, node }: NodeSpec) => node.interfaces.map(({ index }) => `vif${slot}.${index}`)
  const owner = (vif: string): FakeNode | undefined => [...nodes.values()].find(({ vifs }) => vifs.includes(vif))

  const begin = (call: string, vnet: string, node: string): void => void world.calls.push(`${call} ${vnet}/${node}`)

  const take = async (asked: NodeSpec, from: IdleNode): Promise<boolean> => {
    const spec = { ...asked, slot: from.slot }
    const { vnet, node } = spec
    begin('take', from.vnet, from.id)
    await at('take', vnet, node.id)
    const idle = nodes.get(keyOf(from.vnet, from.id))
    if (!idle?.running || idle.spec.slot !== from.slot) return false
    nodes.delete(keyOf(from.vnet, from.id))
    nodes.set(keyOf(vnet, node.id), { ...idle, spec, digest: nodeDigest(spec), configuration: '' })
    changed(vnet, node.id)
    await at('take.end', vnet, node.id)
    return true
  }

  const start = async (spec: NodeSpec, from?: IdleNode): Promise<boolean> => {
    const { vnet, node } = spec
    const key = keyOf(vnet, node.id)
    begin('start', vnet, node.id)
    if (nodes.get(key)?.running) return false
    const isNew = !nodes.has(key)
    if (from && isNew && (await take(spec, from))) return true
    try {
      await at('start.record', vnet, node.id)
      const made = nodes.get(key) ?? {
        spec,
        digest: '',
        configuration: '',
        running: false,
        ended: undefined,
        vifs: [],
        domain: domainName(vnet, node.id),
      }
      nodes.set(key, made)
      made.configuration = ''
      made.ended = undefined
      await at('start.vifs', vnet, node.id)
      for (const vif of vifsOf(spec)) {
        const other = owner(vif)
        if (other && other !== made) {
          throw new WeftError('object.foreign', `${vif} exists and is not node ${node.id}'s`, {
            object: `node/${node.id}`,
          })
        }
      }
      made.vifs = vifsOf(spec)
      await at('start.run', vnet, node.id)
      Object.assign(made, { spec, digest: nodeDigest(spec) })
      made.running = true
      changed(vnet, node.id)
      await at('start.end', vnet, node.id)
      return false
    } catch (error) {
      const made = nodes.get(key)
      if (isNew) nodes.delete(key)
      else if (made) Object.assign(made, { running: false, vifs: [] })
      throw error
    }
  }

  const configure = async (spec: NodeSpec): Promise<void> => {
    const { vnet, node } = spec
    begin('configure', vnet, node.id)
    await at('configure', vnet, node.id)
    const there = nodes.get(keyOf(vnet, node.id))
    if (!there?.running) {
      throw new WeftError('node.not-running', `node ${node.id} does not run`, { object: `node/${node.id}` })
    }
    Object.assign(there, { spec, vifs: vifsOf(spec), digest: nodeDigest(spec) })
    await at('configure.vifs', vnet, node.id)
    there.configuration = configurationDigest(spec)
    changed(vnet, node.id)
    await at('configure.end', vnet, node.id)
  }

  const remove = async (vnet: string, node: string): Promise<void> => {
    begin('remove', vnet, node)
    const there = nodes.get(keyOf(vnet, node))
    if (!there) return
    await at('remove.stop', vnet, node)
    there.running = false
    there.digest = ''
    await at('remove.vifs', vnet, node)
    there.vifs = []
    await at('remove.forget', vnet, node)
    nodes.delete(keyOf(vnet, node))
    changed(vnet, node)
    await at('remove.end', vnet, node)
  }

  const nothingInside = async (vnet: string, node: string): Promise<never> => {
    const there = nodes.get(keyOf(vnet, node))
    const object = `node/${node}`
    if (!there) throw new WeftError('node.unknown', `${vnet} has no node ${node} here`, { object })
    if (!there.running) throw new WeftError('node.not-running', `node ${node} does not run`, { object })
    throw new WeftError('verb.unsupported', `node ${node} is a fake in memory: nothing runs in it`, { object })
  }

  const openConsole = async (vnet: string, node: string): Promise<ConsoleStream> => {
    const there = nodes.get(keyOf(vnet, node))
    const object = `node/${node}`
    if (!there) throw new WeftError('node.unknown', `${vnet} has no node ${node} here`, { object })
    if (!there.running) throw new WeftError('node.not-running', `node ${node} does not run`, { object })
    const console = echoConsole(`${node} is a fake in memory: it says what you say\r\n`)
    const hangUp = (): void => {
      if (nodes.get(keyOf(vnet, node)) !== there || !there.running) console.hangUp()
    }
    watchers.add(hangUp)
    void console.closed.then(() => watchers.delete(hangUp))
    return console
  }

  return {
    name,
    parallel: 64,
    probe: async () => create('Hypervisor', { name, version: '1' }),
    observe: async ({ vnets } = {}) => {
      await at('observe', '', '')
      const asked = [...nodes.values()].filter(({ spec }) => vnets?.has(spec.vnet) ?? true)
      return asked.map(
        ({ spec, digest, configuration, running, ended, vifs, domain }): ObservedNode => ({
          vnet: spec.vnet,
          id: spec.node.id,
          hypervisor: name,
          domain,
          slot: spec.slot,
          running,
          configuration,
          digest,
          ended,
          vifs: vifs.map((vif) => ({ index: Number(vif.slice(vif.indexOf('.') + 1)), name: vif })),
        }),
      )
    },
    start,
    configure,
    remove,
    inside: { exec: nothingInside, console: openConsole },
    watch: async (watcher) => {
      own.add(watcher)
      watchers.add(watcher)
    },
    close: async () => {
      for (const watcher of own) watchers.delete(watcher)
      own.clear()
    },
  }
}
