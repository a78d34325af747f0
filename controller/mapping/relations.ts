/**
 * What nodes of a request are to each other: on one host, on different ones, or all on different ones.
 */
import type { VNetRequest } from '../../proto/generated/weft.v1.ts'

/** `spread`: hosts all different where that fits, else shared evenly; `distinct`: all different; `packed`: linked nodes on one. */
export type Placement = 'spread' | 'distinct' | 'packed'

export interface Relations {
  readonly placement: Placement
  /** Nodes by index, each in one group: those of a group are on one host. */
  readonly groups: readonly (readonly number[])[]
  /** By node, the nodes that may not be on its host. */
  readonly apart: readonly (readonly number[])[]
}

export const relationsOf = ({ nodes, placement, affinity }: VNetRequest): Relations => {
  const indexOf = new Map(nodes.map(({ id }, index) => [id, index]))
  const members = (kind: string): readonly (readonly number[])[] =>
    affinity.filter((rule) => rule.kind === kind).map((rule) => rule.nodes.flatMap((id) => indexOf.get(id) ?? []))
  return {
    placement: placement === 'distinct' || placement === 'packed' ? placement : 'spread',
    groups: groupsOf(nodes.length, members('together')),
    apart: apartOf(nodes.length, members('apart')),
  }
}

export const groupsOf = (count: number, together: readonly (readonly number[])[]): readonly (readonly number[])[] => {
  const group = Array.from({ length: count }, (_, node) => [node])
  for (const [first, ...others] of together)
    for (const other of others) {
      const [into, from] = [group[first as number] as number[], group[other] as number[]]
      if (into === from) continue
      into.push(...from)
      for (const node of from) group[node] = into
    }
  return [...new Set(group)].map((nodes) => nodes.sort((x, y) => x - y))
}

export const apartOf = (count: number, rules: readonly (readonly number[])[]): readonly (readonly number[])[] => {
  const apart = Array.from({ length: count }, () => new Set<number>())
  for (const rule of rules) for (const x of rule) for (const y of rule) if (x !== y) apart[x]?.add(y)
  return apart.map((others) => [...others])
}
