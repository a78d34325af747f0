/** YAML 1.2 (and JSON, which is part of it) into a tree with positions. Loaded only where a request in YAML is read. */
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  type Pair,
  parseAllDocuments,
  type Scalar,
} from 'yaml'
import { jsonProblem } from './json-syntax.ts'
import { type Position, type Problem, quote, type Report } from './request-errors.ts'
import { positionAt } from './text.ts'
import { list, type MapNode, map, scalar, type TreeNode } from './tree.ts'

/** Tokens of a file, and values in it, each mention of an anchor counted in full: a bomb of a few lines would have billions. */
const maxTokens = 500_000
const maxValues = 500_000
/** Of [ and { within each other: the parser is recursive, and slow on what is nested deeper than any request. */
const maxFlowDepth = 32
/** By which yaml's lexer marks the beginnings of documents and scalars, and the end: they are not in the text. */
const lexerMarks: readonly string[] = ['\u0002', '\u0018', '\u001f', '\ufeff']
const tooDeep = 'the file is nested too deeply'
const tooMany = 'the file holds too many values'

/** undefined, with the reason reported, where the text is not well-formed or its top is no mapping. */
export const readYaml = (text: string, report: Report): MapNode | undefined => {
  const lines = new LineCounter()
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const syntax = (message: string, hint?: string, where: Position = { line: 1, column: 1 }): undefined =>
    void report.add({ code: 'request.syntax', message, hint, at: where })

  const burden = burdenOf(text)
  if (burden) {
    report.add({ ...burden.problem, at: positionAt(text, burden.offset) })
    return undefined
  }
  const documents = parse(text, lines)
  if (documents === undefined) return syntax(tooDeep)
  const [document, second] = documents
  if (!document) return syntax('the file is empty', 'a request begins with "vnet: NAME"')
  for (const problem of [...document.errors, ...document.warnings]) {
    syntax(`not well-formed YAML: ${sentence(problem.message)}`, undefined, at(problem.pos[0]))
  }
  if (second) syntax('a second document begins', 'one request a file', at(second.range?.[0] ?? 0))
  if (report.count > 0) return undefined

  try {
    const tree = convert(document.contents, at)
    if (tree.kind === 'map') return tree
    return tree.kind === 'scalar' && tree.value === null
      ? syntax('the file is empty', 'a request begins with "vnet: NAME"')
      : syntax('the file is not a mapping', 'a request begins with "vnet: NAME"', tree.at)
  } catch (thrown) {
    if (!(thrown instanceof Refusal)) throw thrown
    report.add({ code: thrown.tooLarge ? 'request.too-large' : 'request.syntax', ...thrown.problem })
    return undefined
  }
}

/** JSON's own grammar is narrower than YAML's: what only YAML allows is refused in a file that says it is JSON. */
export const readJson = (text: string, report: Report): MapNode | undefined => {
  const problem = jsonProblem(text)
  if (!problem) return readYaml(text, report)
  const message = /call stack/.test(problem.message) ? tooDeep : `not well-formed JSON: ${problem.message}`
  report.add({ code: 'request.syntax', message, at: positionAt(text, problem.offset) })
  return undefined
}

/** Why the text would cost the parser too much, found in one pass over its tokens. */
const burdenOf = (text: string): { readonly problem: Problem; readonly offset: number } | undefined => {
  let offset = 0
  let depth = 0
  let tokens = 0
  for (const token of new Lexer().lex(text)) {
    if (token === '[' || token === '{') depth++
    else if (token === ']' || token === '}') depth = Math.max(0, depth - 1)
    if (depth > maxFlowDepth) return { problem: { code: 'request.syntax', message: tooDeep }, offset }
    if (++tokens > maxTokens) {
      const hint = `at most ${maxTokens} tokens`
      return { problem: { code: 'request.too-large', message: tooMany, hint }, offset }
    }
    if (!lexerMarks.includes(token)) offset += token.length
  }
  return undefined
}

