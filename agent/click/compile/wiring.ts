/** Who follows whom in a flat graph, by indices of elements. */
import { type Graph, type Port, usedPorts } from '../../../click/graph.ts'

export interface Wiring {
  /** What an output port is connected to; the first, where the graph is not checked and there are several. */
  readonly after: (node: number, port: number) => Port | undefined
  /** How many connections end at an input port. */
  readonly sources: (to: Port) => number
  readonly outputs: (node: number) => number
  /** Whether a packet that leaves a node by a port may come to an element that `is`. */
  readonly mayMeet: (node: number, port: number, is: (node: number) => boolean) => boolean
  /** A node from which a packet may come back to it, if there is one among those that `from` leads to. */
  readonly loop: (from: number) => number | undefined
}

export const wire = (graph: Graph): Wiring => {
  const key = ({ node, port }: Port): string => `${node}:${port}`
  const next = new Map<string, Port>()
  const counts = new Map<string, number>()
  for (const { from, to } of graph.connections) {
    if (!next.has(key(from))) next.set(key(from), to)
    counts.set(key(to), (counts.get(key(to)) ?? 0) + 1)
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

  const loop: Wiring['loop'] = (from) => {
    const state = new Map<number, 'open' | 'done'>([[from, 'open']])
    // Without recursion: a graph may be a chain of 100,000 elements.
    const path = [{ node: from, rest: successors(from) }]
    for (let top = path.at(-1); top; top = path.at(-1)) {
      const following = top.rest.pop()
      if (following === undefined) {
        state.set(top.node, 'done')
        path.pop()
      } else if (state.get(following) === 'open') return following
      else if (!state.has(following)) {
        state.set(following, 'open')
        path.push({ node: following, rest: successors(following) })
      }
    }
    return undefined
  }

  return { after, sources: (to) => counts.get(key(to)) ?? 0, outputs, mayMeet, loop }
}
