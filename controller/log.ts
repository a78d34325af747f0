/** Structured logs on stderr, a JSON object a line; data goes to stdout alone. */
import { destination, type Logger, pino } from 'pino'

export type Log = Logger

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'

/** `role` and `name` stand in every line, for instance pip and pip1. */
export const createLog = (role: string, name: string, level: LogLevel = 'info'): Log =>
  pino({ level, base: { role, name }, timestamp: pino.stdTimeFunctions.isoTime }, destination({ fd: 2, sync: true }))
