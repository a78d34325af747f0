/**
 * A graph of GraphML or GML as a request: nodes with their places, an edge a link. Such files mostly describe a network that exists (The
 * Internet Topology Zoo's do), so that what its lines carried is no rate that is asked for, unless the reader says so.
 */
import type { Position, Report } from '../request-errors.ts'
import { quote } from '../request-errors.ts'
import { type Entry, list, type MapNode, map, scalar, type TreeNode } from '../tree.ts'
import { formatQuantity, rate } from '../units.ts'
import { createDraft, type Draft, type DraftNode, freeIndex, number, type Told, text } from './draft.ts'
import type { Notes } from './notes.ts'

export type Attributes = ReadonlyMap<string, Told>

export interface GraphNode {
  readonly id: string
  readonly at: Position
  readonly attributes: Attributes
}

export interface GraphEdge {
  /** Empty: it has none. */
  readonly id: string
  readonly at: Position
  /** Ids of nodes: two, or more of a hyperedge. */
  readonly ends: readonly Told[]
  readonly attributes: Attributes
}

export interface Graph {
  readonly at: Position
  readonly isDirected: boolean
  readonly attributes: Attributes
  readonly nodes: readonly GraphNode[]
  readonly edges: readonly GraphEdge[]
}

export interface GraphOptions {
  /** The VNet's name where the file has none. */
  readonly name: string
  /** Millionths of the speeds of its lines that become rates of links; undefined: none is asked for. */
  readonly speedMillionths?: number | undefined
}

/** Before the names of attributes that hold what a request says, by its own words: nothing is lost of an exported one. */
export const ownPrefix = 'weft.'

/** Links get their addresses from here where the file says nothing of addresses, as graphs do. */
export const graphPrefix = '10.0.0.0/16'

const ownEntries = (attributes: Attributes, but: readonly string[] = []): readonly Entry[] =>
  [...attributes].flatMap(([key, { text: value, at }]) => {
    const name = key.slice(ownPrefix.length)
    if (!key.startsWith(ownPrefix) || but.includes(name)) return []
    return [{ key: name, at, value: ownValue(value, at) }]
  })

/** A text as it is, and anything else as JSON. */
const ownValue = (value: string, at: Position): TreeNode => {
  try {
    return jsonTree(JSON.parse(value), at, 0)
  } catch {
    return scalar(at, value)
  }
}

const maxDepth = 32

const jsonTree = (value: unknown, at: Position, depth: number): TreeNode => {
  if (depth > maxDepth) throw new RangeError('nested too deeply')
  if (Array.isArray(value))
    return list(
      at,
      value.map((item) => jsonTree(item, at, depth + 1)),
    )
  if (typeof value === 'object' && value !== null)
    return map(
      at,
      Object.entries(value).map(([key, each]) => ({ key, at, value: jsonTree(each, at, depth + 1) })),
    )
  if (typeof value === 'string') return scalar(at, value)
  return typeof value === 'number' || typeof value === 'boolean'
    ? scalar(at, String(value), value)
    : scalar(at, '', null)
}

/** Gives the first attribute of a name, whatever its case. */
const lookUp = (attributes: Attributes, ...names: readonly string[]): Told | undefined => {
  for (const [key, told] of attributes) if (names.includes(key.toLowerCase())) return told
  return undefined
}

export const graphTree = (graph: Graph, options: GraphOptions, report: Report, notes: Notes): MapNode => {
  const draft = createDraft(notes)
  const isOwn = [graph, ...graph.nodes].some(({ attributes }) =>
    [...attributes.keys()].some((key) => key.startsWith(ownPrefix)),
  )
  const nodes = new Map<string, DraftNode>()
  for (const node of graph.nodes) {
    if (nodes.has(node.id)) {
      report.add({ message: `two nodes have the id ${quote(node.id)}`, hint: 'ids are unique', at: node.at })
      continue
    }
    nodes.set(node.id, addNode(draft, node, isOwn, notes))
  }
  addEdges(draft, graph, nodes, options, report, notes)
  tellAttributes(graph, options, notes)

  const name = graph.attributes.get(`${ownPrefix}vnet`) ?? { text: options.name, at: graph.at }
  const hasSwitch = graph.edges.some(({ ends }) => ends.length > 2)
  const top = [...ownEntries(graph.attributes, ['vnet'])]
  if (!isOwn && !hasSwitch && graph.edges.length > 0) top.push(text('prefix', graphPrefix, graph.at))
  return draft.finish(name, top)
}

const addNode = (draft: Draft, { id, at, attributes }: GraphNode, isOwn: boolean, notes: Notes): DraftNode => {
  const label = lookUp(attributes, 'label', 'name')
  const wanted = isOwn || !label || label.text.trim() === '' ? { text: id, at } : label
  const node = draft.addNode(wanted.text, wanted.at)
  if (isOwn) node.entries.push(...ownEntries(attributes))
  else {
    const location = locationOf(attributes, wanted.text.trim(), at, notes)
    if (location) node.entries.push(location)
  }
  return node
}

