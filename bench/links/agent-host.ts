/** A host with a whole agent: a slice is asked for and reported ready. Its nodes are vifs that nobody is behind. */
import { join } from 'node:path'
import { type Agent, startAgent } from '../../agent/agent.ts'
import { bridgeDriver } from '../../agent/datapath/bridge/driver.ts'
import { clickDriver } from '../../agent/datapath/click/driver.ts'
import { guardedDriver } from '../../agent/datapath/guard/driver.ts'
import { openUnderlay } from '../../agent/datapath/underlay/underlay.ts'
import { fakeHypervisor, fakeWorld } from '../../agent/hypervisor/fake/memory.ts'
import { silentLog } from '../../agent/log.ts'
import { openRoute } from '../../agent/netlink/route.ts'
import type { Phase, Reported } from '../../proto/generated/weft.v1.ts'
import { costOf, type LinkHost } from './host.ts'
import { pinnedBytes } from './memory.ts'
import { sliceOf } from './spec.ts'
import { openWorld, type WorldOptions } from './world.ts'

const extra = 100_000
const extraVNet = 'extra'
/** For one step of the bench on a machine that does much else. */
const patienceMs = 600_000

export const openAgentHost = async (
  datapath: 'click' | 'bridge',
  perVNet: number,
  options: WorldOptions,
): Promise<LinkHost> => {
  const world = await openWorld(options)
  const { namespace, bpffs, directory } = world
  const underlay = openUnderlay({ namespace })
  const route = openRoute({ namespace })
  const nodes = fakeWorld()
  const hypervisor = fakeHypervisor({
    world: nodes,
    at: async (point, vnet, node) => {
      const slot = nodes.nodes.get(`${vnet}/${node}`)?.spec.slot ?? 0
      if (point === 'start.vifs') await world.addVifs([{ name: `vif${slot}.0`, vnet, node }])
      if (point === 'remove.vifs') await route.deleteLink(`vif${slot}.0`)
    },
  })
  const waiting = new Set<(reported: Reported) => void>()
  const agent: Agent = await startAgent({
    name: 'bench',
    domain: 'bench',
    stateDir: directory,
    drivers: {
      hypervisors: [hypervisor],
      datapaths: [
        guardedDriver(bridgeDriver({ namespace, underlay }), {
          namespace,
          directory: join(directory, 'guards'),
          bpffs,
        }),
        clickDriver({ namespace, underlay, directory: join(directory, 'click'), bpffs }),
      ],
    },
    nics: async () => [],
    config: { location: undefined, nics: new Map() },
    log: silentLog(),
    interfaceNames: async () => new Set((await underlay.read()).interfaces.byName.keys()),
    onReport: (reported) => {
      for (const tell of waiting) tell(reported)
    },
  })
  const generations = new Map<string, number>()

  /** Settles when the agent reports it. */
  const desire = async (vnet: string, numbers: readonly number[], phase: Phase): Promise<void> => {
    const generation = (generations.get(vnet) ?? 0) + 1
    generations.set(vnet, generation)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const tell = (reported: Reported): void => {
      if (reported.vnet === vnet && reported.generation === generation && reported.phase === phase) resolve()
    }
    const timer = setTimeout(() => reject(new Error(`${vnet} did not reach ${phase}`)), patienceMs)
    waiting.add(tell)
    try {
      await Promise.all([agent.desire(sliceOf(vnet, numbers, generation, datapath)), promise])
    } finally {
      clearTimeout(timer)
      waiting.delete(tell)
    }
  }

  return {
    fill: async (from, to) => {
      const numbers = Array.from({ length: to }, (_, number) => number)
      const byVNet = Map.groupBy(numbers, (number) => `v${Math.floor(number / perVNet)}`)
      const { seconds } = await costOf(async () => {
        for (const [vnet, members] of byVNet) {
          if (members.some((number) => number >= from)) await desire(vnet, members, 'PHASE_READY')
        }
      })
      return seconds
    },
    add: () => costOf(() => desire(extraVNet, [extra], 'PHASE_READY')),
    remove: () => desire(extraVNet, [], 'PHASE_GONE'),
    kernelBytes: () => pinnedBytes(bpffs),
    close: async () => {
      await agent.close()
      underlay.close()
      route.close()
      world.close()
    },
  }
}
