/** Whether push meets push and pull meets pull; agnostic ports become what they are connected to. After `Router::check_push_and_pull`. */
import type { Diagnostics } from '../diagnostics.ts'
import type { ElementClass, PortCounts } from '../element.ts'
import type { Graph } from '../graph.ts'
import { flows, type Processing, processingOf } from './codes.ts'

export interface ElementPorts {
  readonly inputs: readonly Processing[]
  readonly outputs: readonly Processing[]
}

interface Edge {
  readonly from: number
  readonly to: number
  readonly report: (from: Processing, to: Processing) => void
}

/** The classes of elements without one are agnostic, and nothing flows through them. */
export const resolveProcessing = (
  graph: Graph,
  classes: readonly (ElementClass | undefined)[],
  counts: readonly PortCounts[],
  diagnostics: Diagnostics,
): readonly ElementPorts[] => {
  const ports: Processing[] = []
  const starts = counts.map(({ inputs, outputs }, i) => {
    const code = classes[i]?.processing ?? 'a/a'
    const input = ports.length
    ports.push(...processingOf(code, 'input', inputs))
    const output = ports.length
    ports.push(...processingOf(code, 'output', outputs))
    return { input, output }
  })
  const edges = [
    ...connectionEdges(graph, starts, counts, diagnostics),
    ...flowEdges(graph, classes, counts, starts, ports, diagnostics),
  ]
  spread(ports, edges)
  for (const { from, to, report } of edges) {
    const [a, b] = [ports[from], ports[to]]
    if (a && b && a !== b) report(a, b)
  }
  // What nothing decides is push, as in Click.
  const decided = ports.map((port): Processing => (port === 'agnostic' ? 'push' : port))
  return starts.map(({ input, output }, i) => ({
    inputs: decided.slice(input, output),
    outputs: decided.slice(output, output + (counts[i]?.outputs ?? 0)),
  }))
}

type Starts = readonly { readonly input: number; readonly output: number }[]

const nameOf = (graph: Graph, node: number): string => {
  const element = graph.elements[node]
  return `${element?.name} :: ${element?.class}`
}

const connectionEdges = (
  graph: Graph,
  starts: Starts,
  counts: readonly PortCounts[],
  diagnostics: Diagnostics,
): readonly Edge[] =>
  graph.connections.flatMap(({ from, to, landmark }) => {
    const output = starts[from.node]?.output
    const input = starts[to.node]?.input
    if (output === undefined || input === undefined) return []
    // Ports that there are not were said to be none.
    if (from.port >= (counts[from.node]?.outputs ?? 0) || to.port >= (counts[to.node]?.inputs ?? 0)) return []
    const report = (a: Processing, b: Processing): void =>
      diagnostics.error(
        landmark,
        `'${nameOf(graph, from.node)}' ${a} output ${from.port} connected to '${nameOf(graph, to.node)}' ${b} input ${to.port}`,
      )
    return [{ from: output + from.port, to: input + to.port, report }]
  })

/** Agnostic inputs and outputs of an element between which packets flow are alike. */
const flowEdges = (
  graph: Graph,
  classes: readonly (ElementClass | undefined)[],
  counts: readonly PortCounts[],
  starts: Starts,
  ports: readonly Processing[],
  diagnostics: Diagnostics,
): readonly Edge[] =>
  graph.elements.flatMap(({ landmark }, node) => {
    const elementClass = classes[node]
    const start = starts[node]
    const count = counts[node]
    if (!elementClass || !start || !count) return []
    const isAgnostic = (first: number) => (port: number) => ports[first + port] === 'agnostic'
    const inputs = numbersTo(count.inputs).filter(isAgnostic(start.input))
    const outputs = numbersTo(count.outputs).filter(isAgnostic(start.output))
    return joinedPorts(elementClass.flow, inputs, outputs).map(([input, output]): Edge => {
      const report = (a: Processing, b: Processing): void =>
        diagnostics.error(
          landmark,
          `agnostic '${nameOf(graph, node)}' in mixed context: ${b} input ${input}, ${a} output ${output}`,
        )
      return { from: start.output + output, to: start.input + input, report }
    })
  })

type Pair = readonly [input: number, output: number]

/** Enough pairs to make all ports alike between which packets flow. */
const joinedPorts = (code: string, inputs: readonly number[], outputs: readonly number[]): readonly Pair[] => {
  const flow = flows(code)
  const [input, output] = [inputs[0], outputs[0]]
  if (input === undefined || output === undefined) return []
  if (/^[A-Za-z]\/[A-Za-z]$/.test(code)) {
    // All inputs are alike, and all outputs: a star does, where there may be 65,536 of each.
    if (!flow(0, 0)) return []
    return [...inputs.map((each): Pair => [each, output]), ...outputs.slice(1).map((each): Pair => [input, each])]
  }
  return inputs.flatMap((from) => outputs.filter((to) => flow(from, to)).map((to): Pair => [from, to]))
}

const numbersTo = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i)

/** Every agnostic port that an edge joins to a decided one becomes like it, the nearest first. */
const spread = (ports: Processing[], edges: readonly Edge[]): void => {
  const neighbours = new Map<number, number[]>()
  const join = (a: number, b: number): void => {
    const found = neighbours.get(a)
    if (found) found.push(b)
    else neighbours.set(a, [b])
  }
  for (const { from, to } of edges) {
    join(from, to)
    join(to, from)
  }
  const queue = ports.flatMap((port, i) => (port === 'agnostic' ? [] : [i]))
  for (let at = 0; at < queue.length; at++) {
    const port = queue[at] as number
    for (const neighbour of neighbours.get(port) ?? []) {
      if (ports[neighbour] !== 'agnostic') continue
      ports[neighbour] = ports[port] as Processing
      queue.push(neighbour)
    }
  }
}
