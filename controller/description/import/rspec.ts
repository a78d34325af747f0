/**
 * GENI RSpec version 3, a request (https://groups.geni.net/geni/wiki/GENIExperimenter/RSpecs): nodes with sliver types, links by
 * interface_ref. A manifest says what was asked for too, and is read as that.
 */
import { suggest } from '../nearest.ts'
import { quote, type Report } from '../request-errors.ts'
import type { MapNode } from '../tree.ts'
import { attribute, childrenOf, type Element, readDocument } from '../xml-document.ts'
import { createDraft, type Draft, type DraftEnd, text } from './draft.ts'
import { graphPrefix } from './graph.ts'
import type { Notes } from './notes.ts'
import { readRspecLink } from './rspec-links.ts'
import { rspecNamespace } from './rspec-namespace.ts'
import { readRspecNode } from './rspec-nodes.ts'

/** Version 2 is the same, as far as it is read here. */
const namespaces: readonly string[] = [rspecNamespace, 'http://www.protogeni.net/resources/rspec/2']

/** Whether it is the RSpec's own, not an extension's. */
export const isCore = ({ element }: Element): boolean => namespaces.includes(element.namespaceUri)

/** What the readers of nodes and links share. */
export interface RspecContext {
  readonly draft: Draft
  readonly report: Report
  readonly notes: Notes
  /** By client_id. */
  readonly interfaces: Map<string, DraftEnd>
  /** What Emulab's delay nodes do to what leaves them, by the client_id of the interface that it leaves by. */
  readonly pipes: Map<string, Element>
}

export interface RspecOptions {
  /** The VNet's name: an RSpec has none. */
  readonly name: string
}

/** undefined, with the reason reported, where the text is no RSpec that could be a request. */
export const readRspec = (text: string, options: RspecOptions, report: Report, notes: Notes): MapNode | undefined =>
  readDocument(text, report, (_, root) => {
    const refused = refusal(root)
    if (!refused) return convert(root, options, report, notes)
    report.add({ code: 'request.syntax', ...refused, at: root.scanned.at })
    return undefined
  })

const refusal = (root: Element): { readonly message: string; readonly hint: string } | undefined => {
  const { name, namespaceUri } = root.element
  if (name !== 'rspec')
    return { message: `<${name}> is no RSpec`, hint: `<rspec type="request" xmlns="${rspecNamespace}">` }
  if (!isCore(root)) {
    return { message: `an RSpec of ${quote(namespaceUri)} is not read`, hint: `version 3, of ${rspecNamespace}` }
  }
  if (attribute(root, 'type').text !== 'advertisement') return undefined
  return { message: 'an advertisement asks for nothing', hint: 'an RSpec of type request or manifest' }
}

const convert = (root: Element, { name }: RspecOptions, report: Report, notes: Notes): MapNode => {
  const draft = createDraft(notes)
  const context: RspecContext = { draft, report, notes, interfaces: new Map(), pipes: new Map() }
  const children = childrenOf(root)
  const isOf = (element: Element, kind: string) => element.element.name === kind && isCore(element)
  if (attribute(root, 'expires').text !== '')
    notes.add({ message: 'the time when it expires is left out', at: attribute(root, 'expires').at })
  for (const child of children) if (isOf(child, 'node')) readRspecNode(child, context)
  // As aggregates do it where a request names no address: a subnet a link.
  const isBare = ![...context.interfaces.values()].some(
    ({ node, index }) => node.interfaces.get(index)?.addresses.length,
  )
  const links = children.filter((child) => isOf(child, 'link'))
  const isPlain = links.every((link) => refsOf(link).length <= 2)
  for (const [i, link] of links.entries()) readRspecLink(link, context, isBare && !isPlain ? i : undefined)
  for (const child of children) if (!isOf(child, 'node') && !isOf(child, 'link')) leaveOut(child, '', context)
  const at = root.scanned.at
  const prefix = isBare && isPlain && links.length > 0 ? [text('prefix', graphPrefix, at)] : []
  return draft.finish({ text: name, at }, prefix)
}

export const refsOf = (link: Element): readonly Element[] =>
  childrenOf(link).filter(({ element }) => element.name === 'interface_ref')

/** Told by its name, and by its namespace where that is not the RSpec's own. */
export const leaveOut = (left: Element, object: string, { notes }: RspecContext, why = ''): void => {
  const { element, scanned } = left
  const name = scanned.name
  const from = isCore(left) ? '' : ` of ${element.namespaceUri || 'no namespace'}`
  const message = `<${name}>${from} is left out${why && `: ${why}`}`
  if (object === '') notes.addAll(message, scanned.at)
  else notes.add({ message, object, at: scanned.at })
}

/** The end that an interface's client_id names; unknown ones are reported. */
export const endOf = (
  id: { readonly text: string; readonly at: DraftEnd['at'] },
  object: string,
  context: RspecContext,
) => {
  const end = context.interfaces.get(id.text)
  if (end) return end
  const hint = suggest(id.text, [...context.interfaces.keys()])
  context.report.add({ message: `there is no interface ${quote(id.text)}`, object, hint, at: id.at })
  return undefined
}
