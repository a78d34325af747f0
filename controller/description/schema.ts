/** The published schemas, and what of them both forms share: keys by what they are for, and what would be right. */
import { readFileSync } from 'node:fs'

const read = (name: string): string => readFileSync(new URL(`./schema/${name}`, import.meta.url), 'utf8')

export const readXsd = (): string => read('weft-vnet-1.xsd')

export interface JsonSchema {
  readonly $ref?: string
  readonly description?: string
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly definitions?: Readonly<Record<string, JsonSchema>>
  readonly enum?: readonly string[]
}

let parsed: JsonSchema | undefined

export const jsonSchema = (): JsonSchema => {
  parsed ??= JSON.parse(read('weft-vnet-1.json')) as JsonSchema
  return parsed
}

const definition = (name: string): JsonSchema | undefined => jsonSchema().definitions?.[name]

const resolve = (schema: JsonSchema | undefined): JsonSchema | undefined =>
  schema?.$ref === undefined ? schema : (definition(schema.$ref.replace('#/definitions/', '')) ?? schema)

/**
 * What would be right for a key in an object of a definition ('' for the top): the description in the JSON Schema, which XML's
 * attributes of the same names share.
 */
export const whatIsRight = (owner: string, key: string): string | undefined => {
  const schema = owner === '' ? jsonSchema() : definition(owner)
  return resolve(schema?.properties?.[key])?.description
}

export const keysOf = (owner: string): readonly string[] =>
  Object.keys((owner === '' ? jsonSchema() : definition(owner))?.properties ?? {})
