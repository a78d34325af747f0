/** What /proc tells of the interfaces of the agent's own network namespace, Dom0's: one read, no dump. proc(5) */
import { readFile } from 'node:fs/promises'
import { share } from './share.ts'

export interface InterfaceCounters {
  readonly receiveBytes: number
  readonly transmitBytes: number
}

/** Pure: /proc/net/dev has two lines of headings, then `name: ` with 8 receive and 8 transmit fields, bytes first. */
export const parseNetDev = (text: string): ReadonlyMap<string, InterfaceCounters> => {
  const interfaces = new Map<string, InterfaceCounters>()
  for (const line of text.split('\n').slice(2)) {
    const colon = line.lastIndexOf(':')
    if (colon < 0) continue
    const fields = line
      .slice(colon + 1)
      .trim()
      .split(/\s+/)
      .map(Number)
    interfaces.set(line.slice(0, colon).trim(), { receiveBytes: fields[0] ?? 0, transmitBytes: fields[8] ?? 0 })
  }
  return interfaces
}

export const readInterfaces = async (): Promise<ReadonlyMap<string, InterfaceCounters>> =>
  parseNetDev(await readFile('/proc/self/net/dev', 'utf8'))

/** Many ask at a time: they share one reading. */
export const interfaceNames: () => Promise<ReadonlySet<string>> = share(
  async () => new Set((await readInterfaces()).keys()),
)
