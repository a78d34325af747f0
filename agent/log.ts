/** The agent's log: one JSON object a line on standard error, or short lines for people where that is a terminal. */
import { type Logger, pino, stdTimeFunctions } from 'pino'

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'

const names: Readonly<Record<number, string>> = { 10: 'trace', 20: 'debug', 30: 'info', 40: 'warn', 50: 'error' }

/** `12:01:07.123 warn  vnet=alice.shop link.add r1-r2 failed` */
export const readableLine = (json: string): string => {
  const { level, time, msg, err, ...fields } = JSON.parse(json) as Record<string, unknown>
  const stack = (err as { stack?: string } | undefined)?.stack
  const rest = Object.entries(fields).map(([key, value]) => `${key}=${show(value)}`)
  const clock = String(time).slice(11, 23)
  const words = [clock, (names[Number(level)] ?? String(level)).padEnd(5), msg, ...rest].filter(Boolean)
  return `${words.join(' ')}${stack ? `\n${stack}` : ''}\n`
}

const show = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

export const createLog = (level: LogLevel, stream: NodeJS.WriteStream = process.stderr): Logger => {
  const destination = stream.isTTY ? { write: (line: string) => stream.write(readableLine(line)) } : stream
  return pino({ level, base: null, timestamp: stdTimeFunctions.isoTime }, destination)
}

export const silentLog = (): Logger => pino({ level: 'silent' })
