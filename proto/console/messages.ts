/**
 * What goes over a console's WebSocket beside its bytes: binary messages are bytes of the terminal, text messages are these, in JSON.
 * docs/console.md has them for people. Messages that a reader does not know are passed over.
 */

/** From the node's side. */
export type ConsoleNotice =
  /** How many bytes the console had written before the first one that follows: where to go on after being cut off. */
  | { readonly type: 'position'; readonly position: number }
  /** What was kept has been sent; what follows comes as it is written. */
  | { readonly type: 'live' }
  /** Whether what is typed arrives: one types at a time, the next in line is told when it is its turn. */
  | { readonly type: 'writer'; readonly granted: boolean }
  /** Whether the node runs; the console of one that does not goes on when it is started again. */
  | { readonly type: 'running'; readonly running: boolean }
  /** So many bytes are left out here: they were written faster than they could be sent. */
  | { readonly type: 'skipped'; readonly bytes: number }
  /** The next role cannot be reached by its ticket; the connection is closed, and may be tried again. */
  | { readonly type: 'failed'; readonly code: string; readonly message: string }
  /** There is no such console any more; the connection is closed. */
  | { readonly type: 'ended'; readonly reason: string }

/** From whoever watches. */
export type ConsoleWish = { readonly type: 'resize'; readonly columns: number; readonly rows: number }

const isSize = (value: unknown): value is number =>
  Number.isInteger(value) && Number(value) > 0 && Number(value) < 10_000

const parse = (text: string): Readonly<Record<string, unknown>> | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

/** undefined: not one of ours. */
export const parseWish = (text: string): ConsoleWish | undefined => {
  const { type, columns, rows } = parse(text) ?? {}
  return type === 'resize' && isSize(columns) && isSize(rows) ? { type, columns, rows } : undefined
}

/** undefined: not one of ours. */
export const parseNotice = (text: string): ConsoleNotice | undefined => {
  const { type, ...rest } = parse(text) ?? {}
  switch (type) {
    case 'position':
      return Number.isSafeInteger(rest['position']) ? { type, position: Number(rest['position']) } : undefined
    case 'live':
      return { type }
    case 'writer':
      return { type, granted: rest['granted'] === true }
    case 'running':
      return { type, running: rest['running'] === true }
    case 'skipped':
      return Number.isSafeInteger(rest['bytes']) ? { type, bytes: Number(rest['bytes']) } : undefined
    case 'failed':
      return { type, code: String(rest['code'] ?? ''), message: String(rest['message'] ?? '') }
    case 'ended':
      return { type, reason: String(rest['reason'] ?? '') }
    default:
      return undefined
  }
}
