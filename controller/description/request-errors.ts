/** The errors of one request, collected: a person mends all of them at once. */
import { type ErrorCode, WeftError } from '../../proto/errors.ts'
import { maxErrors } from './limits.ts'

/** What parseRequest throws, and nothing else: every error found, in the order of the file, at most `maxErrors` of them. */
export class RequestErrors extends Error {
  override readonly name = 'RequestErrors'
  readonly errors: readonly WeftError[]
  /** How many more there were. */
  readonly omitted: number

  constructor(errors: readonly WeftError[], omitted = 0) {
    const [first] = errors
    const others = errors.length - 1 + omitted
    const where = first?.where ? `${first.where}: ` : ''
    super(`${where}${first?.message ?? 'no error'}${others > 0 ? ` (and ${others} more)` : ''}`)
    this.errors = errors
    this.omitted = omitted
  }
}

/** A line (from 1) and column (from 1; 0: unknown) of a file. */
export interface Position {
  readonly line: number
  readonly column: number
}

export interface Problem {
  readonly code?: ErrorCode | undefined
  readonly message: string
  readonly object?: string | undefined
  readonly hint?: string | undefined
  readonly at?: Position | undefined
  /** Another file than the request's. */
  readonly file?: string | undefined
}

export interface Report {
  /** Of one place only the first is kept: what follows from an error there says nothing new. */
  add(problem: Problem): void
  /** Whether something about the object was reported. */
  blames(object: string): boolean
  readonly count: number
  /** Throws RequestErrors where something was reported. */
  finish(): void
  /** Reports it, unless something was reported before, and throws RequestErrors. */
  fail(problem: Problem): never
}

export const createReport = (file: string): Report => {
  const problems: Problem[] = []
  const places = new Set<string>()
  const objects = new Set<string>()
  let omitted = 0

  const where = ({ at, file: other }: Problem): string => {
    if (!at) return other ?? file
    return `${other ?? file}:${at.line}${at.column > 0 ? `:${at.column}` : ''}`
  }

  const add = (problem: Problem): void => {
    objects.add(problem.object ?? '')
    if (problem.at && problem.at.column > 0) {
      const place = where(problem)
      if (places.has(place)) return
      places.add(place)
    }
    if (problems.length < maxErrors) problems.push(problem)
    else omitted++
  }

  const errors = (): RequestErrors => {
    const inOrder = problems.toSorted(
      (a, b) => (a.at?.line ?? 0) - (b.at?.line ?? 0) || (a.at?.column ?? 0) - (b.at?.column ?? 0),
    )
    return new RequestErrors(
      inOrder.map((problem) => {
        const { code = 'request.invalid', message, object, hint } = problem
        return new WeftError(code, message, { object, hint, where: where(problem) })
      }),
      omitted,
    )
  }

  return {
    add,
    blames: (object) => objects.has(object),
    get count() {
      return problems.length
    },
    finish() {
      if (problems.length > 0) throw errors()
    },
    fail(problem) {
      if (problems.length === 0) add(problem)
      throw errors()
    },
  }
}

/** A text of unknown origin for a message: on one line, printable, bounded. */
export const quote = (text: string): string => {
  const shown = text.length > 60 ? `${text.slice(0, 57)}…` : text
  return JSON.stringify(shown).replace(/[\u007f-\u009f\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16)}`)
}
