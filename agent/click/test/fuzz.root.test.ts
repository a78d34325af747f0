/**
 * What compiles the kernel takes, and no packet brings it down. WEFT_FUZZ_ROUNDS and WEFT_FUZZ_SEED make it longer and other:
 *
 *     WEFT_FUZZ_ROUNDS=5000 WEFT_FUZZ_SEED=1000 node agent/click/test/fuzz.root.test.ts
 */
import t from 'tap'
import type { Graph } from '../../../click/graph.ts'
import { missing } from '../../ebpf/features.ts'
import { runOnPackets } from '../run/run.ts'
import { generateFrames } from './support/frames.ts'
import { compileFuzzed, isAnswer, mutatedConfiguration, randomConfiguration } from './support/fuzz.ts'
import { pick } from './support/packets.ts'
import { randomFrom } from './support/random.ts'

t.setTimeout(7_200_000)
const skip = missing('bpf')?.message ?? false
const rounds = Number(process.env.WEFT_FUZZ_ROUNDS ?? 40)
const firstSeed = Number(process.env.WEFT_FUZZ_SEED ?? 1)
const frames = generateFrames(firstSeed, 2)

/** Some frames as they are, some with bytes changed or cut off. */
const packetsOf = (seed: number) => {
  const random = randomFrom(seed)
  return Array.from({ length: 12 }, (_, i) => {
    const frame = Buffer.from(pick(random, frames))
    for (let changes = random(3) ? 0 : random(8); changes > 0; changes--) frame[random(frame.length)] = random(256)
    const bytes = frame.subarray(0, random(6) ? frame.length : 14 + random(frame.length - 13))
    return { timestampNs: BigInt(i), bytes, originalBytes: bytes.length }
  })
}

const devices = ({ elements }: Graph): readonly string[] =>
  elements.flatMap(({ class: name, configuration }) =>
    name === 'FromDevice' || name === 'FromHost' ? [/^(?:DEVNAME )?([a-z]+)/.exec(configuration)?.[1] ?? ''] : [],
  )

for (const [kind, make] of Object.entries({ random: randomConfiguration, changed: mutatedConfiguration })) {
  t.test(`${kind} configurations that compile are loaded, and packets run through them`, { skip }, async (t) => {
    let ran = 0
    for (let seed = firstSeed; seed < firstSeed + rounds; seed++) {
      const text = make(seed)
      try {
        const graph = compileFuzzed(text)
        const inputs = graph ? devices(graph).map((device) => ({ device, packets: packetsOf(seed) })) : []
        if (!graph || inputs.length === 0) continue
        const counters = graph.elements.filter(({ class: name }) => name === 'Counter')
        await runOnPackets(
          graph,
          inputs,
          counters.map(({ name }) => `${name}.count`),
        )
        ran++
      } catch (error) {
        if (!isAnswer(error)) t.fail(`seed ${seed}: ${error}`, { text })
      }
    }
    t.ok(ran > 0, `${ran} of ${rounds} ran`)
  })
}
