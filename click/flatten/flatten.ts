/** Takes compound elements and groups out of a configuration: what Click's `click-flatten` does. */
import { createDiagnostics, type Diagnostics, Overflow } from '../diagnostics.ts'
import type { Graph } from '../graph.ts'
import type { Body } from '../language/router.ts'
import { createScope } from '../language/variables.ts'
import { limits } from '../limits.ts'
import { expandBody } from './expand.ts'
import { removeTunnels } from './tunnels.ts'

export interface FlattenOptions {
  /** Puts the values of the file's variables in their place, as a driver does; without it they stay, as in click-flatten. */
  readonly expandVariables?: boolean
  /** Values given from outside, by name; they go before the file's own. */
  readonly variables?: Readonly<Record<string, string>>
  /** Nodes that it may have at most: elements, and two ends for each compound element and group; `limits.elements` unless given. */
  readonly mostNodes?: number
}

/** Never throws: what is wrong goes to `diagnostics`; what could not be made flat is left out. */
export const flatten = (
  body: Body,
  { expandVariables = false, variables = {}, mostNodes = limits.elements }: FlattenOptions = {},
  diagnostics: Diagnostics = createDiagnostics(),
): Graph => {
  const given = new Map(body.definitions.map(({ name, value }) => [name, value]))
  for (const [name, value] of Object.entries(variables)) given.set(name, value)
  const scope = createScope()
  // A variable that stays is its own value, so that ${name-default} knows that it is defined.
  for (const [name, value] of given) scope.values.set(name, expandVariables ? value : `$${name}`)
  const definitions = expandVariables ? [] : [...given].map(([name, value]) => ({ name, value }))
  try {
    const flat = expandBody(body, scope, diagnostics, mostNodes)
    return { requirements: flat.requirements, definitions, ...removeTunnels(flat, diagnostics) }
  } catch (error) {
    if (!(error instanceof Overflow)) throw error
    diagnostics.error(error.landmark, error.message)
    return { requirements: body.requirements, definitions, elements: [], connections: [] }
  }
}
