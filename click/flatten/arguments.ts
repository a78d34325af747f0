/** Which arguments the parameters of a compound element take, and which of its definitions matches. After Click's `cp_assign_arguments`. */
import type { Diagnostics, Landmark } from '../diagnostics.ts'
import type { PortCounts } from '../element.ts'
import type { Body, Compound, ElementClass, Formal } from '../language/router.ts'

/** `KEYWORD rest`, where a word of letters, digits and `_.:?!` stands first. */
export const splitKeyword = (argument: string): readonly [keyword: string, rest: string] | undefined => {
  const match = /^([A-Za-z0-9_.:?!]+)(?:[ \f\n\r\t\v]+([\s\S]*))?$/.exec(argument)
  return match ? [match[1] ?? '', match[2] ?? ''] : undefined
}

/** The value of each formal; undefined where the arguments do not fit them. */
export const assignArguments = (formals: readonly Formal[], args: readonly string[]): readonly string[] | undefined => {
  const takesRest = formals.at(-1)?.keyword === '__REST__'
  const named = takesRest ? formals.slice(0, -1) : formals
  // Each takes one argument at least.
  if (args.length < named.length) return undefined
  const positional = named.findIndex(({ keyword }) => keyword !== '')
  const positionalCount = positional < 0 ? named.length : positional
  if (!takesRest && positionalCount === formals.length) return args.length === formals.length ? args : undefined

  const byKeyword = new Map(named.slice(positionalCount).map((formal) => [formal.keyword, formal]))
  const values = new Map<Formal, string>()
  const rest: string[] = []
  let byPosition = 0
  let anyKeyword = false
  for (const argument of args) {
    if (byPosition >= positionalCount) {
      const [keyword, value] = splitKeyword(argument) ?? []
      const formal = keyword === undefined ? undefined : byKeyword.get(keyword)
      if (formal) {
        values.set(formal, value ?? '')
        anyKeyword = true
        continue
      }
      if (anyKeyword && !takesRest) return undefined
    }
    const formal = anyKeyword ? undefined : named[byPosition]
    if (!anyKeyword) byPosition++
    if (formal && byPosition <= positionalCount) values.set(formal, argument)
    else if (takesRest) rest.push(argument)
    else return undefined
  }
  if (named.some((formal) => !values.has(formal))) return undefined
  const assigned = named.map((formal) => values.get(formal) ?? '')
  return takesRest ? [...assigned, rest.join(', ')] : assigned
}

const portsOfBodies = new WeakMap<Body, PortCounts>()

/** How many ports of its outside a definition has: what its own connections use of `input` and `output`. */
export const portsOfCompound = ({ body }: Compound): PortCounts => {
  const known = portsOfBodies.get(body)
  if (known) return known
  let inputs = 0
  let outputs = 0
  for (const { from, to } of body.connections) {
    if (from.node === 0) inputs = Math.max(inputs, from.port + 1)
    if (to.node === 1) outputs = Math.max(outputs, to.port + 1)
  }
  const ports = { inputs, outputs }
  portsOfBodies.set(body, ports)
  return ports
}

const count = (n: number, word: string): string => `${n} ${word}${n === 1 ? '' : 's'}`

const describeCompound = (compound: Compound): string => {
  const { inputs, outputs } = portsOfCompound(compound)
  const formals = compound.formals.map(({ keyword }) =>
    keyword === '' ? '<arg>' : keyword === '__REST__' ? '...' : keyword,
  )
  const list = formals.length > 0 ? `(${formals.join(', ')})` : ''
  return `${compound.name || '<anonymous>'}${list}[${count(inputs, 'input')}, ${count(outputs, 'output')}]`
}

/** Of more, errors name the first. */
const mostCandidates = 20

export interface Use {
  readonly args: readonly string[]
  /** Ports that connections use. */
  readonly inputs: number
  readonly outputs: number
  readonly landmark: Landmark
}

export type Resolved =
  | { readonly kind: 'primitive'; readonly name: string }
  | { readonly kind: 'compound'; readonly compound: Compound; readonly values: readonly string[] }

/**
 * The first definition that the use matches. Where none does but the arguments fit one, that one all the same: the errors on its ports say
 * more.
 */
export const resolveClass = (
  elementClass: ElementClass,
  use: Use,
  diagnostics: Diagnostics,
  /** Called with how much work comes; it may throw. */
  spend: (steps: number) => void,
): Resolved | undefined => {
  let closest: Resolved | undefined
  const tried: Compound[] = []
  for (let candidate: ElementClass | undefined = elementClass; candidate; ) {
    if (candidate.kind === 'synonym') candidate = candidate.of
    else if (candidate.kind === 'primitive') return { kind: 'primitive', name: candidate.name }
    else {
      spend(1 + candidate.formals.length + use.args.length)
      const values = assignArguments(candidate.formals, use.args)
      if (values) {
        const ports = portsOfCompound(candidate)
        const resolved: Resolved = { kind: 'compound', compound: candidate, values }
        if (ports.inputs === use.inputs && ports.outputs === use.outputs) return resolved
        closest = resolved
      }
      tried.push(candidate)
      candidate = candidate.overload
    }
  }
  if (tried.length !== 1 || !closest) {
    const args = use.args.length > 0 ? `${count(use.args.length, 'argument')}, ` : ''
    const wanted = `[${args}${count(use.inputs, 'input')}, ${count(use.outputs, 'output')}]`
    diagnostics.error(use.landmark, `no match for '${tried[0]?.name || '<anonymous>'}${wanted}'`)
    for (const compound of tried.slice(0, mostCandidates))
      diagnostics.message(compound.landmark, `candidate: ${describeCompound(compound)}`)
  }
  return closest
}
