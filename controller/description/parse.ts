/** A VNet request from a file. */
import { dirname } from 'node:path'
import type { VNetRequest } from '../../proto/generated/weft.v1.ts'
import { buildRequest } from './build.ts'
import { maxLinks, maxNodes } from './limits.ts'
import { createReport, type Position, type Report } from './request-errors.ts'
import { createSourceReader } from './sources.ts'
import { decodeText, type Format, formatOf } from './text.ts'
import { entriesOf, find, get, type MapNode, textOf } from './tree.ts'
import { findProblems } from './validate.ts'

export { RequestErrors } from './request-errors.ts'

export interface ParseRequestOptions {
  /** For `where`, and by its ending for the form. */
  readonly file?: string
  /** Instead of what the file's name and its first character say. */
  readonly format?: Format
  /** What `source` is relative to: the folder of `file` unless given. Without both, `source` is refused. */
  readonly folder?: string
}

/**
 * The request of a file in XML, YAML or JSON (docs/requests.md), valid by the schema and by validateRequest. `input` is the file's
 * bytes or text, at most 4 MiB.
 * Errors: RequestErrors alone, with every error found: codes request.syntax, request.invalid, request.too-large, each with
 * object, where (file:line:column), message and hint.
 */
export const parseRequest = async (
  input: string | Uint8Array,
  options: ParseRequestOptions = {},
): Promise<{ readonly request: VNetRequest }> => {
  const { file, folder = file === undefined ? undefined : dirname(file) } = options
  const report = createReport(file ?? 'request')
  const text = readText(input, report)
  const tree = await readTree(text, options.format ?? formatOf(file ?? '', text), report)
  const { request, positions } = buildRequest(tree, report, createSourceReader(folder))
  checkModel(request, positions, report)
  report.finish()
  return { request }
}

const readText = (input: string | Uint8Array, report: Report): string => {
  const decoded = decodeText(input)
  if ('text' in decoded) return decoded.text
  return report.fail(decoded.problem)
}

/** Parsers are loaded when they are needed: commands that read no request start without them. */
const readTree = async (text: string, format: Format, report: Report): Promise<MapNode> => {
  let tree: MapNode | undefined
  if (format === 'xml') {
    const { readXml } = await import('./xml.ts')
    tree = readXml(text, report)
  } else {
    const { readJson, readYaml } = await import('./yaml.ts')
    const { checkJsonSchema } = await import('./json-schema.ts')
    tree = format === 'json' ? readJson(text, report) : readYaml(text, report)
    if (tree) checkJsonSchema(tree, report)
  }
  if (!tree) return report.fail({ message: 'the file is not a request' })
  checkCounts(tree, report)
  return tree
}

/** Before the model is built: defaults would be copied into each of a million nodes. */
const checkCounts = (tree: MapNode, report: Report): void => {
  for (const [key, most] of [
    ['nodes', maxNodes],
    ['links', maxLinks],
  ] as const) {
    const section = find(tree, key)
    const count = entriesOf(section?.value).length
    if (count <= most) continue
    const object = `vnet/${textOf(get(tree, 'vnet')) ?? ''}`
    const message = `the request has ${count} ${key}`
    report.fail({ code: 'request.too-large', message, object, hint: `at most ${most}`, at: section?.at })
  }
}

/** The rules of the model, but for objects that an error is known of: what follows from it would say nothing new. */
const checkModel = (request: VNetRequest, positions: ReadonlyMap<string, Position>, report: Report): void => {
  // Where nothing was read as a node, every link would be blamed for it.
  if (request.nodes.length === 0 && report.count > 0) return
  const findings = findProblems(request).filter(({ object }) => !report.blames(object))
  for (const { path, ...finding } of findings) report.add({ ...finding, at: positionOf(path, positions) })
}

/** Of a part of the model or, where that does not stand in the file, of the nearest part around it. */
const positionOf = (path: string, positions: ReadonlyMap<string, Position>): Position | undefined => {
  for (let part = path; part !== ''; part = part.replace(/(\.[^.[\]]*|\[[0-9]+\]|^[^.[\]]*)$/, '')) {
    const position = positions.get(part)
    if (position) return position
  }
  return positions.get('name')
}
