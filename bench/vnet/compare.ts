/**
 * A VNet asked of the roles, from the request until all is ready, against the bare libvirt and netlink calls for the same objects, in pairs.
 * Two labs side by side on the same machine: one with agents, broker and roles, one with nothing but its hosts' libvirtd, so that no agent
 * meets what is not its own. That the objects are the same is looked up, not assumed.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { startStack } from '../../lab/stack.ts'
import { WeftError } from '../../proto/errors.ts'
import type { VNetRequest } from '../../proto/generated/weft.v1.ts'
import { type AgentCosts, agentCosts } from '../costs.ts'
import { medianRatio } from '../statistics.ts'
import { type BareHosts, startBareHosts } from './bare.ts'
import { stateDifference } from './state.ts'
import { buildByWeft, hostParts, type Phase, removeByWeft } from './weft.ts'

export interface VNetPair {
  /** From the request to ready. */
  readonly weftSeconds: number
  readonly bareSeconds: number
  /** From the request to gone. */
  readonly weftRemovalSeconds: number
  readonly bareRemovalSeconds: number
  readonly phases: readonly Phase[]
}

export interface VNetComparison {
  readonly nodes: number
  readonly links: number
  readonly hosts: number
  /** Objects that both sides made: interfaces, disciplines, filters, domains, files. */
  readonly objects: number
  /** The first of all, with everything cold; no part of the medians. */
  readonly first: VNetPair
  readonly pairs: readonly VNetPair[]
  /** Medians of the pairs' ratios, Weft to bare. */
  readonly ratio: number
  readonly removalRatio: number
  readonly agents: AgentCosts
}

export interface VNetOptions {
  readonly request: VNetRequest
  readonly hosts: number
  readonly pairs: number
  /** How long the agents are watched while the VNet stands. */
  readonly idleSeconds: number
  readonly onProgress: (what: string) => void
}

/** The kernel takes down at leisure what was removed; the next measurement shall not pay for it. */
const pauseMs = 1000

const checkSame = (
  weft: ReadonlyMap<string, readonly string[]>,
  bare: ReadonlyMap<string, readonly string[]>,
): number => {
  let objects = 0
  for (const [host, lines] of weft) {
    const differing = stateDifference(lines, bare.get(host) ?? [])
    if (differing.length > 0) {
      const some = differing.slice(0, 6).join('\n')
      throw new WeftError('internal', `the two sides of the bench made different things on ${host}:\n${some}`)
    }
    objects += lines.length
  }
  return objects
}

export const compareVNet = async (options: VNetOptions): Promise<VNetComparison> => {
  const { request, hosts, pairs: count, idleSeconds, onProgress } = options
  onProgress(`starting two labs of ${hosts} hosts`)
  const stack = await startStack({ hosts })
  try {
    const other = await startStack({ hosts, parts: 'hosts' })
    try {
      const bare = await startBareHosts(other.lab)
      const observer = await startBareHosts(stack.lab)
      let objects = 0
      let agents: AgentCosts | undefined

      const measure = async (bareHosts: BareHosts, isFirst: boolean): Promise<VNetPair> => {
        const weft = await buildByWeft(stack, request)
        const parts = await hostParts(stack)
        const made = isFirst ? await observer.state() : undefined
        if (isFirst) {
          await observer.close()
          onProgress(`watching idle agents for ${idleSeconds} s`)
          const pids = [...stack.agents.values()].map(({ identity }) => identity.pid)
          agents = await agentCosts(pids, idleSeconds)
        }
        await sleep(pauseMs)
        const weftRemovalSeconds = await removeByWeft(stack, request.name)
        await sleep(pauseMs)
        await bareHosts.prepare(parts)
        const bareSeconds = await bareHosts.build()
        if (made) objects = checkSame(made, await bareHosts.state())
        await sleep(pauseMs)
        const bareRemovalSeconds = await bareHosts.remove()
        await sleep(pauseMs)
        return { weftSeconds: weft.seconds, bareSeconds, weftRemovalSeconds, bareRemovalSeconds, phases: weft.phases }
      }

      onProgress('the first pair')
      await sleep(pauseMs)
      const first = await measure(bare, true)
      const pairs: VNetPair[] = []
      while (pairs.length < count) {
        onProgress(`pair ${pairs.length + 1} of ${count}`)
        pairs.push(await measure(bare, false))
      }
      await bare.close()
      if (!agents) throw new WeftError('internal', 'the agents were not watched')
      return {
        nodes: request.nodes.length,
        links: request.links.length,
        hosts,
        objects,
        first,
        pairs,
        ratio: medianRatio(
          pairs,
          (pair) => pair.weftSeconds,
          (pair) => pair.bareSeconds,
        ),
        removalRatio: medianRatio(
          pairs,
          (pair) => pair.weftRemovalSeconds,
          (pair) => pair.bareRemovalSeconds,
        ),
        agents,
      }
    } finally {
      await other.down()
    }
  } finally {
    await stack.down()
  }
}
