/** What an argument of an element can be: a name for people, and a pure function from its text. After Click's `lib/args.cc`. */

export interface ArgumentType<T> {
  /** As the manual calls it: "integer 0-255", "IP address". */
  readonly name: string
  /** Never throws. */
  readonly parse: (text: string) => T | Refusal
}

/** Why a text is no value; Click's words. */
export interface Refusal {
  readonly refused: string
}

export const refuse = (words = 'parse error'): Refusal => ({ refused: words })

export const isRefusal = (value: unknown): value is Refusal =>
  typeof value === 'object' && value !== null && 'refused' in value

/** The type of a type's values. */
export type ValueOf<T> = T extends ArgumentType<infer V> ? V : never
