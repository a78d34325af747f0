/** How a PIP makes certain that a host of its is off: a command, and when it is run without anybody asking. */
import { formatQuantity, lifetime } from '../description/units.ts'
import type { Reader } from './reader.ts'

/** What the schema has let through. */
export interface FencingFile {
  readonly after?: string
  readonly command: readonly string[]
  readonly timeout?: string
}

export interface Fencing {
  /** A host that is away so long is taken for dead; undefined: only where the operator says so. */
  readonly afterMs: number | undefined
  /** The program, then its arguments, with `{host}` where the name of the host goes. */
  readonly command: readonly string[]
  /** What the command may take. */
  readonly timeoutMs: number
}

/** Seconds. With less, every restart of an agent would be the end of its host. */
const afterRange = { least: 10, most: 7 * 86_400 }
/** Seconds; an operator who asks for it waits for it. */
const timeoutRange = { least: 1, most: 600 }
const defaultTimeout = '60 s'

export const readFencing = (file: FencingFile | null | undefined, reader: Reader): Fencing | undefined => {
  if (!file) return undefined
  const { after, command, timeout = defaultTimeout } = file
  const milliseconds = (key: 'after' | 'timeout', text: string, { least, most }: typeof afterRange): number => {
    const path = ['fencing', key]
    const seconds = reader.amount(lifetime, text, path)
    if (seconds > 0 && (seconds < least || seconds > most))
      reader.fail(path, `is ${text}`, `from ${formatQuantity(lifetime, least)} to ${formatQuantity(lifetime, most)}`)
    return seconds * 1000
  }
  const [program = '', ...args] = command
  if (!program.startsWith('/'))
    reader.fail(['fencing', 'command', 0], `is ${JSON.stringify(program)}`, 'an absolute path: no shell looks for it')
  if (!args.some((arg) => arg.includes('{host}')))
    reader.fail(['fencing', 'command'], 'is not told which host', 'an argument "{host}"')
  return {
    afterMs: after === undefined ? undefined : milliseconds('after', after, afterRange),
    command,
    timeoutMs: milliseconds('timeout', timeout, timeoutRange),
  }
}
