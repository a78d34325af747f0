/** What is exported: a request and, of a VNet that stands, where it was placed and what it got. */
import type { LinkState, NodeState, Substrate, VNetRequest, VNetState } from '../../../proto/generated/weft.v1.ts'
import type { Loss } from './losses.ts'

export interface ExportSource {
  readonly request: VNetRequest
  /** Of a VNet that stands. */
  readonly state?: VNetState | undefined
  /** What it was mapped on, as far as who asks may know. */
  readonly substrate?: Substrate | undefined
}

export interface Exported {
  readonly text: string
  /** What the form has no place for. */
  readonly losses: readonly Loss[]
}

export const nodeStateOf = ({ state }: ExportSource, id: string): NodeState | undefined =>
  state?.nodes.find((node) => node.id === id)

export const linkStateOf = ({ state }: ExportSource, id: string): LinkState | undefined =>
  state?.links.find((link) => link.id === id)

/** Interfaces that links use and that the node does not name, with it: sorted by index. */
export const interfaceIndices = ({ nodes, links }: VNetRequest): ReadonlyMap<string, readonly number[]> => {
  const indices = new Map(nodes.map(({ id, interfaces }) => [id, new Set(interfaces.map(({ index }) => index))]))
  for (const { a, b } of links) for (const end of [a, b]) if (end) indices.get(end.node)?.add(end.interface)
  return new Map([...indices].map(([id, each]) => [id, [...each].sort((x, y) => x - y)]))
}
