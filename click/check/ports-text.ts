/** What the handler `ports` reads, in Click's form. */
import { createDiagnostics } from '../diagnostics.ts'
import type { ElementClass } from '../element.ts'
import { type Graph, type Port, usedPorts } from '../graph.ts'
import { processingOf } from './codes.ts'
import { resolveProcessing } from './processing.ts'

/**
 * By element: the number of inputs, then a line for each with how packets move there (`~`: as the element itself does not care), a count
 * that nobody takes, and what it is connected to; then the outputs.
 */
export const describePorts = (
  graph: Graph,
  classOf: (name: string) => ElementClass | undefined,
): ((node: number) => string) => {
  const classes = graph.elements.map((element) => classOf(element.class))
  const counts = usedPorts(graph)
  const resolved = resolveProcessing(graph, classes, counts, createDiagnostics())
  const peers = new Map<string, string[]>()
  const note = (side: string, { node, port }: Port, other: Port): void => {
    const key = `${side} ${node}:${port}`
    const known = peers.get(key) ?? []
    known.push(`${graph.elements[other.node]?.name} [${other.port}]`)
    peers.set(key, known)
  }
  for (const { from, to } of graph.connections) {
    note('output', from, to)
    note('input', to, from)
  }
  return (node) => {
    const side = (name: 'input' | 'output'): string => {
      const known = resolved[node]?.[`${name}s`] ?? []
      const own = processingOf(classes[node]?.processing ?? 'a/a', name, known.length)
      const lines = known.map((processing, port) => {
        const to = peers.get(`${name} ${node}:${port}`) ?? []
        return `${processing}${own[port] === 'agnostic' ? '~' : ''}\t-\t${to.join(', ')}\n`
      })
      return `${known.length} ${name}${known.length === 1 ? '' : 's'}\n${lines.join('')}`
    }
    return `${side('input')}${side('output')}`
  }
}
