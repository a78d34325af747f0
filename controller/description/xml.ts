/** XML, held against the XSD by libxml2, into the tree that YAML gives. Loaded only where a request in XML is read. */
import { XmlDocument, XmlLibError, XsdValidator } from 'libxml2-wasm'
import type { Report } from './request-errors.ts'
import { readXsd } from './schema.ts'
import { type Entry, list, type MapNode, map, type ScalarNode, scalar, type TreeNode } from './tree.ts'
import { attribute, childrenOf, type Element, named, readDocument, xmlOptions } from './xml-document.ts'
import { explainXsd } from './xml-errors.ts'
import { elementAt, type ScannedElement } from './xml-scan.ts'

export const namespace = 'https://weft.dev/vnet/1'

/** Compiled once and kept. */
let xsd: XsdValidator | undefined

const validator = (): XsdValidator => {
  if (!xsd) {
    using document = XmlDocument.fromString(readXsd(), xmlOptions)
    xsd = XsdValidator.fromDoc(document)
  }
  return xsd
}

/**
 * The tree of what libxml2 could read, also where it breaks the schema (that is reported); undefined, with the reason reported,
 * where the text is not well-formed or is no request at all.
 */
export const readXml = (text: string, report: Report): MapNode | undefined =>
  readDocument(text, report, (document, root) => {
    validate(document, root.scanned, report)
    return document.root.namespaceUri === namespace && document.root.name === 'vnet' ? convertVNet(root) : undefined
  })

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

/** Attributes as entries, but those of other namespaces (xsi:schemaLocation) and those left out. */
const attributesOf = ({ element, scanned }: Element, leftOut: readonly string[] = []): readonly Entry[] =>
  element.attrs
    .filter(({ name, prefix }) => prefix === '' && !leftOut.includes(name))
    .map(({ name, value }) => {
      const at = scanned.attributes.get(name)?.at ?? scanned.at
      return { key: name, at, value: scalar(at, value) }
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

const sections: ReadonlyMap<string, (element: Element) => TreeNode> = new Map<string, (element: Element) => TreeNode>([
  ['defaults', convertNode],
  ['nodes', (nodes: Element) => byAttribute(nodes, 'node', 'id', convertNode)],
  ['links', (links: Element) => byAttribute(links, 'link', 'id', convertLink)],
  ['affinity', (affinity: Element) => list(affinity.scanned.at, childrenOf(affinity).map(convertAffinity))],
])

/** The element's name says which kind it is. */
const convertAffinity = (rule: Element): MapNode => {
  const { at } = rule.scanned
  const nodes = attribute(rule, 'nodes')
  return map(at, [{ key: rule.element.name, at, value: splitList(scalar(nodes.at, nodes.text)) }])
}

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
    entry.key === 'addresses' && entry.value.kind === 'scalar' ? { ...entry, value: splitList(entry.value) } : entry,
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

/** Words with blanks between them. */
const splitList = ({ at, text }: ScalarNode): TreeNode =>
  list(
    at,
    text
      .split(' ')
      .filter((word) => word !== '')
      .map((word) => scalar(at, word)),
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
