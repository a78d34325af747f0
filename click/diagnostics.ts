/** What the passes say about a configuration: nothing here throws but `Overflow`, the bound on what hostile text may grow to. */

/** `file:line`, as Click writes it. */
export type Landmark = string

export interface Diagnostic {
  /** A message explains the error before it ("previously declared here"). */
  readonly severity: 'error' | 'warning' | 'message'
  readonly landmark: Landmark
  /** Click's words where Click has any; without the landmark. */
  readonly text: string
}

/** Collects diagnostics, in the order in which they were found. */
export interface Diagnostics {
  readonly list: readonly Diagnostic[]
  error(landmark: Landmark, text: string): void
  warning(landmark: Landmark, text: string): void
  message(landmark: Landmark, text: string): void
}

/** A configuration with more errors than this is no configuration; the rest would only fill a terminal. */
const mostDiagnostics = 1000

export const createDiagnostics = (): Diagnostics => {
  const list: Diagnostic[] = []
  const add = (severity: Diagnostic['severity']) => (landmark: Landmark, text: string) => {
    if (list.length < mostDiagnostics) list.push({ severity, landmark, text })
    else if (list.length === mostDiagnostics) list.push({ severity: 'error', landmark, text: 'too many errors' })
  }
  return { list, error: add('error'), warning: add('warning'), message: add('message') }
}

export const hasErrors = ({ list }: Pick<Diagnostics, 'list'>): boolean =>
  list.some(({ severity }) => severity === 'error')

/** One line (more where the text has more), as Click prints it: `file:line: text`. */
export const formatDiagnostic = ({ severity, landmark, text }: Diagnostic): string => {
  const mark = severity === 'warning' ? 'warning: ' : severity === 'message' ? '  ' : ''
  return text
    .split('\n')
    .map((line, i) => `${landmark}: ${i === 0 ? mark : '  '}${line}`)
    .join('\n')
}

/** A configuration that would grow past a bound (limits.ts). The passes catch it and make it a diagnostic. */
export class Overflow extends Error {
  override readonly name = 'Overflow'
  readonly landmark: Landmark

  constructor(landmark: Landmark, message: string) {
    super(message)
    this.landmark = landmark
  }
}
