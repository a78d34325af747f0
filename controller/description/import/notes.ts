/** What a file in another's form says and a request cannot: told with its line, never dropped silently. */
import type { Position } from '../request-errors.ts'

export interface Note {
  readonly message: string
  /** As kind/name; empty where it is of the whole file. */
  readonly object: string
  /** file:line:column of the first place. */
  readonly where: string
}

export interface Remark {
  readonly message: string
  readonly object?: string | undefined
  readonly at: Position
}

export interface Notes {
  add(remark: Remark): void
  /** The same of many objects, for instance an attribute that each node has: one note, with all its lines. */
  addAll(message: string, at: Position): void
  /** In the order of the file. */
  readonly all: () => readonly Note[]
}

/** Lines that are named one by one; the others are counted. */
const maxLinesNamed = 10

export const createNotes = (file: string): Notes => {
  const remarks: Remark[] = []
  const groups = new Map<string, Position[]>()
  const add = (remark: Remark): void => void remarks.push(remark)
  return {
    add,
    addAll(message, at) {
      const group = groups.get(message)
      if (group) group.push(at)
      else groups.set(message, [at])
    },
    all: () =>
      [...remarks, ...[...groups].map(([message, places]) => summary(message, places))]
        .toSorted((a, b) => a.at.line - b.at.line || a.at.column - b.at.column)
        .map(({ message, object = '', at }) => ({ message, object, where: `${file}:${at.line}:${at.column}` })),
  }
}

const summary = (message: string, places: readonly Position[]): Remark => {
  const [first = { line: 1, column: 1 }, ...others] = places
  const lines = [...new Set(others.map(({ line }) => line))].filter((line) => line !== first.line)
  if (lines.length === 0) return { message, at: first }
  const more = lines.length - maxLinesNamed
  const named = lines.slice(0, maxLinesNamed).join(', ')
  return { message: `${message} (also in lines ${named}${more > 0 ? ` and ${more} more` : ''})`, at: first }
}
