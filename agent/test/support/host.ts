/** A host of fakes that outlives its agents, for tests: agents are started on it, killed, and started again. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { create, type Init } from '../../../proto/codec.ts'
import type { Phase, Reported, Slice, SliceNode } from '../../../proto/generated/weft.v1.ts'
import { type Agent, type AgentParts, startAgent } from '../../agent.ts'
import { type FakeDatapath, fakeDatapath } from '../../datapath/fake.ts'
import { type FakePoint, type FakeWorld, fakeHypervisor, fakeWorld } from '../../hypervisor/fake/memory.ts'
import { silentLog } from '../../log.ts'

export const vnet = 'alice.shop'

export const node = (id: string, change: Init<SliceNode> = {}): Init<SliceNode> => ({
  id,
  hypervisor: 'fake',
  interfaces: [{ index: 0, addresses: ['10.0.0.1/30'], mtu: 1450 }],
  ...change,
})

/** Two nodes and the link between them. */
export const pair = (change: Init<Slice> = {}): Slice =>
  create('Slice', {
    vnet,
    generation: 1,
    epoch: 1,
    nodes: [node('a'), node('b')],
    links: [
      {
        id: 'a-b',
        mtu: 1450,
        ends: [
          { node: 'a', interface: 0 },
          { node: 'b', interface: 0 },
        ],
      },
    ],
    ...change,
  })

export const absent = (generation: number): Slice => create('Slice', { vnet, generation, epoch: 1, absent: true })

export type At = (point: FakePoint, vnet: string, node: string) => Promise<void> | void

export interface FakeHost {
  readonly world: FakeWorld
  readonly datapath: FakeDatapath
  readonly stateDir: string
  /** Starts an agent; `at` is asked before each small step of the hypervisor. */
  start(at?: At, parts?: Partial<AgentParts>): Promise<KillableAgent>
}

export interface KillableAgent extends Agent {
  /** The last report of each VNet. */
  readonly told: ReadonlyMap<string, Reported>
  /** All reports in their order. */
  readonly history: readonly Reported[]
  /** From now on it does nothing any more, as a process after kill -9; nothing is tidied up. */
  kill(): void
}

const forever = new Promise<never>(() => {})

export const fakeHost = (
  t: { testdir(): string; teardown(end: () => unknown): unknown },
  datapathName: 'bridge' | 'click' = 'bridge',
): FakeHost => {
  const world = fakeWorld()
  const datapath = fakeDatapath(datapathName)
  const stateDir = join(t.testdir(), 'state')
  const tellVifs = (): void => datapath.setVifs([...world.nodes.values()].flatMap(({ vifs }) => vifs))
  datapath.setVifs([])
  world.watchers.add(tellVifs)

  return {
    world,
    datapath,
    stateDir,
    start: async (at = () => {}, parts = {}) => {
      let dead = false
      const told = new Map<string, Reported>()
      const history: Reported[] = []
      const hypervisor = fakeHypervisor({
        world,
        at: (point, ofVNet, ofNode) => (dead ? forever : at(point, ofVNet, ofNode)),
      })
      const agent = await startAgent({
        name: 'h1',
        domain: 'pip1',
        stateDir,
        drivers: { hypervisors: [hypervisor], datapaths: [datapath] },
        nics: async () => [],
        config: { location: undefined, nics: new Map() },
        log: silentLog(),
        interfaceNames: async () => new Set([...world.nodes.values()].flatMap(({ vifs }) => vifs)),
        onReport: (reported) => {
          told.set(reported.vnet, reported)
          history.push(reported)
        },
        retry: { retryFirstMs: 5, retryMostMs: 20 },
        ...parts,
      })
      t.teardown(() => agent.close(0))
      return {
        ...agent,
        told,
        history,
        kill: () => {
          dead = true
          void agent.reconciler.stop(0)
        },
      }
    },
  }
}

/** Waits until a report is as asked for; throws with the last one. */
export const untilReport = async (
  agent: KillableAgent,
  isRight: (reported: Reported) => boolean,
  timeoutMs = 20_000,
  ofVNet = vnet,
): Promise<Reported> => {
  const end = performance.now() + timeoutMs
  for (;;) {
    const reported = agent.told.get(ofVNet)
    if (reported && isRight(reported)) return reported
    if (performance.now() > end) throw new Error(`still ${JSON.stringify(reported)}`)
    await sleep(2)
  }
}

export const untilPhase = (agent: KillableAgent, phase: Phase, generation = 0): Promise<Reported> =>
  untilReport(agent, (one) => one.phase === phase && (generation === 0 || one.generation === generation))
