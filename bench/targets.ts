/** What good looks like (docs/benchmarks.md), and whether a run got there. */
import type { AgentCosts } from './costs.ts'
import type { LineComparison } from './line/compare.ts'
import type { VNetComparison } from './vnet/compare.ts'

export interface Results {
  readonly vnet: VNetComparison | undefined
  readonly line: LineComparison | undefined
}

export interface Verdict {
  readonly what: string
  readonly value: number
  readonly target: number
  /** Whether the value may be at most or must be at least the target. */
  readonly bound: 'most' | 'least'
  readonly unit: 'times' | 'bytes' | 'share'
  readonly met: boolean
}

export const targets = {
  /** Building a VNet, of the bare calls. */
  vnetRatio: 1.5,
  /** Faster than Mininet, for the same objects. */
  lineRatio: 5,
  agentBytes: 100e6,
  agentCpuShare: 0.01,
} as const

const verdict = (
  what: string,
  value: number,
  bound: Verdict['bound'],
  target: number,
  unit: Verdict['unit'],
): Verdict => ({ what, value, target, bound, unit, met: bound === 'most' ? value <= target : value >= target })

export const judge = ({ vnet, line }: Results): readonly Verdict[] => {
  const ratios = line?.ratios.bridges
  const agents = [...(vnet ? [vnet.agents] : []), ...(line ? [line.agent] : [])]
  return [
    ...(vnet ? [verdict('building a VNet, of the bare calls', vnet.ratio, 'most', targets.vnetRatio, 'times')] : []),
    ...(ratios
      ? [
          verdict('building a line, faster than Mininet', ratios.up, 'least', targets.lineRatio, 'times'),
          verdict('removing a line, faster than Mininet', ratios.down, 'least', targets.lineRatio, 'times'),
        ]
      : []),
    ...(agents.length > 0
      ? [
          verdict(
            'memory of the largest agent',
            greatest(agents, 'residentBytes'),
            'most',
            targets.agentBytes,
            'bytes',
          ),
          verdict(
            'of a CPU, the busiest idle agent',
            greatest(agents, 'cpuShare'),
            'most',
            targets.agentCpuShare,
            'share',
          ),
        ]
      : []),
  ]
}

const greatest = (agents: readonly AgentCosts[], what: 'residentBytes' | 'cpuShare'): number =>
  Math.max(...agents.map((costs) => costs[what]))
