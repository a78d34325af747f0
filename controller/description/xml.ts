/**
 * XML, held against the XSD by libxml2, into the tree that YAML gives. Loaded only where a request in XML is read. A document
 * type is refused before libxml2 sees the text, so that there are no entities; libxml2 has no file system either.
 */
import { ParseOption, XmlDocument, XmlElement, XmlLibError, XsdValidator } from 'libxml2-wasm'
import { WeftError } from '../../proto/errors.ts'
import { type Position, quote, type Report } from './request-errors.ts'
import { readXsd } from './schema.ts'
import { positionAt } from './text.ts'
import { type Entry, list, type MapNode, map, type ScalarNode, scalar, type TreeNode } from './tree.ts'
import { explainXsd } from './xml-errors.ts'
import { doctypeOffset, elementAt, type ScannedElement, scanXml } from './xml-scan.ts'

export const namespace = 'https://weft.dev/vnet/1'

const options = { option: ParseOption.XML_PARSE_NO_XXE | ParseOption.XML_PARSE_NONET }

/** Compiled once and kept. */
let xsd: XsdValidator | undefined

const validator = (): XsdValidator => {
  if (!xsd) {
    using document = XmlDocument.fromString(readXsd(), options)
    xsd = XsdValidator.fromDoc(document)
  }
  return xsd
}

/**
 * The tree of what libxml2 could read, also where it breaks the schema (that is reported); undefined, with the reason reported,
 * where the text is not well-formed or is no request at all.
 */
export const readXml = (text: string, report: Report): MapNode | undefined => {
  const doctype = doctypeOffset(text)
  if (doctype >= 0) {
    const message = 'a document type declaration is not allowed: entities are never expanded'
    report.add({ code: 'request.syntax', message, hint: 'write the values out', at: positionAt(text, doctype) })
    return undefined
  }
  const encoding = /^<\?xml[^>]*?\sencoding\s*=\s*["']([^"']*)["']/.exec(text)?.[1]
  if (encoding !== undefined && !/^(utf-8|us-ascii)$/i.test(encoding)) {
    const message = `the encoding ${quote(encoding)} is not supported`
    report.add({
      code: 'request.syntax',
      message,
      hint: 'save the file as UTF-8 and say so',
      at: { line: 1, column: 1 },
    })
    return undefined
  }
  try {
    using document = XmlDocument.fromString(text, options)
    const scanned = scanXml(text)
    if (!scanned) throw new WeftError('internal', 'a well-formed document without an element')
    validate(document, scanned, report)
    return document.root.namespaceUri === namespace && document.root.name === 'vnet'
      ? convertVNet({ element: document.root, scanned })
      : undefined
  } catch (thrown) {
    if (!(thrown instanceof XmlLibError)) throw thrown
    reportSyntax(thrown, report)
    return undefined
  }
}

const reportSyntax = (error: XmlLibError, report: Report): void => {
  const details = error.details.filter(({ level }) => level > 1)
  if (details.length === 0) {
    const empty = error.message === 'Failed to parse XML'
    const message = empty ? 'the file is empty' : `not well-formed XML: ${error.message.trim()}`
    report.add({ code: 'request.syntax', message, at: { line: 1, column: 1 } })
  }
  for (const { message, line, col } of details) {
    const at = { line: Math.max(line, 1), column: Math.max(col, 0) }
    report.add({ code: 'request.syntax', message: `not well-formed XML: ${message.trim()}`, at })
  }
}

const validate = (document: XmlDocument, root: ScannedElement, report: Report): void => {
  try {
    validator().validate(document)
  } catch (thrown) {
    if (!(thrown instanceof XmlLibError)) throw thrown
    for (const { message, line, xpath, level } of thrown.details) {
      if (level < 2) continue
      const element = xpath === undefined ? undefined : elementAt(root, xpath)
      report.add(explainXsd(message, { line, column: 0 }, element, root))
    }
  }
}

/** An element beside its position: both walks are in the order of the document. */
interface Element {
  readonly element: XmlElement
  readonly scanned: ScannedElement
}

const childrenOf = ({ element, scanned }: Element): readonly Element[] => {
  const children: Element[] = []
  let i = 0
  for (let node = element.firstChild; node; node = node.next) {
    if (!(node instanceof XmlElement)) continue
    const position = scanned.children[i++]
    if (position) children.push({ element: node, scanned: position })
  }
  return children
}

const named = (parent: Element, name: string): readonly Element[] =>
  childrenOf(parent).filter(({ element }) => element.name === name)

/** Attributes as entries, but those of other namespaces (xsi:schemaLocation) and those left out. */
const attributesOf = ({ element, scanned }: Element, leftOut: readonly string[] = []): readonly Entry[] =>
  element.attrs
    .filter(({ name, prefix }) => prefix === '' && !leftOut.includes(name))
    .map(({ name, value }) => {
      const at = scanned.attributes.get(name)?.at ?? scanned.at
      return { key: name, at, value: scalar(at, value) }
    })

const attribute = ({ element, scanned }: Element, name: string): { readonly text: string; readonly at: Position } => ({
  text: element.attr(name)?.value ?? '',
  at: scanned.attributes.get(name)?.at ?? scanned.at,
})

