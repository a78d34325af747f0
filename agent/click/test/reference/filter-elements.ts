/** IPClassifier and IPFilter: the language's own definition of a decision, on the packet's bytes. */

import { isRefusal } from '../../../../click/arguments/types.ts'
import { type Decision, decide } from '../../../../click/filters/decision.ts'
import { pattern, rule } from '../../../../click/filters/rules.ts'
import type { Make } from './elements.ts'
import type { ReferencePacket } from './packet.ts'

const known = <T>(value: T | { readonly refused: string }): T => {
  if (isRefusal(value)) throw new Error(value.refused)
  return value as T
}

const holds = (decision: Decision, packet: ReferencePacket): boolean =>
  decide(decision, (base, offset) => {
    const transport = packet.network + ((packet.buffer[packet.network] ?? 0) & 15) * 4
    const start = { data: packet.start, ethernet: packet.mac, network: packet.network, transport }[base]
    return start + offset < packet.end ? packet.buffer[start + offset] : undefined
  })

export const filterElements: Readonly<Record<string, Make>> = {
  IPClassifier: ({ arguments: given, output }) => {
    const patterns = given.map((text) => known(pattern.parse(text)))
    const push = (packet: ReferencePacket): void => {
      const port = patterns.findIndex(({ decision }) => holds(decision, packet))
      if (port >= 0) output(port, packet)
    }
    return { push, handlers: {} }
  },
  IPFilter: ({ arguments: given, output }) => {
    const rules = given.map((text) => known(rule.parse(text)))
    const push = (packet: ReferencePacket): void => {
      const found = rules.find(({ decision }) => holds(decision, packet))
      if (found && found.action !== 'drop') output(found.action, packet)
    }
    return { push, handlers: {} }
  },
}
