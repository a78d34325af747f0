/** Drawings of a flat configuration: Graphviz's dot, and Mermaid. */
import { type Graph, type GraphElement, usedPorts } from './graph.ts'

/** The longest configuration that a drawing shows. */
const mostCharacters = 60

/** A configuration on one line, the rest of a long one left out. */
const shortConfiguration = ({ configuration }: GraphElement): string => {
  const line = configuration.replace(/\s+/g, ' ').trim()
  return line.length > mostCharacters ? `${line.slice(0, mostCharacters - 3)}...` : line
}

const labelOf = (element: GraphElement): readonly string[] => {
  const configuration = shortConfiguration(element)
  return [element.name, `${element.class}${configuration === '' ? '' : `(${configuration})`}`]
}

/** Printable ASCII stays; other bytes are shown as a dot. */
const printable = (text: string): string => text.replace(/[^\x20-\x7e]/g, '.')

const dotText = (text: string): string => `"${printable(text).replace(/["\\]/g, '\\$&')}"`

/** Ends of connections are labelled with their ports where an element has more than one. */
export const toDot = (graph: Graph): string => {
  const counts = usedPorts(graph)
  const label = (name: string, port: number, count = 0): string[] => (count > 1 ? [`${name}="${port}"`] : [])
  const nodes = graph.elements.map((element, i) => {
    const lines = labelOf(element).map((line) => dotText(line).slice(1, -1))
    return `  n${i} [label="${lines.join('\\n')}"];`
  })
  const edges = graph.connections.map(({ from, to }) => {
    const labels = [
      ...label('taillabel', from.port, counts[from.node]?.outputs),
      ...label('headlabel', to.port, counts[to.node]?.inputs),
    ]
    return `  n${from.node} -> n${to.node}${labels.length > 0 ? ` [${labels.join(', ')}]` : ''};`
  })
  return `${['digraph click {', '  node [shape=box];', ...nodes, ...edges, '}'].join('\n')}\n`
}

/** Mermaid takes no quotes or brackets in a label but as entities. */
const mermaidText = (text: string): string =>
  printable(text).replace(/[^A-Za-z0-9 _@/.,:()-]/g, (c) => `#${c.charCodeAt(0)};`)

export const toMermaid = (graph: Graph): string => {
  const counts = usedPorts(graph)
  const nodes = graph.elements.map((element, i) => `  n${i}["${labelOf(element).map(mermaidText).join('<br/>')}"]`)
  const edges = graph.connections.map(({ from, to }) => {
    const isNumbered = (counts[from.node]?.outputs ?? 0) > 1 || (counts[to.node]?.inputs ?? 0) > 1
    return `  n${from.node} -->${isNumbered ? `|"${from.port} : ${to.port}"| ` : ' '}n${to.node}`
  })
  return `${['flowchart LR', ...nodes, ...edges].join('\n')}\n`
}