const convertVNet = (vnet: Element): MapNode => {
  const { scanned } = vnet
  const name = attribute(vnet, 'name')
  const entries: Entry[] = [{ key: 'vnet', at: name.at, value: scalar(name.at, name.text) }]
  entries.push(...attributesOf(vnet, ['name']))
  for (const child of childrenOf(vnet)) {
    const key = child.element.name
    const value = sections.get(key)?.(child)
    if (value) entries.push({ key, at: child.scanned.at, value })
  }
  return map(scanned.at, entries)
}

const convertNode = (node: Element): MapNode => map(node.scanned.at, nodeEntries(node))

const sections: ReadonlyMap<string, (element: Element) => MapNode> = new Map([
  ['defaults', convertNode],
  ['nodes', (nodes: Element) => byAttribute(nodes, 'node', 'id', convertNode)],
  ['links', (links: Element) => byAttribute(links, 'link', 'id', convertLink)],
])

/** Children of a name as a mapping by an attribute of theirs. */
const byAttribute = (parent: Element, child: string, key: string, convert: (element: Element) => TreeNode): MapNode =>
  map(
    parent.scanned.at,
    named(parent, child).map((element) => {
      const { text, at } = attribute(element, key)
      return { key: text, at, value: convert(element) }
    }),
  )

const nodeEntries = (node: Element): readonly Entry[] => {
  const entries = [...attributesOf(node, ['id'])]
  const collect = (key: string, child: string, attributeName: string, convert: (e: Element) => TreeNode) => {
    const [first] = named(node, child)
    if (first) entries.push({ key, at: first.scanned.at, value: byAttribute(node, child, attributeName, convert) })
  }
  for (const child of childrenOf(node)) {
    const { name } = child.element
    const { at } = child.scanned
    if (name === 'location' || name === 'cpu') entries.push({ key: name, at, value: map(at, attributesOf(child)) })
    if (name === 'impairments') entries.push({ key: name, at, value: convertImpairments(child) })
    if (name === 'start-up') entries.push({ key: name, at, value: convertStartUp(child) })
  }
  collect('interfaces', 'interface', 'index', convertInterface)
  collect('variables', 'variable', 'name', (variable) => {
    const { text, at } = attribute(variable, 'value')
    return scalar(at, text)
  })
  return entries
}

const convertInterface = (element: Element): TreeNode => {
  const entries = attributesOf(element, ['index']).map((entry) =>
    entry.key === 'addresses' && entry.value.kind === 'scalar' ? { ...entry, value: addressList(entry.value) } : entry,
  )
  for (const child of childrenOf(element)) {
    const { name, content } = child.element
    const { at } = child.scanned
    if (name === 'anti-spoofing') entries.push({ key: name, at, value: map(at, attributesOf(child)) })
    // Its start tag has no attributes, so that it is on one line.
    if (name === 'click') entries.push({ key: name, at, value: scalar(at, content, content, at.line) })
  }
  return map(element.scanned.at, entries)
}

const addressList = ({ at, text }: ScalarNode): TreeNode =>
  list(
    at,
    text
      .split(' ')
      .filter((address) => address !== '')
      .map((address) => scalar(at, address)),
  )

/** Attributes are for both directions, children for one. */
const convertImpairments = (impairments: Element): MapNode =>
  map(impairments.scanned.at, [
    ...attributesOf(impairments),
    ...childrenOf(impairments).map((child) => {
      const { at } = child.scanned
      return { key: child.element.name, at, value: map(at, attributesOf(child)) }
    }),
  ])

const convertStartUp = (startUp: Element): TreeNode => {
  const entries: Entry[] = []
  const { at } = startUp.scanned
  if (named(startUp, 'file').length > 0) {
    entries.push({ key: 'files', at, value: byAttribute(startUp, 'file', 'path', convertFile) })
  }
  for (const { element, scanned } of named(startUp, 'command')) {
    entries.push({ key: 'command', at: scanned.at, value: scalar(scanned.at, element.content) })
  }
  return map(at, entries)
}

/** The text is the content unless `source` stands instead. */
const convertFile = (file: Element): TreeNode => {
  const { at } = file.scanned
  const entries = [...attributesOf(file, ['path'])]
  const { content } = file.element
  if (content !== '' || !entries.some(({ key }) => key === 'source')) {
    entries.push({ key: 'content', at, value: scalar(at, content) })
  }
  return map(at, entries)
}

/** Attributes a and b are the list of ends. */
const convertLink = (link: Element): TreeNode => {
  const ends = ['a', 'b'].map((name) => {
    const { text, at } = attribute(link, name)
    return scalar(at, text)
  })
  const { at } = link.scanned
  const entries: Entry[] = [{ key: 'ends', at, value: list(at, ends) }, ...attributesOf(link, ['id', 'a', 'b'])]
  for (const impairments of named(link, 'impairments')) {
    entries.push({ key: 'impairments', at: impairments.scanned.at, value: convertImpairments(impairments) })
  }
  return map(at, entries)
}
