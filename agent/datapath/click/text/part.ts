/**
 * Pieces of a vif's router. Each is Click of a few lines and the names of the elements that packets come in by and leave by: `vif.ts` puts them in a
 * row. Elements that count have names that say what they count (`sent`, `spoofed_mac`): a query of a link's counters reads them.
 */

/** What packets pass on their way. An element's name is the part's own: no other part of the router has it. */
export interface Part {
  /** Declarations and connections, each a line that ends with a semicolon, or a comment. */
  readonly lines: readonly string[]
  /** What stands behind an arrow: `source`, or `[1] switch`. */
  readonly input: string
  /** What stands before one: `source`, or `source[1]`. */
  readonly output: string
}

/** Where packets end: out of an interface, or nowhere. */
export type Sink = Omit<Part, 'output'>

/** An interface as it is now. The number changes when an interface is made anew under the same name, and with it the text. */
export interface Named {
  readonly name: string
  /** undefined where it is only about to be made: whoever has made it puts the number in (`fillNumbers`). */
  readonly index: number | undefined
}

/** A comment that holds the number, `{NAME}` in its place where it is not known yet. */
export const numbered = ({ name, index }: Named): string => `// interface ${index ?? `{${name}}`}`

/** Names whose numbers a text still lacks. */
export const numberless = (text: string): readonly string[] =>
  [...text.matchAll(/(?<=\/\/ interface )\{([^}]+)\}/g)].map(([, name = '']) => name)

export const fillNumbers = (text: string, indexOf: ReadonlyMap<string, number>): string =>
  text.replaceAll(/(?<=\/\/ interface )\{([^}]+)\}/g, (hole, name: string) => `${indexOf.get(name) ?? hole}`)

/** How programs come to interfaces here. */
export type Attach = 'tcx' | 'clsact'

/** Drops what an output gives, counted under a name. */
export const drop = (output: string, counter: string): string => `${output} -> ${counter} :: Counter -> Discard;`

/** Connections from what comes in, through the parts, to the sink, behind the lines that declare what is connected. */
export const join = (from: string, parts: readonly Part[], sink: Sink): readonly string[] => {
  const passed = parts.map(({ input, output }) => `\n    -> ${input}${output === input ? '' : `;\n${output}`}`)
  const chain = `${from}${passed.join('')}\n    -> ${sink.input};`
  return [...parts.flatMap(({ lines }) => lines), ...sink.lines, chain]
}
