/** Pure: how many packets one packet can become. Each costs the host's processors as much as one that the node had sent. */
import type { Graph } from '../../../../click/graph.ts'

/** Classes that give a packet to several outputs. */
const copiers: ReadonlySet<string> = new Set(['Tee', 'PaintTee', 'EtherSwitch'])

/** Infinity where copies come back to where they were made. */
export const copiesOf = ({ elements, connections }: Pick<Graph, 'elements' | 'connections'>): number => {
  const next = Map.groupBy(connections, ({ from }) => from.node)
  const after = (node: number): readonly number[] => (next.get(node) ?? []).map(({ to }) => to.node)
  const isCopier = (node: number): boolean => copiers.has(elements[node]?.class ?? '')

  const comesBack = (start: number): boolean => {
    const seen = new Set(after(start))
    for (const node of seen) for (const each of after(node)) seen.add(each)
    return seen.has(start)
  }
  if (elements.some((_, node) => isCopier(node) && comesBack(node))) return Number.POSITIVE_INFINITY

  // Without copies in loops every round can only carry numbers further, along paths without repetition.
  const packets = elements.map(() => 1)
  for (let isSettled = false; !isSettled; ) {
    isSettled = true
    for (const node of packets.keys()) {
      const ways = after(node).map((each) => packets[each] ?? 1)
      const now = Math.max(1, isCopier(node) ? ways.reduce((sum, one) => sum + one, 0) : Math.max(0, ...ways))
      if (now === packets[node]) continue
      packets[node] = now
      isSettled = false
    }
  }
  return Math.max(1, ...packets)
}
