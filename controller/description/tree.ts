/** What both forms of file are read into: scalars, mappings and lists with their positions, duplicates still there. */
import type { Position } from './request-errors.ts'

export interface ScalarNode {
  readonly kind: 'scalar'
  readonly at: Position
  /** As it was written: 0644 is not 644 yet. */
  readonly text: string
  /** As the form types it; XML has texts alone. */
  readonly value: string | number | boolean | null
  /** Line of the file where the text's first line stands, if its lines are lines of the file. */
  readonly firstLine?: number | undefined
  readonly size: 1
}

export interface Entry {
  readonly key: string
  readonly at: Position
  readonly value: TreeNode
}

export interface MapNode {
  readonly kind: 'map'
  readonly at: Position
  readonly entries: readonly Entry[]
  readonly size: number
}

export interface ListNode {
  readonly kind: 'list'
  readonly at: Position
  readonly items: readonly TreeNode[]
  readonly size: number
}

/** `size` counts the values in it, each mention of a YAML anchor in full: what a walk costs. */
export type TreeNode = ScalarNode | MapNode | ListNode

export const scalar = (
  at: Position,
  text: string,
  value: ScalarNode['value'] = text,
  firstLine?: number,
): ScalarNode => ({ kind: 'scalar', at, text, value, firstLine, size: 1 })

export const map = (at: Position, entries: readonly Entry[]): MapNode => ({
  kind: 'map',
  at,
  entries,
  size: entries.reduce((sum, { value }) => sum + value.size, 1),
})

export const list = (at: Position, items: readonly TreeNode[]): ListNode => ({
  kind: 'list',
  at,
  items,
  size: items.reduce((sum, { size }) => sum + size, 1),
})

/** Of a mapping; the first where it stands more than once. */
export const find = (node: TreeNode | undefined, key: string): Entry | undefined =>
  node?.kind === 'map' ? node.entries.find((entry) => entry.key === key) : undefined

export const get = (node: TreeNode | undefined, key: string): TreeNode | undefined => find(node, key)?.value

/** Entries of a mapping; none where it is something else, for instance left empty. */
export const entriesOf = (node: TreeNode | undefined): readonly Entry[] => (node?.kind === 'map' ? node.entries : [])

/** Text of a scalar; undefined where there is none or it was left empty. */
export const textOf = (node: TreeNode | undefined): string | undefined =>
  node?.kind === 'scalar' && node.value !== null ? node.text : undefined

/** A plain value for a schema's check; of duplicate keys the first counts, as everywhere. */
export const toValue = (node: TreeNode): unknown => {
  if (node.kind === 'scalar') return node.value
  if (node.kind === 'list') return node.items.map(toValue)
  const result: Record<string, unknown> = Object.create(null)
  for (const { key, value } of node.entries) if (!(key in result)) result[key] = toValue(value)
  return result
}
