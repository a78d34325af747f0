/** What was thrown, for people: `error: MESSAGE [code] (object) at file:line`, and what would be right. */
import { WeftError } from '../../proto/errors.ts'
import { paint, printable } from './terminal.ts'
import { UsageError } from './usage-error.ts'

export interface Rendering {
  readonly colour: boolean
  /** With the stack of what has no code of ours. */
  readonly verbose: boolean
}

/** Several errors of one input stand in `errors` (AggregateError, RequestErrors), with how many were left out, or in `more`. */
const several = (thrown: unknown): { readonly errors: readonly unknown[]; readonly omitted: number } => {
  const {
    errors,
    omitted = 0,
    more = [],
  } = (thrown ?? {}) as { errors?: unknown; omitted?: number; more?: readonly unknown[] }
  if (Array.isArray(errors) && errors.length > 0) return { errors, omitted }
  return { errors: [thrown, ...more], omitted: 0 }
}

/** Lines, each with its end. */
export const renderError = (thrown: unknown, rendering: Rendering): string => {
  const { errors, omitted } = several(thrown)
  const lines = errors.map((error) => renderOne(error, rendering))
  if (omitted > 0) lines.push(`and ${omitted} more error${omitted === 1 ? '' : 's'}\n`)
  return lines.join('')
}

const renderOne = (error: unknown, { colour, verbose }: Rendering): string => {
  const label = paint('error:', 'bad', colour)
  if (error instanceof WeftError) {
    const object = error.object ? ` (${error.object})` : ''
    const where = error.where ? ` at ${error.where}` : ''
    return `${label} ${printable(`${error.message} [${error.code}]${object}${where}`)}\n${hintLine(error.hint, colour)}`
  }
  if (error instanceof UsageError) return `${label} ${printable(error.message)}\n${hintLine(error.hint, colour)}`
  const message = error instanceof Error ? error.message : String(error)
  const { code, syscall } = (error ?? {}) as NodeJS.ErrnoException
  // The system's own words are no defect of ours: `EACCES: permission denied, mkdir '/run/weft'`.
  if (typeof code === 'string' && (syscall !== undefined || code === 'EADDRINUSE')) {
    return `${label} ${printable(`${message} [${code}]`)}\n`
  }
  const stack = verbose && error instanceof Error && error.stack ? `${error.stack}\n` : ''
  return `${label} ${printable(message)} [internal]\n${stack || hintLine('-v prints where it came from', colour)}`
}

const hintLine = (hint: string, colour: boolean): string =>
  hint === '' ? '' : `${paint('hint:', 'faint', colour)} ${printable(hint)}\n`
