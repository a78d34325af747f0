/** Hostile texts and captures: each is compiled, or refused with its reason. WEFT_FUZZ_ROUNDS and WEFT_FUZZ_SEED make it longer and other. */
import t, { type Test } from 'tap'
import { PcapError, readPcap, writePcap } from '../pcap.ts'
import { compileFuzzed, mutatedConfiguration, randomConfiguration } from './support/fuzz.ts'
import { bytes } from './support/packets.ts'
import { randomFrom } from './support/random.ts'

t.setTimeout(3_600_000)
const rounds = Number(process.env.WEFT_FUZZ_ROUNDS ?? 400)
const firstSeed = Number(process.env.WEFT_FUZZ_SEED ?? 1)

const fuzz = (t: Test, make: (seed: number) => string): number => {
  let compiled = 0
  for (let seed = firstSeed; seed < firstSeed + rounds; seed++) {
    const text = make(seed)
    try {
      if (compileFuzzed(text)) compiled++
    } catch (error) {
      t.fail(`seed ${seed}: ${error}`, { text, trace: (error as Error).stack })
    }
  }
  return compiled
}

t.test('random configurations are compiled, or refused with a reason', async (t) => {
  const compiled = fuzz(t, randomConfiguration)
  t.ok(compiled > rounds / 10, `${compiled} of ${rounds} compiled`)
})

t.test('changed configurations are compiled, or refused with a reason', async (t) => {
  const compiled = fuzz(t, mutatedConfiguration)
  t.ok(compiled > rounds / 50 && compiled < rounds, `${compiled} of ${rounds} compiled`)
})

t.test('changed captures are read, or refused with a reason', async (t) => {
  const random = randomFrom(firstSeed)
  const packets = Array.from({ length: 5 }, (_, i) => {
    const data = bytes(random, random(100))
    return { timestampNs: BigInt(i), bytes: data, originalBytes: data.length }
  })
  const file = writePcap({ linkType: 1, packets })
  let read = 0
  for (let round = 0; round < 20 * rounds; round++) {
    const changed = Buffer.from(file.subarray(0, random(4) ? file.length : random(file.length + 1)))
    for (let changes = random(6); changes > 0 && changed.length > 0; changes--)
      changed[random(changed.length)] = random(256)
    try {
      for (const packet of readPcap(changed).packets)
        if (packet.bytes.length > changed.length) t.fail('more than the file has')
      read++
    } catch (error) {
      if (!(error instanceof PcapError)) t.fail(`round ${round}: ${error}`, { file: changed.toString('hex') })
    }
  }
  t.ok(read > 0 && read < 20 * rounds, `${read} of ${20 * rounds} were read`)
})
