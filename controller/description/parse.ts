/** A VNet request from a file. */
import { basename, dirname } from 'node:path'
import type { VNetRequest } from '../../proto/generated/weft.v1.ts'
import { buildRequest } from './build.ts'
import { type ForeignForm, type Form, formOf, isForeign } from './import/forms.ts'
import { plainName } from './import/names.ts'
import { createNotes, type Note, type Notes } from './import/notes.ts'
import { maxLinks, maxNodes } from './limits.ts'
import { createReport, type Position, type Report } from './request-errors.ts'
import { createSourceReader, type SourceReader } from './sources.ts'
import { decodeText, type Format } from './text.ts'
import { entriesOf, find, get, type MapNode, textOf } from './tree.ts'
import { findProblems } from './validate.ts'

export { RequestErrors } from './request-errors.ts'

export interface ParseRequestOptions {
  /** For `where`, and by its ending for the form. */
  readonly file?: string
  /** Instead of what the file's name and its first character say. */
  readonly format?: Form
  /** What `source` is relative to: the folder of `file` unless given. Without both, `source` is refused. */
  readonly folder?: string
  /** Of a graph: millionths of what its lines carried that their links' rates are; without it they have none. */
  readonly speedMillionths?: number | undefined
}

export interface ParsedRequest {
  readonly request: VNetRequest
  /** What the file says and a request cannot: of files in others' forms alone. */
  readonly notes: readonly Note[]
  /** Where a part of the model stands, by its path, for instance `nodes[3].startUp`, as file:line:column. */
  readonly locate: (path: string) => string
}

/**
 * The request of a file in XML, YAML or JSON (docs/requests.md), or in another's form (docs/formats.md), valid by the schema and by
 * validateRequest. `input` is the file's bytes or text, at most 4 MiB.
 * Errors: RequestErrors alone, with every error found: codes request.syntax, request.invalid, request.too-large, each with
 * object, where (file:line:column), message and hint.
 */
export const parseRequest = async (
  input: string | Uint8Array,
  options: ParseRequestOptions = {},
): Promise<ParsedRequest> => {
  const { file, folder = file === undefined ? undefined : dirname(file) } = options
  const name = file ?? 'request'
  const report = createReport(name)
  const notes = createNotes(name)
  const readSource = createSourceReader(folder)
  const text = readText(input, report)
  const form = options.format ?? formOf(file ?? '', text)
  const tree = isForeign(form)
    ? await readForeign(text, form, options, { report, notes, readSource })
    : await readTree(text, form, report)
  if (!tree) return report.fail({ message: 'the file is not a request' })
  checkCounts(tree, report)
  const { request, positions } = buildRequest(tree, report, readSource)
  checkModel(request, positions, report)
  report.finish()
  const locate = (path: string): string => {
    const at = positionOf(path, positions)
    return at ? `${name}:${at.line}${at.column > 0 ? `:${at.column}` : ''}` : name
  }
  return { request, notes: notes.all(), locate }
}

const readText = (input: string | Uint8Array, report: Report): string => {
  const decoded = decodeText(input)
  if ('text' in decoded) return decoded.text
  return report.fail(decoded.problem)
}

/** Parsers are loaded when they are needed: commands that read no request start without them. */
const readTree = async (text: string, format: Format, report: Report): Promise<MapNode | undefined> => {
  if (format === 'xml') {
    const { readXml } = await import('./xml.ts')
    return readXml(text, report)
  }
  const { readJson, readYaml } = await import('./yaml.ts')
  const { checkJsonSchema } = await import('./json-schema.ts')
  const tree = format === 'json' ? readJson(text, report) : readYaml(text, report)
  if (tree) checkJsonSchema(tree, report)
  return tree
}

interface Reading {
  readonly report: Report
  readonly notes: Notes
  readonly readSource: SourceReader
}

/** Into the tree that our own form would have given, and held against the same schema. */
const readForeign = async (
  text: string,
  form: ForeignForm,
  { file = 'vnet', speedMillionths }: ParseRequestOptions,
  { report, notes, readSource }: Reading,
): Promise<MapNode | undefined> => {
  const name = plainName(basename(file).replace(/\.[A-Za-z.]*$/, ''), 'vnet')
  let tree: MapNode | undefined
  if (form === 'rspec') tree = (await import('./import/rspec.ts')).readRspec(text, { name }, report, notes)
  else if (form === 'containerlab')
    tree = (await import('./import/containerlab.ts')).readContainerlab(text, report, notes, readSource)
  else if (form === 'gml')
    tree = (await import('./import/gml.ts')).readGml(text, { name, speedMillionths }, report, notes)
  else tree = (await import('./import/graphml.ts')).readGraphml(text, { name, speedMillionths }, report, notes)
  if (tree) (await import('./json-schema.ts')).checkJsonSchema(tree, report)
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
