/**
 * Where elements and attributes stand in XML that is known to be well-formed and without a document type: libxml2 tells lines
 * alone, and of an element the last line of its start tag.
 */
import type { Position } from './request-errors.ts'

export interface ScannedElement {
  readonly name: string
  readonly at: Position
  /** By their names as written; the value raw, its position that of its first character. */
  readonly attributes: ReadonlyMap<string, { readonly at: Position; readonly raw: string }>
  readonly children: readonly ScannedElement[]
}

const markup =
  /<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>|<\?[\s\S]*?\?>|<\/[^>]*>|<([^\s/>]+)((?:\s+[^\s=]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(\/?)>/g
const attribute = /([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g

/** The root element; undefined where there is none. */
export const scanXml = (text: string): ScannedElement | undefined => {
  const position = positions(text)
  const open: { children: ScannedElement[] }[] = [{ children: [] }]
  const top = open[0]
  for (const match of text.matchAll(markup)) {
    const [whole, name, attributes = '', selfClosing] = match
    if (name === undefined) {
      if (whole.startsWith('</')) open.pop()
      continue
    }
    const start = match.index + 1 + name.length
    const at = position(match.index)
    const found = new Map<string, { at: Position; raw: string }>()
    for (const each of attributes.matchAll(attribute)) {
      const [full, key = '', double, single = ''] = each
      found.set(key, { at: position(start + each.index + full.search(/["']/) + 1), raw: double ?? single })
    }
    const children: ScannedElement[] = []
    open.at(-1)?.children.push({ name, at, attributes: found, children })
    if (!selfClosing) open.push({ children })
  }
  return top?.children[0]
}

// A path of libxml2 is for instance /*/*[2]/node[1]: names of elements, or * for any, and their number among the siblings.
export const elementAt = (root: ScannedElement | undefined, path: string): ScannedElement | undefined => {
  const [first, ...steps] = path.split('/').slice(1)
  if (!root || first === undefined) return undefined
  let element: ScannedElement | undefined = root
  for (const step of steps) {
    const match = /^([^[\]]+)(?:\[([0-9]+)\])?$/.exec(step)
    if (!match || match[1]?.startsWith('@')) return element
    const named: readonly ScannedElement[] = element.children.filter((c) => match[1] === '*' || c.name === match[1])
    const next: ScannedElement | undefined = named[Number(match[2] ?? 1) - 1]
    if (!next) return element
    element = next
  }
  return element
}

/** Offset to line and column; made for offsets that mostly grow. */
const positions = (text: string): ((offset: number) => Position) => {
  const starts = [0]
  for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) starts.push(i + 1)
  let line = 0
  return (offset) => {
    while (line > 0 && offset < (starts[line] as number)) line--
    while (line + 1 < starts.length && offset >= (starts[line + 1] as number)) line++
    return { line: line + 1, column: offset - (starts[line] as number) + 1 }
  }
}

/**
 * Offset of a document type declaration in the prolog, -1 where there is none. Also right for text that is not well-formed: what
 * precedes the root element is white space, comments and processing instructions alone.
 */
export const doctypeOffset = (text: string): number => {
  const prolog = /^\s*(?:(?:<!--[\s\S]*?-->|<\?[\s\S]*?\?>)\s*)*/.exec(text)?.[0] ?? ''
  return text.startsWith('<!DOCTYPE', prolog.length) ? prolog.length : -1
}
