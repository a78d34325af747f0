/** Links of a file: ends by node and interface or by node alone, rates, delay, technology, impairments. */
import type { Init } from '../../proto/codec.ts'
import type { Endpoint, Link } from '../../proto/generated/weft.v1.ts'
import { amount, type BuildContext } from './build-context.ts'
import { buildImpairments } from './impairments.ts'
import { type Entry, find, get, type MapNode, type TreeNode, textOf } from './tree.ts'
import { delay, parseQuantity, rate } from './units.ts'

/** What is known of a node's interfaces before its links are looked at. */
export interface InterfaceBudget {
  /** How many the node says it has. */
  readonly declared?: number | undefined
  /** Those that a link cannot have. */
  readonly physical: ReadonlySet<number>
}

interface End {
  readonly node: string
  /** Missing: the node's lowest free one. */
  readonly index?: number
  readonly at: TreeNode['at']
}

export const buildLinks = (
  entries: readonly Entry[],
  withDefaults: (own: TreeNode) => MapNode,
  budgets: ReadonlyMap<string, InterfaceBudget>,
  context: BuildContext,
): readonly Init<Link>[] => {
  const ends = entries.map(({ value }) => endsOf(value).map(parseEnd))
  const choose = interfaceChooser(ends.flat(), budgets)
  return entries.map((entry, i) => {
    const id = entry.key
    const object = `link/${id}`
    const path = `links[${i}]`
    context.note(path, entry.at)
    // A list of ends is short for a mapping that has nothing else.
    const link = withDefaults(entry.value)
    const bits = (key: string, field: string): number =>
      amount(find(link, key), `${path}.${field}`, object, context, (text) => parseQuantity(rate, text))
    const both = bits('rate', 'rateAToBBitsPerSecond')
    const [a, b] = (ends[i] ?? []).map((end, side) => {
      if (!end) return undefined
      context.note(`${path}.${side === 0 ? 'a' : 'b'}`, end.at)
      return choose(end, id, context)
    })
    return {
      id,
      a,
      b,
      rateAToBBitsPerSecond: bits('rate-a-to-b', 'rateAToBBitsPerSecond') || both,
      rateBToABitsPerSecond: bits('rate-b-to-a', 'rateBToABitsPerSecond') || both,
      delayMicroseconds: amount(find(link, 'delay'), `${path}.delayMicroseconds`, object, context, (text) =>
        parseQuantity(delay, text),
      ),
      technology: technologyOf(link, path, context),
      ...buildImpairments(find(link, 'impairments'), path, object, context),
      down: isSet(get(link, 'down')),
    }
  })
}

const technologyOf = (link: MapNode, path: string, { note }: BuildContext): string => {
  const value = get(link, 'technology')
  if (value) note(`${path}.technology`, value.at)
  return textOf(value) ?? ''
}

const isSet = (value: TreeNode | undefined): boolean =>
  value?.kind === 'scalar' && (value.value === true || value.value === 'true')

const endsOf = (link: TreeNode): readonly TreeNode[] => {
  const ends = link.kind === 'list' ? link : get(link, 'ends')
  return ends?.kind === 'list' ? ends.items.slice(0, 2) : []
}

const parseEnd = (node: TreeNode): End | undefined => {
  const match = /^([a-z][a-z0-9-]{0,39})(?:\.(?:eth)?(0|[1-9][0-9]{0,2}))?$/.exec(textOf(node) ?? '')
  if (!match) return undefined
  const [, name = '', index] = match
  return { node: name, at: node.at, ...(index !== undefined && { index: Number(index) }) }
}

type Choose = (end: End, link: string, context: BuildContext) => Init<Endpoint>

/** Gives ends without an index the lowest one of their node that no link names and that is not a physical interface. */
const interfaceChooser = (
  ends: readonly (End | undefined)[],
  budgets: ReadonlyMap<string, InterfaceBudget>,
): Choose => {
  const taken = new Map<string, Set<number>>()
  const takenBy = (node: string): Set<number> => {
    let indices = taken.get(node)
    if (!indices) {
      indices = new Set(budgets.get(node)?.physical)
      taken.set(node, indices)
    }
    return indices
  }
  for (const end of ends) if (end?.index !== undefined) takenBy(end.node).add(end.index)
  const next = new Map<string, number>()
  return (end, link, { report }) => {
    let index = end.index
    if (index === undefined) {
      const indices = takenBy(end.node)
      index = next.get(end.node) ?? 0
      while (indices.has(index)) index++
      next.set(end.node, index + 1)
    }
    const declared = budgets.get(end.node)?.declared
    if (declared !== undefined && index >= declared) {
      const many = declared === 1 ? '1 interface' : `${declared} interfaces`
      const message = `node ${end.node} has ${many}: there is no ${end.node}.${index}`
      const hint = `${end.node}.0${declared > 1 ? ` to ${end.node}.${declared - 1}` : ''}, or more interfaces`
      report.add({ message, object: `link/${link}`, hint, at: end.at })
    }
    return { node: end.node, interface: index }
  }
}