/** undefined where the text is nested so deeply that the parser's recursion fails. */
const parse = (text: string, lines: LineCounter): readonly Document.Parsed[] | undefined => {
  try {
    // Duplicate keys are reported later, by what they name.
    const documents = parseAllDocuments(text, {
      lineCounter: lines,
      prettyErrors: false,
      uniqueKeys: false,
    })
    return 'empty' in documents ? [] : (documents as Document.Parsed[])
  } catch (thrown) {
    if (thrown instanceof RangeError) return undefined
    throw thrown
  }
}

class Refusal extends Error {
  readonly problem: { readonly message: string; readonly hint?: string; readonly at: Position }
  readonly tooLarge: boolean
  constructor(message: string, at: Position, hint?: string, tooLarge = false) {
    super(message)
    this.problem = { message, at, ...(hint !== undefined && { hint }) }
    this.tooLarge = tooLarge
  }
}

/** Anchors are shared, not copied, and are known only once they are complete: no alias can reach into itself. */
const convert = (root: Node | null, at: (offset: number) => Position): TreeNode => {
  const anchors = new Map<string, TreeNode>()
  let size = 0

  const visit = (node: Node | null | undefined, fallback: Position): TreeNode => {
    const position = node?.range ? at(node.range[0]) : fallback
    const result = isAlias(node) ? resolve(node, position) : visitNode(node, position)
    if (!isAlias(node)) {
      const anchor = (node as Scalar | null | undefined)?.anchor
      if (anchor) anchors.set(anchor, result)
    }
    return result
  }

  const resolve = (alias: Alias, position: Position): TreeNode => {
    const target = anchors.get(alias.source)
    if (!target) throw new Refusal(`there is no anchor &${alias.source} before this alias`, position)
    count(target.size, position)
    // Errors are reported where the alias stands.
    return { ...target, at: position }
  }

  const count = (values: number, position: Position): void => {
    size += values
    if (size > maxValues) throw new Refusal(tooMany, position, `at most ${maxValues}`, true)
  }

  const visitNode = (node: Node | null | undefined, position: Position): TreeNode => {
    count(1, position)
    if (isMap(node))
      return map(
        position,
        node.items.map((pair) => entry(pair as Pair<Node, Node | null>, position)),
      )
    if (isSeq(node))
      return list(
        position,
        node.items.map((item) => visit(item as Node, position)),
      )
    if (!isScalar(node)) return scalar(position, '', null)
    const { value } = node
    const known = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    return scalar(position, scalarText(node), known ? value : null, firstLineOf(node, position))
  }

  const entry = ({ key, value }: Pair<Node, Node | null>, position: Position) => {
    const keyAt = key?.range ? at(key.range[0]) : position
    if (!isScalar(key)) throw new Refusal('a key is not a plain text', keyAt)
    const text = scalarText(key)
    if (text === '<<') throw new Refusal('merge keys (<<) are not part of YAML 1.2', keyAt, 'use "defaults"')
    return { key: text, at: keyAt, value: visit(value, keyAt) }
  }

  return visit(root, { line: 1, column: 1 })
}

/** A block begins on the line after its mark; of other texts only those of one line stand as they are. */
const firstLineOf = ({ type, value }: Scalar, { line }: Position): number | undefined => {
  if (type === 'BLOCK_LITERAL') return line + 1
  return typeof value === 'string' && !value.includes('\n') ? line : undefined
}

/** A number keeps how it was written; a text is what its quotes and escapes stand for. */
const scalarText = (node: Scalar): string =>
  typeof node.value === 'string' ? node.value : (node.source ?? String(node.value))

const sentence = (message: string): string => {
  if (/call stack|stack overflow/i.test(message)) return 'it is nested too deeply'
  const [first = ''] = message.split('\n')
  return first.length > 200 ? quote(first) : first
}
