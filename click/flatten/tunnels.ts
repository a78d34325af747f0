/** Joins what lies on both sides of tunnels, and leaves them out. After Click's `RouterT::remove_tunnels`. */
import { type Diagnostics, Overflow } from '../diagnostics.ts'
import type { Graph, GraphElement } from '../graph.ts'
import type { Connection, Port } from '../language/router.ts'
import { limits } from '../limits.ts'
import type { Flat, FlatNode } from './expand.ts'

const keyOf = ({ node, port }: Port): string => `${node} ${port}`

type Tunnel = Extract<FlatNode, { kind: 'tunnel' }>

/** By port: the other ends of its connections, the latest first (the order that Click finds them in). */
const otherEnds = (connections: readonly Connection[], end: 'from' | 'to'): ReadonlyMap<string, readonly Port[]> => {
  const found = new Map<string, Port[]>()
  for (const connection of connections.toReversed()) {
    const key = keyOf(connection[end])
    const ends = found.get(key)
    const other = connection[end === 'from' ? 'to' : 'from']
    if (ends) ends.push(other)
    else found.set(key, [other])
  }
  return found
}

/** What is wrong where nothing is connected on the other side of a tunnel's port. */
const reportUnused = (
  { nodes }: Flat,
  { node, port }: Port,
  other: number,
  isOutput: boolean,
  diagnostics: Diagnostics,
): void => {
  const entrance = nodes[isOutput ? other : node]
  const exit = nodes[isOutput ? node : other]
  if (!entrance || !exit) return
  if (`${entrance.name}/input` === exit.name) {
    const words = isOutput ? `input ${port} unused` : `has no input ${port}`
    diagnostics.error(entrance.landmark, `'${entrance.name}' ${words}`)
  } else if (entrance.name === `${exit.name}/output`) {
    const words = isOutput ? `has no output ${port}` : `output ${port} unused`
    diagnostics.error(exit.landmark, `'${exit.name}' ${words}`)
  }
}

/** The ports of elements on the far side of each tunnel port, found once; a circle of tunnels leads nowhere. */
const createFollower = (flat: Flat, side: 'output' | 'input', diagnostics: Diagnostics) => {
  const isOutput = side === 'output'
  const far = otherEnds(flat.connections, isOutput ? 'to' : 'from')
  const found = new Map<string, readonly Port[] | 'following'>()
  let total = 0

  const otherEndOf = ({ node }: Port): number | undefined => {
    const tunnel = flat.nodes[node] as Tunnel
    return isOutput ? tunnel.entersAt : tunnel.comesOutAt
  }
  const isTunnelPort = (port: Port): boolean =>
    flat.nodes[port.node]?.kind === 'tunnel' && otherEndOf(port) !== undefined

  const start = (port: Port) => {
    found.set(keyOf(port), 'following')
    const other = otherEndOf(port) ?? port.node
    const ends = far.get(keyOf({ node: other, port: port.port })) ?? []
    if (ends.length === 0) reportUnused(flat, port, other, isOutput, diagnostics)
    return { port, ends, at: 0, ports: [] as Port[] }
  }

  /** A stack of its own: thousands of groups may follow each other. */
  return (port: Port): readonly Port[] => {
    const stack = found.has(keyOf(port)) ? [] : [start(port)]
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const end = top.ends[top.at]
      if (!end) {
        found.set(keyOf(top.port), top.ports)
        total += top.ports.length
        if (total > limits.connections) {
          throw new Overflow(flat.nodes[port.node]?.landmark ?? '', `more than ${limits.connections} connections`)
        }
        stack.pop()
      } else if (!isTunnelPort(end)) {
        top.ports.push(end)
        top.at++
      } else {
        const ports = found.get(keyOf(end))
        if (ports === undefined) stack.push(start(end))
        else {
          if (ports !== 'following') for (const each of ports) top.ports.push(each)
          top.at++
        }
      }
    }
    const ports = found.get(keyOf(port))
    return ports === undefined || ports === 'following' ? [] : ports
  }
}

/** The graph of the elements, without requirements and definitions. Throws Overflow. */
export const removeTunnels = (flat: Flat, diagnostics: Diagnostics): Pick<Graph, 'elements' | 'connections'> => {
  const { nodes, connections } = flat
  const tunnelOf = (node: number): Tunnel | undefined => {
    const found = nodes[node]
    return found?.kind === 'tunnel' ? found : undefined
  }
  const followInput = createFollower(flat, 'input', diagnostics)
  const followOutput = createFollower(flat, 'output', diagnostics)
  for (const { to } of connections) if (tunnelOf(to.node)?.comesOutAt !== undefined) followInput(to)
  for (const { from } of connections) if (tunnelOf(from.node)?.entersAt !== undefined) followOutput(from)

  const elements: GraphElement[] = []
  const places = nodes.map((node) => {
    if (node.kind !== 'element') return undefined
    const { name, class: className, configuration, landmark } = node
    return elements.push({ name, class: className, configuration, landmark }) - 1
  })
  const kept: Connection[] = []
  const seen = new Set<string>()
  const keep = (from: Port, to: Port, landmark: string): void => {
    const source = places[from.node]
    const target = places[to.node]
    if (source === undefined || target === undefined) return
    const key = `${source} ${from.port} ${target} ${to.port}`
    if (seen.has(key)) return
    seen.add(key)
    if (kept.length >= limits.connections) throw new Overflow(landmark, `more than ${limits.connections} connections`)
    kept.push({ from: { node: source, port: from.port }, to: { node: target, port: to.port }, landmark })
  }
  for (const { from, to, landmark } of connections) keep(from, to, landmark)
  for (const { from, to, landmark } of connections) {
    if (places[to.node] === undefined || tunnelOf(from.node)?.entersAt === undefined) continue
    for (const source of followOutput(from)) keep(source, to, landmark)
  }
  return { elements, connections: kept }
}
