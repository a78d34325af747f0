/** Affinity of a VNet's nodes, in a file a list of `together: [a, b]` and `apart: [c, d]`, and what it may not contradict. */
import type { Init } from '../../proto/codec.ts'
import type { Affinity, VNetRequest } from '../../proto/generated/weft.v1.ts'
import type { BuildContext } from './build-context.ts'
import { affinityKinds, maxAffinities } from './limits.ts'
import { suggest } from './nearest.ts'
import { quote } from './request-errors.ts'
import { type Entry, entriesOf, type TreeNode, textOf } from './tree.ts'
import type { Find } from './validate.ts'

/** Each is one entry of the list; what is none the schema has refused. */
export const buildAffinity = (entry: Entry | undefined, { note }: Pick<BuildContext, 'note'>): Init<Affinity>[] => {
  if (!entry) return []
  note('affinity', entry.at)
  const items = entry.value.kind === 'list' ? entry.value.items : []
  return items
    .flatMap((item) => {
      const [first] = entriesOf(item)
      return first ? [{ kind: first.key, nodes: namesOf(first.value), at: first.at }] : []
    })
    .map(({ kind, nodes, at }, i) => {
      note(`affinity[${i}]`, at)
      for (const [k, node] of nodes.entries()) note(`affinity[${i}].nodes[${k}]`, node.at)
      return { kind, nodes: nodes.map((node) => textOf(node) ?? '') }
    })
}

const namesOf = (value: TreeNode): readonly TreeNode[] => (value.kind === 'list' ? value.items : [])

/** As it stands in a file; undefined: nothing. */
export const outlineAffinity = (
  affinity: readonly Affinity[],
): readonly Readonly<Record<string, readonly string[]>>[] | undefined =>
  affinity.length === 0 ? undefined : affinity.map(({ kind, nodes }) => ({ [kind]: nodes }))

export const showAffinity = (affinity: readonly Affinity[]): string =>
  affinity.map(({ kind, nodes }) => `${kind} ${nodes.join(' ')}`).join(', ')

/** Finds nodes that are not there, or twice, and nodes that would have to be together and apart. */
export const checkAffinity = ({ nodes, affinity, placement, name }: VNetRequest, find: Find): void => {
  const object = `vnet/${name}`
  if (affinity.length > maxAffinities) {
    find('affinity', object, `the request has ${affinity.length} rules of affinity`, `at most ${maxAffinities}`)
    return
  }
  const ids = new Set(nodes.map(({ id }) => id))
  for (const [i, { kind, nodes: members }] of affinity.entries()) {
    const path = `affinity[${i}]`
    if (!(affinityKinds as readonly string[]).includes(kind)) {
      find(path, object, `there is no affinity ${quote(kind)}`, suggest(kind, affinityKinds))
    }
    if (members.length < 2)
      find(path, object, `${kind} names ${members.length === 0 ? 'no node' : 'one node'}`, 'at least two nodes')
    const seen = new Set<string>()
    for (const [k, member] of members.entries()) {
      const at = `${path}.nodes[${k}]`
      if (!ids.has(member)) {
        find(at, object, `there is no node ${quote(member)}`, suggest(member, [...ids]))
        // One of a rule: what was meant is searched for among all names.
        break
      }
      if (seen.has(member)) find(at, object, `${kind} names ${member} twice`, 'each node once')
      seen.add(member)
    }
  }
  checkContradictions(affinity, placement, object, find)
}

const checkContradictions = (affinity: readonly Affinity[], placement: string, object: string, find: Find): void => {
  const groupOf = groups(affinity)
  for (const [i, { kind, nodes }] of affinity.entries()) {
    const path = `affinity[${i}]`
    if (kind === 'together' && placement === 'distinct' && nodes.length > 1) {
      find(
        path,
        object,
        `${nodes.join(' and ')} cannot be together where all hosts are distinct`,
        'placement spread or packed',
      )
    }
    if (kind !== 'apart') continue
    const seen = new Map<string, string>()
    for (const node of nodes) {
      const group = groupOf(node)
      const other = seen.get(group)
      if (other !== undefined && other !== node) {
        find(path, object, `${other} and ${node} cannot be apart: they are together`, 'take one of them out of either')
      }
      seen.set(group, node)
    }
  }
}

/** A name for all nodes that `together`, one rule or several in a row, puts on one host. */
const groups = (affinity: readonly Affinity[]): ((node: string) => string) => {
  const parents = new Map<string, string>()
  const rootOf = (node: string): string => {
    let root = node
    for (let next = parents.get(root); next !== undefined; next = parents.get(root)) root = next
    return root
  }
  for (const { kind, nodes } of affinity) {
    if (kind !== 'together') continue
    for (const node of nodes.slice(1)) {
      const [a, b] = [rootOf(nodes[0] as string), rootOf(node)]
      if (a !== b) parents.set(b, a)
    }
  }
  return rootOf
}
