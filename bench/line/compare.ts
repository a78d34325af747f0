/**
 * A line of nodes on one host, from the call until all is reported ready, against Mininet, round by round: namespaces, links and addresses alone.
 * Weft's nodes are those of the fake hypervisor, namespaces without processes (Mininet's have a shell each); its links are what the
 * data path makes of any link within a host, a bridge and two vifs. Containers, which Mininet has none of, are measured beside it.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { startStack } from '../../lab/stack.ts'
import { WeftError } from '../../proto/errors.ts'
import { type AgentCosts, agentCosts } from '../costs.ts'
import { medianRatio } from '../statistics.ts'
import { type BenchAgent, startBenchAgent } from './agent.ts'
import { type MininetForm, mininetForms, mininetProblem, runMininet } from './mininet.ts'
import { addressesOf, lineSlice, nodeName } from './slice.ts'

export interface LineTimes {
  readonly upSeconds: number
  readonly downSeconds: number
}

/** One after the other: Weft, and what there is of Mininet. */
export interface LineRound {
  readonly weft: LineTimes
  readonly mininet: Readonly<Partial<Record<MininetForm, LineTimes>>>
}

/** How many times faster Weft is: medians of the rounds' ratios. */
export interface LineRatios {
  readonly up: number
  readonly down: number
}

export interface LineComparison {
  readonly nodes: number
  readonly links: number
  readonly rounds: readonly LineRound[]
  readonly ratios: Readonly<Partial<Record<MininetForm, LineRatios>>>
  /** Why a form of Mininet was not measured. */
  readonly skipped: Readonly<Partial<Record<MininetForm, string>>>
  readonly containers: LineTimes | undefined
  /** Of the agent while it holds the line of namespaces. */
  readonly agent: AgentCosts
}

export interface LineOptions {
  readonly nodes: number
  readonly rounds: number
  readonly containers: boolean
  readonly idleSeconds: number
  readonly onProgress: (what: string) => void
}

const pauseMs = 1000

/** Up, a ping at both ends of the line, down. */
const measureWeft = async (agent: BenchAgent, hypervisor: string, nodes: number): Promise<LineTimes> => {
  const vnet = `line-${hypervisor}`
  const upSeconds = await agent.build(lineSlice({ vnet, nodes, hypervisor }))
  for (const link of new Set([0, nodes - 2])) {
    const status = await agent.exec(vnet, nodeName(link), ['ping', '-n', '-c', '1', '-W', '10', addressesOf(link)[1]])
    if (status !== 0) throw new WeftError('lab.failed', `${nodeName(link)} does not reach its neighbour`)
  }
  const downSeconds = await agent.remove(vnet)
  await sleep(pauseMs)
  return { upSeconds, downSeconds }
}

const ratiosOf = (rounds: readonly LineRound[], form: MininetForm): LineRatios | undefined => {
  const pairs = rounds.flatMap(({ weft, mininet }) => {
    const other = mininet[form]
    return other ? [{ weft, other }] : []
  })
  if (pairs.length === 0) return undefined
  return {
    up: medianRatio(
      pairs,
      ({ other }) => other.upSeconds,
      ({ weft }) => weft.upSeconds,
    ),
    down: medianRatio(
      pairs,
      ({ other }) => other.downSeconds,
      ({ weft }) => weft.downSeconds,
    ),
  }
}

export const compareLine = async (options: LineOptions): Promise<LineComparison> => {
  const { nodes, rounds: count, idleSeconds, onProgress } = options
  const problems = await Promise.all(mininetForms.map(async (form) => [form, await mininetProblem(form)] as const))
  const forms = problems.flatMap(([form, problem]) => (problem ? [] : [form]))
  const measured = await withAgent([], 'hypervisors: {fake: {namespaces: true}}\n', async (agent, host) => {
    onProgress(`a line of ${nodes} namespaces, for the first time`)
    await measureWeft(agent, 'fake', nodes)
    const rounds: LineRound[] = []
    while (rounds.length < count) {
      onProgress(`a line of ${nodes} namespaces, ${rounds.length + 1} of ${count}`)
      const weft = await measureWeft(agent, 'fake', nodes)
      const mininet: Partial<Record<MininetForm, LineTimes>> = {}
      for (const form of forms) {
        onProgress(`the same in Mininet (${form}), ${rounds.length + 1} of ${count}`)
        mininet[form] = await runMininet(host, form, nodes)
        await sleep(pauseMs)
      }
      rounds.push({ weft, mininet })
    }
    onProgress(`watching the agent with ${nodes} nodes for ${idleSeconds} s`)
    await agent.build(lineSlice({ vnet: 'line-idle', nodes, hypervisor: 'fake' }))
    const costs = await agentCosts([agent.process.identity.pid], idleSeconds)
    await agent.remove('line-idle')
    return { rounds, agent: costs }
  })
  if (options.containers) onProgress(`a line of ${nodes} containers`)
  const containers = options.containers
    ? await withAgent(['lxc'], '', (agent) => measureWeft(agent, 'lxc', nodes))
    : undefined
  const ratios = forms.map((form) => [form, ratiosOf(measured.rounds, form)])
  return {
    nodes,
    links: nodes - 1,
    ...measured,
    ratios: Object.fromEntries(ratios),
    skipped: Object.fromEntries(problems.filter(([, problem]) => problem)),
    containers,
  }
}

/** A virtual host with an agent alone. */
const withAgent = async <T>(
  drivers: readonly 'lxc'[],
  config: string,
  work: (agent: BenchAgent, host: ReturnType<Awaited<ReturnType<typeof startStack>>['lab']['host']>) => Promise<T>,
): Promise<T> => {
  const stack = await startStack({ hosts: 1, parts: 'hosts', drivers })
  try {
    const [name = ''] = stack.lab.hosts.keys()
    const agent = await startBenchAgent(stack.lab, name, config)
    try {
      return await work(agent, stack.lab.host(name))
    } finally {
      await agent.close()
    }
  } finally {
    await stack.down()
  }
}
