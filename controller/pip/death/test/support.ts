/** A PIP whose hosts die, with a client of its wire. */
import type { Test } from 'tap'
import type { HostEntry, VNetRequest, VNetState } from '../../../../proto/generated/weft.v1.ts'
import { type Client, createClient } from '../../../test/client.ts'
import type { FakeAgent } from '../../../test/fake-agent.ts'
import { chain, createReadyWorld, type World, type WorldOptions } from '../../../test/world.ts'

export interface Scene {
  readonly world: World
  readonly vnp: Client
  agent(host: string): FakeAgent
  /** Reserves and commits. */
  apply(request: VNetRequest): Promise<VNetState>
  /** Until every host of it has reported that all is there. */
  built(vnet: string): Promise<void>
  state(vnet: string): Promise<VNetState>
  host(name: string): Promise<HostEntry>
  /** The hosts that run the node. */
  runs(node: string): readonly string[]
  /** Its power is gone, and the PIP knows that it is away. */
  powerOff(host: string): Promise<void>
  /** It is back, and known to be. */
  powerOn(host: string): Promise<void>
}

export const createScene = async (t: Test, options: WorldOptions = {}): Promise<Scene> => {
  const world = await createReadyWorld({ vnps: [], vnos: [], ...options })
  t.teardown(() => world.close())
  return sceneOf(world)
}

export const sceneOf = (world: World): Scene => {
  const vnp = createClient(world, 'vnp1', 'pip1')
  const agent = (host: string): FakeAgent => {
    const one = world.agents.get(host)
    if (!one) throw new Error(`there is no host ${host}`)
    return one
  }
  const state = async (vnet: string): Promise<VNetState> =>
    (await world.ask('pip1', { get: { vnet } })).vnet as VNetState
  const host = async (name: string): Promise<HostEntry> => {
    const { hosts } = await world.ask('pip1', { hosts: {} })
    return hosts?.hosts.find((one) => one.name === name) as HostEntry
  }
  const knows = (name: string, online: boolean): Promise<void> =>
    world.until(`${name} is known to be ${online ? 'there' : 'away'}`, async () => {
      const { status } = await host(name)
      return status?.online === online
    })
  return {
    world,
    vnp,
    agent,
    state,
    host,
    apply: async (request) => {
      const reservation = crypto.randomUUID()
      await vnp.ask({ reserve: { reservation, part: request } })
      return (await vnp.ask({ commit: { reservation } })).vnet as VNetState
    },
    built: (vnet) => world.until(`${vnet} is ready`, async () => (await state(vnet)).phase === 'PHASE_READY'),
    runs: (node) => [...world.agents.values()].filter(({ running }) => running.has(node)).map((one) => one.host),
    powerOff: async (name) => {
      agent(name).powerOff()
      await knows(name, false)
    },
    powerOn: async (name) => {
      agent(name).powerOn()
      await knows(name, true)
    },
  }
}

/** A chain as the PIP is asked for it. */
export const part = (name: string, count: number, changes: (node: string) => object = () => ({})): VNetRequest => {
  const request = chain('any', count)
  return {
    ...request,
    name: `alice.${name}`,
    nodes: request.nodes.map((node) => ({ ...node, ...changes(node.id) })),
  }
}
