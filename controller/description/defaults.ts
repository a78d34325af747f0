/** `defaults` laid under nodes and links: mappings are merged key by key, anything else of the node's or link's own wins. */
import { type Entry, entriesOf, type MapNode, map, type TreeNode } from './tree.ts'

/** Keys of a link; all others are a node's. */
const linkKeys = new Set(['rate', 'delay', 'technology', 'impairments', 'down'])

export interface Defaults {
  readonly node: (own: TreeNode) => MapNode
  readonly link: (own: TreeNode) => MapNode
}

export const readDefaults = (defaults: TreeNode | undefined): Defaults => {
  const entries = entriesOf(defaults)
  const forLinks = entries.filter(({ key }) => linkKeys.has(key))
  const forNodes = entries.filter(({ key }) => !linkKeys.has(key))
  return { node: (own) => merge(forNodes, own), link: (own) => merge(forLinks, own) }
}

const merge = (defaults: readonly Entry[], own: TreeNode): MapNode => {
  const ownEntries = entriesOf(own)
  const merged = ownEntries.map((entry) => {
    const under = defaults.find(({ key }) => key === entry.key)?.value
    if (entry.value.kind !== 'map' || under?.kind !== 'map') return entry
    // A file is taken as a whole: one's content must not meet another's source.
    const value = entry.key === 'files' ? mergeFlat(under.entries, entry.value) : merge(under.entries, entry.value)
    return { ...entry, value }
  })
  const missing = defaults.filter(({ key }) => !ownEntries.some((entry) => entry.key === key))
  return map(own.at, [...merged, ...missing])
}

const mergeFlat = (defaults: readonly Entry[], own: MapNode): MapNode =>
  map(own.at, [...defaults.filter(({ key }) => !own.entries.some((entry) => entry.key === key)), ...own.entries])
