/** YAML as a person would lay it out: links and short nodes on a line of their own, texts as blocks. */
import { Document, isCollection, isMap, isPair, isScalar, type Pair, type Scalar, visit } from 'yaml'
import type { VNetRequest } from '../../proto/generated/weft.v1.ts'
import { outline } from './outline.ts'

/** Of a value and its key, roughly: what is longer is laid out as a block. */
const maxLineLength = 100

export const formatYaml = (request: VNetRequest): string => {
  const document = new Document(outline(request), { version: '1.2', aliasDuplicateObjects: false })
  for (const section of ['nodes', 'links']) {
    const entries = document.get(section)
    if (isMap(entries)) for (const pair of entries.items) layOut(pair)
  }
  visit(document, { Scalar: (_, node) => chooseStyle(node) })
  return document.toString({ lineWidth: 0, minContentWidth: 0 })
}

/** A text of several lines is a block where its white space is no puzzle: nothing before its first word, none at the ends of lines. */
const chooseStyle = (node: Scalar): void => {
  if (typeof node.value !== 'string' || !/[\r\n]/.test(node.value)) return
  node.type = /^\s|[\r\t ]$|[\r\t ]\n/.test(node.value) ? 'QUOTE_DOUBLE' : 'BLOCK_LITERAL'
}

const layOut = ({ key, value }: Pair): void => {
  if (!isCollection(value)) return
  if (lengthOf(value) + lengthOf(key) < maxLineLength) value.flow = true
  else if (isMap(value)) for (const pair of value.items) layOut(pair)
}

/** About how long a value is on one line; too long where it holds a text of several lines. */
const lengthOf = (node: unknown): number => {
  if (isScalar(node)) {
    const text = String(node.value)
    return text.includes('\n') ? Number.POSITIVE_INFINITY : text.length
  }
  if (isPair(node)) return lengthOf(node.key) + lengthOf(node.value) + 4
  return isCollection(node) ? node.items.reduce<number>((sum, item) => sum + lengthOf(item), 4) : 0
}
