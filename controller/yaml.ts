/**
 * A YAML file held against a JSON Schema (2020-12), each error with its code, `where` (file:line) and hint.
 * Aliases that would unfold to more than a file has room for are refused by the `yaml` library (maxAliasCount).
 */
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, YAMLParseError } from 'yaml'
import { type ErrorCode, WeftError } from '../proto/errors.ts'

export type Path = readonly (string | number)[]

export interface YamlFile {
  /** Plain value; missing where there are errors. */
  readonly value?: unknown
  /** In the order of their lines. */
  readonly errors: readonly WeftError[]
  /** file:line of a member, or of the nearest thing around it that stands in the file. */
  readonly where: (path: Path) => string
}

export interface YamlCodes {
  readonly syntax: ErrorCode
  readonly invalid: ErrorCode
}

/** At most so many errors are told: a file of another kind would otherwise bring thousands. */
const maxErrors = 50

/** Compiles a schema once, for readYaml. */
export const compileSchema = (schema: object): ValidateFunction =>
  new Ajv2020({ allErrors: true, verbose: true, strict: true, allowUnionTypes: true }).compile(schema)

export const readYaml = (text: string, file: string, validate: ValidateFunction, codes: YamlCodes): YamlFile => {
  const lines = new LineCounter()
  const document = parse(text, lines)
  const at = (offset: number): string => `${file}:${lines.linePos(offset).line || 1}`
  const where = (path: Path): string => at(offsetOf(document.contents, path))
  if (document.errors.length > 0) {
    const errors = document.errors
      .slice(0, maxErrors)
      .map((error) => new WeftError(codes.syntax, `${file} is not YAML: ${error.message}`, { where: at(error.pos[0]) }))
    return { errors, where }
  }
  let value: unknown
  try {
    value = document.toJS()
  } catch (cause) {
    const message = `${file} cannot be read: ${(cause as Error).message}`
    return { errors: [new WeftError(codes.syntax, message, { where: at(0), hint: 'use fewer aliases', cause })], where }
  }
  if (validate(value)) return { value, errors: [], where }
  const errors = (validate.errors ?? [])
    .slice(0, maxErrors)
    .map((error) => {
      const { path, message, hint } = explain(error)
      const subject = path.length > 0 ? path.join('.') : 'the file'
      return { offset: offsetOf(document.contents, path), error: [`${subject} ${message}`, hint] as const }
    })
    .sort((a, b) => a.offset - b.offset)
    .map(({ offset, error: [message, hint] }) => new WeftError(codes.invalid, message, { where: at(offset), hint }))
  return { errors, where }
}

/** A text that is nested too deeply for the parser's stack is no document; it says so as its only error. */
const parse = (text: string, lineCounter: LineCounter): ReturnType<typeof parseDocument> => {
  const options = { lineCounter, prettyErrors: false }
  try {
    return parseDocument(text, options)
  } catch (cause) {
    const empty = parseDocument('', options)
    empty.errors.push(new YAMLParseError([0, 0], 'RESOURCE_EXHAUSTION', (cause as Error).message))
    return empty
  }
}

/** Where the key or item that a path leads to begins; as far as the path exists. */
const offsetOf = (root: Node | null, path: Path): number => {
  let node: unknown = root
  let offset = root?.range?.[0] ?? 0
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => String(isScalar(key) ? key.value : key) === String(step))
      if (!pair) break
      offset = (pair.key as Node).range?.[0] ?? offset
      node = pair.value
    } else if (isSeq(node)) {
      const item = node.items[Number(step)] as Node | undefined
      if (!item) break
      offset = item.range?.[0] ?? offset
      node = item
    } else break
    if (isAlias(node)) break
  }
  return offset
}

const pathOf = (pointer: string): Path =>
  pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))

/** What is wrong and what would be right, of an error of ajv. */
const explain = (error: ErrorObject): { path: Path; message: string; hint?: string } => {
  const path = pathOf(error.instancePath)
  const parent = error.parentSchema as { properties?: object; description?: string; type?: string | string[] }
  const described = parent.description
  switch (error.keyword) {
    case 'additionalProperties': {
      const known = Object.keys(parent.properties ?? {}).join(', ')
      return { path: [...path, error.params.additionalProperty], message: 'is unknown', hint: `members: ${known}` }
    }
    case 'required':
      return { path, message: `lacks "${error.params.missingProperty}"` }
    case 'type':
      return {
        path,
        message: `is not of type ${[parent.type].flat().join(' or ')}`,
        ...(described && { hint: described }),
      }
    case 'enum':
      return {
        path,
        message: 'is not one of the words allowed',
        hint: `one of ${error.params.allowedValues.join(', ')}`,
      }
    case 'propertyNames':
      return { path: [...path, error.params.propertyName], message: 'is not a name allowed here' }
    default:
      return { path, message: error.message ?? `breaks "${error.keyword}"`, ...(described && { hint: described }) }
  }
}
