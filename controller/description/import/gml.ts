/** GML (M. Himsolt, GML: A portable Graph File Format, 1997): keys and values, lists in brackets. */
import { type Position, quote, type Report } from '../request-errors.ts'
import type { MapNode } from '../tree.ts'
import type { Told } from './draft.ts'
import { type Graph, type GraphOptions, graphTree } from './graph.ts'
import type { Notes } from './notes.ts'

interface Pair {
  readonly key: string
  readonly at: Position
  /** A text or number as a text, or the pairs of a list. */
  readonly value: string | readonly Pair[]
}

const maxDepth = 32
const maxPairs = 500_000

/** undefined, with the reason reported, where the text is no GML. */
export const readGml = (text: string, options: GraphOptions, report: Report, notes: Notes): MapNode | undefined => {
  const pairs = parsePairs(text, report)
  if (!pairs) return undefined
  const graphs = pairs.filter(({ key, value }) => key === 'graph' && typeof value !== 'string')
  const [graph] = graphs
  if (!graph) {
    report.add({
      code: 'request.syntax',
      message: 'the file has no graph',
      hint: 'graph [ node [ id 0 ] … ]',
      at: start,
    })
    return undefined
  }
  for (const other of graphs.slice(1)) notes.add({ message: 'a second graph is left out', at: other.at })
  const around = pairs.filter(({ key }) => key !== 'graph')
  return graphTree(toGraph(graph, around, report), options, report, notes)
}

const start: Position = { line: 1, column: 1 }

const toGraph = (graph: Pair, around: readonly Pair[], report: Report): Graph => {
  const pairs = listOf(graph)
  const nodes = pairs.filter(({ key }) => key === 'node')
  const edges = pairs.filter(({ key }) => key === 'edge')
  return {
    at: graph.at,
    isDirected: textOf(pairs, 'directed')?.text === '1',
    attributes: attributesOf([...around, ...pairs], ['node', 'edge', 'directed', 'creator', 'version']),
    nodes: nodes.flatMap((node) => {
      const id = textOf(listOf(node), 'id')
      if (!id) report.add({ message: 'a node has no id', hint: 'id and a number', at: node.at })
      return id ? [{ id: id.text, at: node.at, attributes: attributesOf(listOf(node), ['id']) }] : []
    }),
    edges: edges.flatMap((edge) => {
      const [source, target] = ['source', 'target'].map((key) => textOf(listOf(edge), key))
      if (!source || !target) {
        report.add({ message: 'an edge lacks its source or its target', hint: 'the ids of two nodes', at: edge.at })
        return []
      }
      const attributes = attributesOf(listOf(edge), ['source', 'target'])
      return [{ id: '', at: edge.at, ends: [source, target], attributes }]
    }),
  }
}

const listOf = ({ value }: Pair): readonly Pair[] => (typeof value === 'string' ? [] : value)

const textOf = (pairs: readonly Pair[], key: string): Told | undefined => {
  const pair = pairs.find((each) => each.key === key)
  return pair && typeof pair.value === 'string' ? { text: pair.value, at: pair.at } : undefined
}

/** Of pairs within a list the name is `graphics.x`. */
const attributesOf = (pairs: readonly Pair[], but: readonly string[]): ReadonlyMap<string, Told> => {
  const attributes = new Map<string, Told>()
  const visit = (prefix: string, each: Pair): void => {
    const name = `${prefix}${each.key}`
    if (typeof each.value !== 'string') for (const inner of each.value) visit(`${name}.`, inner)
    else if (!attributes.has(name)) attributes.set(name, { text: each.value, at: each.at })
  }
  for (const pair of pairs) if (!but.includes(pair.key.toLowerCase())) visit('', pair)
  return attributes
}

const tokens = /[ \t\r]+|#[^\n]*|(\n)|([A-Za-z_]\w*)|([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|"([^"]*)"|(\[)|(\])/y

const parsePairs = (text: string, report: Report): readonly Pair[] | undefined => {
  const top: Pair[] = []
  const open: Pair[][] = [top]
  let key: Told | undefined
  let count = 0
  let line = 1
  let lineStart = 0
  const fail = (message: string, at: Position, hint?: string): undefined =>
    void report.add({ code: 'request.syntax', message: `not well-formed GML: ${message}`, hint, at })

  tokens.lastIndex = 0
  while (tokens.lastIndex < text.length) {
    const offset = tokens.lastIndex
    const at = { line, column: offset - lineStart + 1 }
    const match = tokens.exec(text)
    if (!match) return fail(`${quote(text.slice(offset, offset + 1))} stands where it cannot`, at)
    const [, newLine, word, digits, quoted, opening, closing] = match
    if (newLine !== undefined) {
      line++
      lineStart = tokens.lastIndex
    } else if (word !== undefined && key === undefined) key = { text: word, at }
    else if (opening !== undefined) {
      if (!key) return fail('a list without a key', at)
      if (open.length > maxDepth) return fail('it is nested too deeply', at)
      const pairs: Pair[] = []
      open.at(-1)?.push({ key: key.text, at: key.at, value: pairs })
      open.push(pairs)
      key = undefined
    } else if (closing !== undefined) {
      if (key) return fail(`${quote(key.text)} has no value`, key.at)
      if (open.length === 1) return fail('a list ends that did not begin', at)
      open.pop()
    } else if (word !== undefined || digits !== undefined || quoted !== undefined) {
      if (!key) return fail('a value without a key', at)
      open
        .at(-1)
        ?.push({ key: key.text, at: key.at, value: quoted === undefined ? (digits ?? word ?? '') : decode(quoted) })
      key = undefined
      for (const _ of quoted?.matchAll(/\n/g) ?? []) line++
      const last = quoted?.lastIndexOf('\n') ?? -1
      if (last >= 0) lineStart = offset + 2 + last
    }
    if (++count > maxPairs * 4) return fail('it holds too many values', at, `at most ${maxPairs}`)
  }
  if (key) return fail(`${quote(key.text)} has no value`, key.at)
  return open.length > 1 ? fail('a list does not end', { line, column: 1 }, ']') : top
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' }

/** Characters beyond ASCII are written as in HTML. */
const decode = (text: string): string =>
  text.replace(/&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|([a-z]{2,4}));/g, (whole, decimal, hexadecimal, name) => {
    if (name !== undefined) return entities[name] ?? whole
    const code = decimal === undefined ? Number.parseInt(hexadecimal, 16) : Number(decimal)
    return code >= 0x20 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff) ? String.fromCodePoint(code) : whole
  })
