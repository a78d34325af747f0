/** A tree from YAML or JSON held against the JSON Schema. Loaded only where such a file is read: compiling takes some time. */
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import { suggest } from './nearest.ts'
import { type Position, quote, type Report } from './request-errors.ts'
import { type JsonSchema, jsonSchema } from './schema.ts'
import { find, type MapNode, type TreeNode, toValue } from './tree.ts'

let compiled: ValidateFunction | undefined

const validator = (): ValidateFunction => {
  compiled ??= new Ajv({ allErrors: true, verbose: true, strict: true, allowUnionTypes: true }).compile(jsonSchema())
  return compiled
}

/** Reports every place where the tree breaks the schema. */
export const checkJsonSchema = (tree: MapNode, report: Report): void => {
  const validate = validator()
  if (validate(toValue(tree))) return
  for (const error of validate.errors ?? []) {
    // A key that breaks a rule brings a second error that only says so.
    if (error.keyword === 'propertyNames') continue
    const path = error.instancePath.split('/').slice(1).map(unescapeStep)
    const key = keyBlamed(error)
    const { at, value } = follow(tree, path, key)
    const { message, hint } = explain(error, path, value)
    report.add({ message, hint, object: objectOf(tree, key === undefined ? path : [...path, key]), at })
  }
}

const unescapeStep = (step: string): string => step.replaceAll('~1', '/').replaceAll('~0', '~')

/** Where not a value but its key is wrong. */
const keyBlamed = (error: ErrorObject): string | undefined =>
  error.keyword === 'additionalProperties' ? error.params['additionalProperty'] : error.propertyName

const follow = (
  tree: TreeNode,
  path: readonly string[],
  key: string | undefined,
): { readonly at: Position; readonly value: TreeNode } => {
  let node = tree
  let at = tree.at
  for (const step of path) {
    const next = node.kind === 'list' ? node.items[Number(step)] : find(node, step)?.value
    if (!next) break
    node = next
    at = node.at
  }
  return { at: (key === undefined ? undefined : find(node, key)?.at) ?? at, value: node }
}

/** node/x, link/y, or the VNet as a whole. */
const objectOf = (tree: MapNode, [section, name]: readonly string[]): string => {
  if (section === 'nodes' && name !== undefined) return `node/${name}`
  if (section === 'links' && name !== undefined) return `link/${name}`
  const vnet = find(tree, 'vnet')?.value
  return vnet?.kind === 'scalar' ? `vnet/${vnet.text}` : 'vnet/'
}

const explain = (
  error: ErrorObject,
  path: readonly string[],
  value: TreeNode,
): { readonly message: string; readonly hint: string | undefined } => {
  const schema = error.parentSchema as JsonSchema
  const what = path.length === 0 ? 'the request' : path.join('.')
  const shown =
    value.kind === 'scalar' ? (value.value === null ? 'nothing' : quote(value.text)) : `a ${kinds[value.kind]}`
  if (error.propertyName !== undefined) {
    return { message: `${quote(error.propertyName)} cannot be a key of ${what}`, hint: schema.description }
  }
  switch (error.keyword) {
    case 'additionalProperties': {
      const key = String(error.params['additionalProperty'])
      return {
        message: `${what} has no property ${quote(key)}`,
        hint: suggest(key, Object.keys(schema.properties ?? {})),
      }
    }
    case 'required': {
      const missing = String(error.params['missingProperty'])
      return { message: `${what} lacks "${missing}"`, hint: schema.properties?.[missing]?.description }
    }
    case 'enum':
      return {
        message: `${what} cannot be ${shown}`,
        hint: suggest(value.kind === 'scalar' ? value.text : '', schema.enum ?? []),
      }
    case 'minProperties':
      return { message: `${what} is empty`, hint: schema.description }
    default:
      return { message: `${what} cannot be ${shown}`, hint: schema.description }
  }
}

const kinds = { map: 'mapping', list: 'list' } as const
