/** What an element class is, as a value: what check, the compiler and `weft click elements` read. `elements/` has one file a class. */

import { type Arguments, readArguments, type ValuesOf } from './arguments/spec.ts'
import { type ArgumentType, isRefusal } from './arguments/types.ts'
import { splitArguments } from './language/strings.ts'

export type Engine = 'ebpf'
export type Origin = 'click' | 'weft'

export interface Handler {
  readonly name: string
  readonly read: boolean
  readonly write: boolean
  readonly text: string
}

export interface PortCounts {
  readonly inputs: number
  readonly outputs: number
}

/** What one element's configuration string says. */
export interface Configured<A extends Arguments = Arguments, L = unknown> {
  readonly values: ValuesOf<A>
  /** Of a class whose arguments are a list: each of them. */
  readonly list: readonly L[]
}

/** Arguments that are all of one kind, as many as there are. */
export interface ArgumentList<L> {
  readonly name: string
  readonly type: ArgumentType<L>
  readonly text: string
  /** What Click's errors call an argument of the list, before its number; numbers start at `first`. */
  readonly label: string
  readonly first: 0 | 1
}

export interface ElementClass<A extends Arguments = Arguments, L = unknown> {
  readonly name: string
  /** One line. */
  readonly summary: string
  /** Click's port count code: `1/1`, `1/1-2`, `1/-`, `2-/=`. */
  readonly ports: string
  /** Click's processing code: `a/ah`; h is push, l pull, a agnostic. */
  readonly processing: string
  /** Click's flow code: which inputs' packets can leave by which outputs. */
  readonly flow: string
  readonly arguments: A
  readonly list: ArgumentList<L> | undefined
  readonly handlers: readonly Handler[]
  readonly engines: readonly Engine[]
  /** Whose class it is: one of Click's distribution, or one that there is here alone. */
  readonly origin: Origin
  /** What is wrong with arguments that are right each by itself; `ports` are those that connections use. */
  problems?(configured: Configured<A, L>, ports: PortCounts): readonly string[]
}

interface Declaration<A extends Arguments, L> {
  readonly name: string
  readonly summary: string
  readonly ports: string
  /** Push, agnostic and so on; `a/a` without it. */
  readonly processing?: string
  readonly flow?: string
  readonly arguments?: A
  readonly list?: ArgumentList<L>
  readonly handlers?: readonly Handler[]
  /** `click` without it. */
  readonly origin?: Origin
  problems?(configured: Configured<A, L>, ports: PortCounts): readonly string[]
}

// biome-ignore lint/complexity/noBannedTypes: a class without arguments
export const defineElement = <const A extends Arguments = {}, L = never>(
  declaration: Declaration<A, L>,
): ElementClass<A, L> => ({
  processing: 'a/a',
  flow: 'x/x',
  list: undefined,
  handlers: [],
  engines: ['ebpf'],
  origin: 'click',
  ...declaration,
  arguments: declaration.arguments ?? ({} as A),
})

/** The handlers that every element has. */
export const commonHandlers: readonly Handler[] = [
  { name: 'class', read: true, write: false, text: 'name of the class' },
  { name: 'name', read: true, write: false, text: 'name of the element' },
  { name: 'config', read: true, write: false, text: 'configuration string' },
  { name: 'ports', read: true, write: false, text: 'its ports and what they are connected to' },
  { name: 'handlers', read: true, write: false, text: 'names of its handlers' },
]

export const read = (name: string, text: string): Handler => ({ name, read: true, write: false, text })
export const write = (name: string, text: string): Handler => ({ name, read: false, write: true, text })
export const readWrite = (name: string, text: string): Handler => ({ name, read: true, write: true, text })

export interface Configuration<A extends Arguments, L> {
  /** undefined where there are problems. */
  readonly configured: Configured<A, L> | undefined
  /** Click's words. */
  readonly problems: readonly string[]
}

const readList = <L>(list: ArgumentList<L>, args: readonly string[]) => {
  const problems: string[] = []
  const values = args.flatMap((text, i): L[] => {
    const value = list.type.parse(text)
    if (!isRefusal(value)) return [value]
    for (const line of value.refused.split('\n')) problems.push(`${list.label} ${i + list.first}: ${line}`)
    return []
  })
  return { values, problems }
}

/** Reads the configuration string of one element; variables and compound elements' parameters must have been put in. */
export const configure = <A extends Arguments, L>(
  elementClass: ElementClass<A, L>,
  configuration: string,
  ports: PortCounts,
): Configuration<A, L> => {
  const args = splitArguments(configuration)
  const { values: list, problems: listProblems } = elementClass.list
    ? readList(elementClass.list, args)
    : { values: [], problems: [] }
  const { values, problems } = readArguments(elementClass.arguments, elementClass.list ? [] : args)
  const found = [...listProblems, ...problems]
  if (!values || found.length > 0) return { configured: undefined, problems: found }
  const configured = { values, list }
  const wrong = elementClass.problems?.(configured, ports) ?? []
  return { configured: wrong.length > 0 ? undefined : configured, problems: wrong }
}
