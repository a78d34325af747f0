/** From a flat configuration back to text, in the style of Click's tools: landmarks as line directives, declarations, chains. */
import type { Connection, Graph } from './graph.ts'
import { quote } from './language/strings.ts'

export interface UnparseOptions {
  /** Line directives, so that whoever reads the text speaks of the file that the elements came from. */
  readonly landmarks?: boolean
}

/** `# 12 "file"` for `file:12`. */
const lineDirective = (landmark: string): string => {
  const [, file = landmark, line = '0'] = /^([\s\S]*):(\d+)$/.exec(landmark) ?? []
  return `# ${line} "${file.replace(/[\\"]/g, '\\$&').replace(/[\r\n]/g, ' ')}"\n`
}

const unparseRequirements = ({ requirements }: Graph): string => {
  if (requirements.length === 0) return ''
  const list = requirements.map(({ type, value }) => (value === '' ? type : `${type} ${quote(value)}`))
  return `require(${list.join(', ')});\n\n`
}

const unparseDefinitions = ({ definitions }: Graph): string =>
  definitions.length === 0
    ? ''
    : `define(${definitions.map(({ name, value }) => `$${name} ${value}`.trimEnd()).join(', ')});\n\n`

const unparseElement = ({ name, class: className, configuration }: Graph['elements'][number]): string =>
  `${name} :: ${className}${configuration === '' ? '' : `(${configuration})`};\n`

/**
 * For each connection the one that goes on with its chain, through the port 0 where it ends: one that ends at a port 0 itself if there is
 * any. Of several, the one to the first element, so that the text depends on the graph alone.
 */
const nextInChain = ({ connections }: Graph): readonly (number | undefined)[] => {
  const best = new Map<number, number>()
  const goesBefore = (a: Connection, b: Connection): boolean =>
    (a.to.port === 0) !== (b.to.port === 0)
      ? a.to.port === 0
      : a.to.node - b.to.node < 0 || (a.to.node === b.to.node && a.to.port < b.to.port)
  connections.forEach((connection, i) => {
    const { node, port } = connection.from
    if (port !== 0) return
    const other = connections[best.get(node) ?? -1]
    if (!other || goesBefore(connection, other)) best.set(node, i)
  })
  return connections.map(({ to }, i) => {
    const found = to.port === 0 ? best.get(to.node) : undefined
    return found === i ? undefined : found
  })
}

const unparseChain = (graph: Graph, first: number, next: readonly (number | undefined)[], used: boolean[]): string => {
  const { elements, connections } = graph
  const nameOf = (node: number): string => elements[node]?.name ?? ''
  const head = connections[first] as Connection
  let text = nameOf(head.from.node) + (head.from.port > 0 ? ` [${head.from.port}]` : '')
  for (let i: number | undefined = first; i !== undefined && !used[i]; i = next[i]) {
    const { to } = connections[i] as Connection
    used[i] = true
    text += `${i === first ? '' : '\n   '} -> ${to.port > 0 ? `[${to.port}] ` : ''}${nameOf(to.node)}`
  }
  return `${text};\n`
}

const unparseConnections = (graph: Graph): string => {
  const { connections } = graph
  const next = nextInChain(graph)
  const continues = new Set(next)
  const used = connections.map(() => false)
  const chain = (i: number): string => (used[i] ? '' : unparseChain(graph, i, next, used))
  const heads = connections.map((_, i) => (continues.has(i) ? '' : chain(i)))
  // What is left lies on circles.
  return [...heads, ...connections.map((_, i) => chain(i))].join('')
}

/** Parsing the text gives the same graph, with the same landmarks where they are written. */
export const unparse = (graph: Graph, { landmarks = true }: UnparseOptions = {}): string => {
  const declarations = graph.elements.map(
    (element) => (landmarks ? lineDirective(element.landmark) : '') + unparseElement(element),
  )
  const text = unparseRequirements(graph) + unparseDefinitions(graph) + declarations.join('')
  const connections = unparseConnections(graph)
  if (!landmarks || connections === '') return text + connections
  // From here on, lines are those of this text again.
  return `${text}# ${text.split('\n').length + 1} ""\n${connections}`
}
