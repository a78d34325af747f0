/** GraphML (http://graphml.graphdrawing.org): nodes, edges and hyperedges, with data by declared keys. */
import { quote, type Report } from '../request-errors.ts'
import type { MapNode } from '../tree.ts'
import { attribute, childrenOf, type Element, named, readDocument } from '../xml-document.ts'
import type { Told } from './draft.ts'
import { type Graph, type GraphEdge, type GraphOptions, graphTree } from './graph.ts'
import type { Notes } from './notes.ts'

/** undefined, with the reason reported, where the text is no GraphML. */
export const readGraphml = (text: string, options: GraphOptions, report: Report, notes: Notes): MapNode | undefined =>
  readDocument(text, report, (_, root) => {
    const [graph, ...others] = named(root, 'graph')
    if (root.element.name !== 'graphml' || !graph) {
      report.add({
        code: 'request.syntax',
        message: 'the file has no graph',
        hint: '<graphml><graph>…',
        at: root.scanned.at,
      })
      return undefined
    }
    for (const { scanned } of others) notes.add({ message: 'a second graph is left out', at: scanned.at })
    return graphTree(toGraph(root, graph, report, notes), options, report, notes)
  })

interface Key {
  readonly name: string
  /** "node", "edge", "graph" or "all". */
  readonly of: string
  readonly standard: Told | undefined
}

const toGraph = (root: Element, graph: Element, report: Report, notes: Notes): Graph => {
  const keys = new Map(named(root, 'key').map((key) => [attribute(key, 'id').text, readKey(key)]))
  const dataOf = (element: Element, of: string) => readData(element, of, keys, report)
  const rest = childrenOf(graph).filter(
    ({ element }) => !['node', 'edge', 'hyperedge', 'data', 'desc'].includes(element.name),
  )
  for (const { element, scanned } of rest) notes.addAll(`<${element.name}> is left out`, scanned.at)
  const nodes = named(graph, 'node')
  for (const node of nodes) tellInside(node, notes)
  return {
    at: graph.scanned.at,
    isDirected: attribute(graph, 'edgedefault').text === 'directed',
    attributes: new Map([...dataOf(root, 'graphml'), ...dataOf(graph, 'graph')]),
    nodes: nodes.map((node) => {
      const id = attribute(node, 'id')
      return { id: id.text, at: id.at, attributes: dataOf(node, 'node') }
    }),
    edges: [
      ...named(graph, 'edge').map(
        (edge): GraphEdge => ({
          id: attribute(edge, 'id').text,
          at: edge.scanned.at,
          ends: [attribute(edge, 'source'), attribute(edge, 'target')],
          attributes: dataOf(edge, 'edge'),
        }),
      ),
      ...named(graph, 'hyperedge').map(
        (edge): GraphEdge => ({
          id: attribute(edge, 'id').text,
          at: edge.scanned.at,
          ends: named(edge, 'endpoint').map((end) => attribute(end, 'node')),
          attributes: dataOf(edge, 'edge'),
        }),
      ),
    ],
  }
}

const readKey = (key: Element): Key => {
  const [standard] = named(key, 'default')
  return {
    name: attribute(key, 'attr.name').text || attribute(key, 'id').text,
    of: attribute(key, 'for').text || 'all',
    standard: standard && { text: standard.element.content, at: standard.scanned.at },
  }
}

const readData = (
  element: Element,
  of: string,
  keys: ReadonlyMap<string, Key>,
  report: Report,
): ReadonlyMap<string, Told> => {
  const data = new Map<string, Told>()
  for (const key of keys.values())
    if (key.standard && (key.of === of || key.of === 'all')) data.set(key.name, key.standard)
  for (const each of named(element, 'data')) {
    const id = attribute(each, 'key')
    const key = keys.get(id.text)
    if (!key) report.add({ message: `there is no key ${quote(id.text)}`, hint: 'the id of a <key>', at: id.at })
    else data.set(labelled(each) ? 'label' : key.name, { text: contentOf(each), at: each.scanned.at })
  }
  return data
}

/** yEd has a node's label deep in its drawing. */
const labelled = (data: Element): Element | undefined => {
  const inside = childrenOf(data)
  const label = inside.find(({ element }) => element.name === 'NodeLabel')
  return label ?? inside.map(labelled).find((found) => found !== undefined)
}

const contentOf = (data: Element): string => (labelled(data) ?? data).element.content

const tellInside = (node: Element, notes: Notes): void => {
  for (const { element, scanned } of childrenOf(node)) {
    if (element.name === 'graph') notes.addAll('a graph within a node is left out', scanned.at)
    else if (element.name === 'port')
      notes.addAll('a <port> is left out: an edge takes the next free interface', scanned.at)
  }
}
