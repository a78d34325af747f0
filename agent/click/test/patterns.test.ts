/** The two readings of the pattern language, that of the compiler and that of the reference, say the same of packets. */
import t from 'tap'
import { isRefusal } from '../../../click/arguments/types.ts'
import { type Decision, decide } from '../../../click/filters/decision.ts'
import { pattern } from '../../../click/filters/rules.ts'
import { type ReferencePacket, receive } from './reference/packet.ts'
import { PatternError, patternTest } from './reference/pattern.ts'
import type { Test } from './reference/pattern-tests.ts'
import { generateFrames } from './support/frames.ts'
import { randomPattern } from './support/patterns.ts'
import { randomFrom } from './support/random.ts'

const packets = generateFrames(7, 6)
  .filter((frame) => frame.length >= 34 && (frame[14] ?? 0) >> 4 === 4 && ((frame[14] ?? 0) & 15) >= 5)
  .map((frame): ReferencePacket => {
    const packet = receive(frame)
    const network = packet.start + 14
    return { ...packet, network, transport: network + ((frame[14] ?? 0) & 15) * 4 }
  })

const decideOn = (decision: Decision, { buffer, mac, network, transport, end }: ReferencePacket): boolean =>
  decide(decision, (base, offset) => {
    const at = { data: mac, ethernet: mac, network, transport }[base] + offset
    return at < end ? buffer[at] : undefined
  })

/** undefined: it is no pattern. */
const readIndependently = (text: string): Test | undefined => {
  try {
    return patternTest(text)
  } catch (error) {
    if (error instanceof PatternError) return undefined
    throw error
  }
}

t.test('random patterns match the packets that the manual says they match', async (t) => {
  const random = randomFrom(Number(process.env.WEFT_FUZZ_SEED ?? 20))
  const rounds = Number(process.env.WEFT_FUZZ_ROUNDS ?? 3000)
  const counts = { refused: 0, match: 0, other: 0 }
  for (let round = 0; round < rounds; round++) {
    const text = randomPattern(random)
    const read = pattern.parse(text)
    const test = readIndependently(text)
    if (isRefusal(read) || !test) {
      counts.refused++
      if (isRefusal(read) !== !test) t.fail(`'${text}': ${isRefusal(read) ? read.refused : 'ought to be refused'}`)
      continue
    }
    const differing = packets.find((packet) => {
      const wanted = test(packet)
      counts[wanted ? 'match' : 'other']++
      return wanted !== undefined && wanted !== decideOn(read.decision, packet)
    })
    if (differing) {
      const bytes = differing.buffer.subarray(differing.start, differing.end)
      t.fail(`'${text}' ought to be ${test(differing)}, of ${bytes.toString('hex').slice(0, 160)}`)
    }
  }
  t.ok(counts.refused < rounds / 20, `${counts.refused} of ${rounds} patterns are refused`)
  t.ok(counts.match > counts.other / 20 && counts.other > counts.match / 20, JSON.stringify(counts))
})
