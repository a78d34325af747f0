/** A lab of containerlab (https://containerlab.dev/manual/topo-def-file): nodes by kind, links by their end points. */
import { suggest } from '../nearest.ts'
import { quote, type Report } from '../request-errors.ts'
import type { SourceReader } from '../sources.ts'
import { type Entry, entriesOf, find, get, type MapNode, type TreeNode, textOf } from '../tree.ts'
import { readYaml } from '../yaml.ts'
import { readLabLink } from './containerlab-links.ts'
import { readLabNode } from './containerlab-nodes.ts'
import { createDraft, type Draft, type DraftNode } from './draft.ts'
import { plainName } from './names.ts'
import type { Notes } from './notes.ts'

/** What the readers of nodes and links share. */
export interface LabContext {
  readonly draft: Draft
  readonly report: Report
  readonly notes: Notes
  readonly readSource: SourceReader
  /** By their names in the lab. */
  readonly nodes: Map<string, LabNode>
}

export interface LabNode {
  readonly draft: DraftNode
  readonly kind: string
  /** Indices by the lab's names of interfaces. */
  readonly interfaces: Map<string, number>
}

const topKeys: readonly string[] = ['name', 'topology']
const topologyKeys: readonly string[] = ['defaults', 'kinds', 'groups', 'nodes', 'links']

/** undefined, with the reason reported, where the text is no lab. */
export const readContainerlab = (
  text: string,
  report: Report,
  notes: Notes,
  readSource: SourceReader,
): MapNode | undefined => {
  const lab = readYaml(text, report)
  if (!lab) return undefined
  const topology = find(lab, 'topology')
  if (topology?.value.kind !== 'map') {
    report.add({
      code: 'request.syntax',
      message: 'the file has no topology',
      hint: 'topology: with nodes and links',
      at: lab.at,
    })
    return undefined
  }
  const draft = createDraft(notes)
  const context: LabContext = { draft, report, notes, readSource, nodes: new Map() }
  leaveOutOthers(lab, topKeys, context)
  leaveOutOthers(topology.value, topologyKeys, context)
  for (const entry of entriesOf(get(topology.value, 'nodes'))) readLabNode(entry, topology.value, context)
  const links = get(topology.value, 'links')
  const items = links?.kind === 'list' ? links.items : []
  for (const link of items) readLabLink(link, items, context)
  tellInterfaces(context)
  const name = find(lab, 'name')
  return draft.finish({ text: plainName(textOf(name?.value) ?? '', 'lab'), at: name?.value.at ?? lab.at })
}

export const leaveOutOthers = (
  node: TreeNode,
  known: readonly string[],
  { notes }: LabContext,
  object?: string,
): void => {
  for (const { key, at } of entriesOf(node)) if (!known.includes(key)) leaveOut(key, at, notes, object)
}

export const leaveOut = (key: string, at: Entry['at'], notes: Notes, object?: string, why = ''): void => {
  const message = `${quote(key)} is left out${why && `: ${why}`}`
  if (object === undefined) notes.addAll(message, at)
  else notes.add({ message, object, at })
}

/** Names that are not ours have numbers here. */
const tellInterfaces = ({ nodes, notes }: LabContext): void => {
  for (const { draft, interfaces, kind } of nodes.values()) {
    const others = [...interfaces].filter(([name, index]) => name !== `eth${index}`)
    if (others.length === 0 || kind.endsWith('bridge')) continue
    const message = `interfaces have other names: ${others.map(([name, index]) => `${name} is eth${index}`).join(', ')}`
    notes.add({ message, object: `node/${draft.name}`, at: draft.at })
  }
}

/** A node of the lab; an unknown one is reported. */
export const labNode = (name: TreeNode, context: LabContext): LabNode | undefined => {
  const text = textOf(name) ?? ''
  const node = context.nodes.get(text)
  if (node) return node
  const hint = suggest(text, [...context.nodes.keys()])
  context.report.add({ message: `there is no node ${quote(text)}`, hint, at: name.at })
  return undefined
}
