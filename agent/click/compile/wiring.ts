/** Who follows whom in a flat graph, by indices of elements. */
import { type Graph, type Port, usedPorts } from '../../../click/graph.ts'

export interface Wiring {
  /** What an output port is connected to; the first, where the graph is not checked and there are several. */
  readonly after: (node: number, port: number) => Port | undefined
  readonly outputs: (node: number) => number
  /** Whether a packet that leaves a node by a port may come to an element that `is`. */
  readonly mayMeet: (node: number, port: number, is: (node: number) => boolean) => boolean
  readonly reachedFrom: (from: number) => Reached
}

/** What packets can come to that enter at one node. */
export interface Reached {
  /** Whether a packet that leaves by an output port may come to where it has been. Without such ports none would. */
  readonly goesBack: (node: number, port: number) => boolean
  /** How many connections lead packets to an input port that have not been there. */
  readonly sources: (to: Port) => number
  readonly reaches: (node: number) => boolean
}

export const wire = (graph: Graph): Wiring => {
  const key = ({ node, port }: Port): string => `${node}:${port}`
  const next = new Map<string, Port>()
  for (const { from, to } of graph.connections) {
    if (!next.has(key(from))) next.set(key(from), to)
  }
  const used = usedPorts(graph)
  const outputs = (node: number): number => used[node]?.outputs ?? 0
  const after = (node: number, port: number): Port | undefined => next.get(key({ node, port }))
  const successors = (node: number): number[] =>
    Array.from({ length: outputs(node) }, (_, port) => after(node, port)?.node).filter((n) => n !== undefined)

  const mayMeet: Wiring['mayMeet'] = (node, port, is) => {
    const first = after(node, port)?.node
    const seen = new Set<number>(first === undefined ? [] : [first])
    for (const each of seen) {
      if (is(each)) return true
      for (const following of successors(each)) seen.add(following)
    }
    return false
  }

  const reachedFrom: Wiring['reachedFrom'] = (from) => {
    const back = new Set<string>()
    const counts = new Map<string, number>()
    const state = new Map<number, 'open' | 'done'>([[from, 'open']])
    // Without recursion: a graph may be a chain of 100,000 elements.
    const path = [{ node: from, port: 0 }]
    for (let top = path.at(-1); top; top = path.at(-1)) {
      if (top.port === outputs(top.node)) {
        state.set(top.node, 'done')
        path.pop()
        continue
      }
      const port = top.port++
      const to = after(top.node, port)
      if (!to) continue
      if (state.get(to.node) === 'open') {
        back.add(key({ node: top.node, port }))
        continue
      }
      counts.set(key(to), (counts.get(key(to)) ?? 0) + 1)
      if (state.has(to.node)) continue
      state.set(to.node, 'open')
      path.push({ node: to.node, port: 0 })
    }
    return {
      goesBack: (node, port) => back.has(key({ node, port })),
      sources: (to) => counts.get(key(to)) ?? 0,
      reaches: (node) => state.has(node),
    }
  }

  return { after, outputs, mayMeet, reachedFrom }
}
