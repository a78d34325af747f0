/** The arguments that an element takes, as a value, and their reading. After Click's `Args` (`include/click/args.hh`). */
import { type ArgumentType, isRefusal } from './types.ts'

/** `Given`: whether there is a value in any case, by being mandatory or by a default. */
export interface Argument<T = unknown, Given extends boolean = boolean> {
  readonly type: ArgumentType<T>
  readonly text: string
  /** May be given by its place among the positional ones, too. */
  readonly positional: boolean
  readonly mandatory: boolean
  /** As it would be written. */
  readonly default?: string
  readonly given?: Given
}

/** By name; the positional ones in their order. */
export type Arguments = Readonly<Record<string, Argument>>

export type ValuesOf<A extends Arguments> = {
  readonly [K in keyof A]: A[K] extends Argument<infer T, infer Given>
    ? Given extends true
      ? T
      : T | undefined
    : never
}

/** Mandatory, by place or by name. */
export const required = <T>(type: ArgumentType<T>, text: string): Argument<T, true> => ({
  type,
  text,
  positional: true,
  mandatory: true,
})

interface MayBeGiven {
  <T>(type: ArgumentType<T>, text: string, standard: string): Argument<T, true>
  <T>(type: ArgumentType<T>, text: string): Argument<T, false>
}

const mayBeGiven = (positional: boolean): MayBeGiven =>
  (<T>(type: ArgumentType<T>, text: string, standard?: string): Argument<T> => ({
    type,
    text,
    positional,
    mandatory: false,
    ...(standard === undefined ? {} : { default: standard }),
  })) as MayBeGiven

/** By place or by name. */
export const optional = mayBeGiven(true)

/** By name alone. */
export const keyword = mayBeGiven(false)

/** The length of the word that may be a keyword at the start of an argument; 0 where there is none. */
const keywordLength = (argument: string): number =>
  /^([A-Za-z_][A-Za-z0-9_:.?!]*)\s+\S/.exec(argument)?.[1]?.length ?? 0

interface Slot {
  readonly text: string
  readonly keyword: string
  used: 'no' | 'by place' | 'by name'
}

/** The text of one argument; the last of several with its keyword counts. */
const take = (slots: readonly Slot[], name: string, { positional, mandatory }: Argument): string | undefined => {
  let found: string | undefined
  // The first that no argument took by its place; where it was taken by a keyword, no place is left to take.
  const place = slots.find(({ used }) => used !== 'by place')
  let placeIsOpen = place?.used === 'no'
  for (const slot of slots) {
    if (slot.used !== 'no' || slot.keyword !== name) continue
    slot.used = 'by name'
    found = slot.text.slice(name.length).trimStart()
    if (slot === place) placeIsOpen = false
  }
  if (!positional || !place || !placeIsOpen) return found
  if (place.keyword !== '' && !(mandatory && found === undefined)) return found
  place.used = 'by place'
  return found ?? place.text
}

export interface ReadArguments<A extends Arguments> {
  /** undefined where there are problems. */
  readonly values: ValuesOf<A> | undefined
  /** Click's words. */
  readonly problems: readonly string[]
}

export const readArguments = <A extends Arguments>(spec: A, args: readonly string[]): ReadArguments<A> => {
  const slots: Slot[] = args.map((text) => {
    const length = keywordLength(text)
    return { text, keyword: text.slice(0, length), used: 'no' }
  })
  const problems: string[] = []
  const values: Record<string, unknown> = {}
  for (const [name, argument] of Object.entries(spec)) {
    const text = take(slots, name, argument) ?? argument.default
    if (text === undefined) {
      if (argument.mandatory) problems.push(`${name}: required argument missing`)
      continue
    }
    const value = argument.type.parse(text)
    if (isRefusal(value)) problems.push(`${name}: ${value.refused}`)
    else values[name] = value
  }
  const left = slots.filter(({ used }) => used === 'no')
  for (const { keyword: name } of left) if (name !== '') problems.push(`${name}: unknown argument`)
  if (left.some(({ keyword: name }) => name === '')) problems.push('too many arguments')
  return { values: problems.length === 0 ? (values as ValuesOf<A>) : undefined, problems }
}
