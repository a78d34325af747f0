/**
 * Any XML document, each element beside its position. A document type is refused before libxml2 sees the text, so that there are no
 * entities; libxml2 has no file system either.
 */
import { ParseOption, XmlDocument, XmlElement, XmlLibError } from 'libxml2-wasm'
import { WeftError } from '../../proto/errors.ts'
import { type Position, quote, type Report } from './request-errors.ts'
import { positionAt } from './text.ts'
import { doctypeOffset, type ScannedElement, scanXml } from './xml-scan.ts'

export const xmlOptions = { option: ParseOption.XML_PARSE_NO_XXE | ParseOption.XML_PARSE_NONET }

/** An element beside its position: both walks are in the order of the document. */
export interface Element {
  readonly element: XmlElement
  readonly scanned: ScannedElement
}

/**
 * What `use` makes of the document, which is freed after it. undefined, with the reason reported, where the text is not well-formed,
 * not in UTF-8 or has a document type.
 */
export const readDocument = <T>(
  text: string,
  report: Report,
  use: (document: XmlDocument, root: Element) => T,
): T | undefined => {
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
    using document = XmlDocument.fromString(text, xmlOptions)
    const scanned = scanXml(text)
    if (!scanned) throw new WeftError('internal', 'a well-formed document without an element')
    return use(document, { element: document.root, scanned })
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

export const childrenOf = ({ element, scanned }: Element): readonly Element[] => {
  const children: Element[] = []
  let i = 0
  for (let node = element.firstChild; node; node = node.next) {
    if (!(node instanceof XmlElement)) continue
    const position = scanned.children[i++]
    if (position) children.push({ element: node, scanned: position })
  }
  return children
}

export const named = (parent: Element, name: string): readonly Element[] =>
  childrenOf(parent).filter(({ element }) => element.name === name)

/** Empty where there is none. */
export const attribute = (
  { element, scanned }: Element,
  name: string,
): { readonly text: string; readonly at: Position } => ({
  text: element.attr(name)?.value ?? '',
  at: scanned.attributes.get(name)?.at ?? scanned.at,
})