/** Coordinates without a distance are a wish: hosts near by are taken first. A place's name alone would be a demand. */
const locationOf = (attributes: Attributes, name: string, at: Position, notes: Notes): Entry | undefined => {
  const latitude = lookUp(attributes, 'latitude', 'lat')
  const longitude = lookUp(attributes, 'longitude', 'lon', 'lng', 'long')
  if (!latitude && !longitude) return undefined
  const degrees = [latitude, longitude].map((each) =>
    each && each.text.trim() !== '' ? Number(each.text) : Number.NaN,
  )
  const [north = Number.NaN, east = Number.NaN] = degrees
  if (!latitude || !longitude || !(Math.abs(north) <= 90) || !(Math.abs(east) <= 180)) {
    notes.add({ message: `${quote(name)} is at no place: its latitude and longitude are not both degrees`, at })
    return undefined
  }
  const entries = [number('latitude', north, latitude.at), number('longitude', east, longitude.at)]
  const shown = name.replace(/\s+/g, ' ').slice(0, 200).trim()
  return {
    key: 'location',
    at: latitude.at,
    value: map(at, shown === '' ? entries : [text('name', shown, at), ...entries]),
  }
}

const addEdges = (
  draft: Draft,
  graph: Graph,
  nodes: ReadonlyMap<string, DraftNode>,
  options: GraphOptions,
  report: Report,
  notes: Notes,
): void => {
  const opposite = new Map<string, number>()
  for (const edge of graph.edges) {
    const ends = edge.ends.flatMap((end) => {
      const node = nodes.get(end.text)
      if (!node)
        report.add({ message: `there is no node with the id ${quote(end.text)}`, hint: 'the id of a node', at: end.at })
      return node ? [{ node, at: end.at }] : []
    })
    const [a, b] = ends
    if (!a || !b || ends.length < edge.ends.length) continue
    if (graph.isDirected && ends.length === 2 && isOpposite(opposite, a.node.name, b.node.name)) {
      notes.addAll('a link carries both directions: an edge back is the same link', edge.at)
      continue
    }
    const own = ownEntries(edge.attributes, ['ends'])
    const name = edge.id === '' ? `${a.node.name}-${b.node.name}` : edge.id
    const speed = speedOf(edge, options, notes)
    draft.addLink({
      name,
      at: edge.at,
      ends: ends.map((end, i) => withIndex(end, indexOf(edge, i))),
      entries: speed ? [...own, speed] : own,
    })
  }
}

/** Whether it is the way back of an edge that has no way back yet. */
const isOpposite = (open: Map<string, number>, a: string, b: string): boolean => {
  const back = open.get(`${b} ${a}`) ?? 0
  if (a !== b && back > 0) {
    open.set(`${b} ${a}`, back - 1)
    return true
  }
  open.set(`${a} ${b}`, (open.get(`${a} ${b}`) ?? 0) + 1)
  return false
}

/** Of an exported request: which interface it was. */
const indexOf = ({ attributes }: GraphEdge, side: number): number | undefined => {
  const ends = attributes.get(`${ownPrefix}ends`)
  if (!ends) return undefined
  const tree = ownValue(ends.text, ends.at)
  const end = tree.kind === 'list' ? tree.items[side] : undefined
  const index = end?.kind === 'scalar' ? /\.(0|[1-9][0-9]{0,2})$/.exec(end.text)?.[1] : undefined
  return index === undefined ? undefined : Number(index)
}

const withIndex = ({ node, at }: { readonly node: DraftNode; readonly at: Position }, known: number | undefined) => {
  const index = known ?? freeIndex(node, 0)
  // Taken at once: both ends of an edge may be at one node.
  node.interfaces.set(index, node.interfaces.get(index) ?? { at, addresses: [], entries: [] })
  return { node, index, at }
}

const speedNames = ['linkspeedraw']

const speedOf = ({ attributes }: GraphEdge, { speedMillionths }: GraphOptions, notes: Notes): Entry | undefined => {
  const speed = lookUp(attributes, ...speedNames)
  if (!speed || speedMillionths === undefined) return undefined
  const bitsPerSecond = Math.round((Number(speed.text) * speedMillionths) / 1e6)
  if (bitsPerSecond >= 1 && Number.isSafeInteger(bitsPerSecond))
    return text('rate', formatQuantity(rate, bitsPerSecond), speed.at)
  notes.add({ message: `the speed ${quote(speed.text)} gives no rate: it is no number of bits a second`, at: speed.at })
  return undefined
}

/** Each attribute that says nothing to us, once, with its lines. */
const tellAttributes = (graph: Graph, { speedMillionths }: GraphOptions, notes: Notes): void => {
  const isOwn = (key: string) => key.startsWith(ownPrefix)
  const known = ['label', 'name', 'latitude', 'lat', 'longitude', 'lon', 'lng', 'long']
  const [first] = [...graph.attributes].filter(([key]) => !isOwn(key))
  if (first) {
    const names = [...graph.attributes.keys()].filter((key) => !isOwn(key))
    notes.add({ message: `what the file says of the whole graph is left out: ${names.join(', ')}`, at: first[1].at })
  }
  const tell = (what: string, attributes: Attributes, but: readonly string[]) => {
    for (const [key, { at }] of attributes)
      if (!isOwn(key) && !but.includes(key.toLowerCase()))
        notes.addAll(`the attribute ${key} of ${what} is left out`, at)
  }
  for (const { attributes } of graph.nodes) tell('nodes', attributes, known)
  for (const { attributes } of graph.edges) {
    const speed = lookUp(attributes, ...speedNames)
    if (speed && speedMillionths === undefined) {
      notes.addAll('the speed of a line is no rate that is asked for, unless --speeds says which share of it', speed.at)
    }
    tell('edges', attributes, speedNames)
  }
}
