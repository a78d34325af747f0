/**
 * What all nodes need of a resource against what all hosts have free of it.
 */
import type { NodeDemand, Problem } from './problem.ts'

export const resourceKinds = ['memory', 'disk', 'cpu', 'nics'] as const
export type ResourceKind = (typeof resourceKinds)[number]

export interface Total {
  readonly needed: number
  readonly free: number
}

const demand: Readonly<Record<ResourceKind, (node: NodeDemand) => number>> = {
  memory: ({ memoryBytes }) => memoryBytes,
  disk: ({ diskBytes }) => diskBytes,
  cpu: ({ cpuMillis }) => cpuMillis,
  nics: ({ dedicated }) => dedicated,
}

export const totalOf = ({ topology, nodes, free, excluded }: Problem, kind: ResourceKind): Total => {
  const left = { memory: free.memoryBytes, disk: free.diskBytes, cpu: free.cpuMillis, nics: free.nics }[kind]
  const fixed = new Set(nodes.flatMap((node) => node.fixed ?? []))
  let [needed, have] = [0, 0]
  for (const node of nodes) needed += demand[kind](node)
  for (const host of topology.hosts)
    if (excluded[host] === 0 || fixed.has(host)) have += Math.max(0, left[host] as number)
  return { needed, free: have }
}

/** Whether it is short whatever goes where. */
export const isShort = (problem: Problem, kind: ResourceKind): boolean => {
  const { needed, free } = totalOf(problem, kind)
  return needed > free
}
