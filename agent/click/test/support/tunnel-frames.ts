/** Frames of tunnels, right and wrong ones, with frames of all kinds within: the same for the same seed. */
import { generateFrames } from './frames.ts'
import { bytes, ethernet, ip, pick, tag } from './packets.ts'
import { type Random, randomFrom } from './random.ts'

const peers = { source: '192.0.2.1', destination: '192.0.2.2', ttl: 64, fragment: 0x4000 } as const

const vxlan = (random: Random, inner: Buffer): Buffer => {
  const header = Buffer.alloc(16)
  header.writeUInt16BE(50_000 + random(1000), 0)
  header.writeUInt16BE(pick(random, [4789, 4789, 4789, 4790]), 2)
  header.writeUInt16BE((16 + inner.length) & 0xffff, 4)
  header[8] = pick(random, [8, 8, 8, 0, 0xff])
  header.writeUIntBE(pick(random, [5, 5, 0x123456, 6]), 12, 3)
  header[15] = pick(random, [0, 0, 7])
  return Buffer.concat([header, inner])
}

const gre = (random: Random, inner: Buffer): Buffer => {
  const flags = pick(random, [0, 0, 0x2000, 0x2000, 0x8000, 0x1000, 0x2001, 0x3000])
  const header = Buffer.alloc(flags === 0 ? 4 : 8)
  header.writeUInt16BE(flags, 0)
  header.writeUInt16BE(pick(random, [0x6558, 0x6558, 0x0800]), 2)
  if (header.length > 4) header.writeUInt32BE(pick(random, [77, 77, 78]), 4)
  const within = header.readUInt16BE(2) === 0x6558 ? inner : inner.subarray(14)
  return Buffer.concat([header, within])
}

const mpls = (random: Random, inner: Buffer): Buffer => {
  const entry = Buffer.alloc(4)
  const label = pick(random, [100, 100, 101, 0xfffff])
  entry.writeUInt32BE(((label << 12) | (random(8) << 9) | (pick(random, [1, 1, 0]) << 8) | random(256)) >>> 0)
  return Buffer.concat([entry, inner])
}

const inIp = (random: Random, protocol: number, payload: Buffer): Buffer => {
  const odd = random(8)
  const fields = {
    ...peers,
    protocol,
    ...(odd === 0 ? { options: bytes(random, 4) } : {}),
    ...(odd === 1 ? { fragment: pick(random, [0x2000, 3]) } : {}),
    ...(odd === 2 ? { source: '192.0.2.9' } : {}),
    ...(odd === 3 ? { destination: '192.0.2.9' } : {}),
  }
  const packet = ethernet(random, 0x0800, ip(random, fields, payload))
  return random(8) === 0 ? packet.subarray(0, 14 + random(packet.length - 14)) : packet
}

export const generateTunnelFrames = (seed: number, rounds: number): readonly Buffer[] => {
  const random = randomFrom(seed)
  return generateFrames(seed, rounds)
    .filter(({ length }) => length <= 2000)
    .flatMap((inner): readonly Buffer[] => {
      switch (random(7)) {
        case 0:
        case 1:
          return [inIp(random, 17, vxlan(random, inner))]
        case 2:
          return [inIp(random, 47, gre(random, inner))]
        case 3:
          return [
            inIp(
              random,
              97,
              Buffer.concat([
                Buffer.from(
                  pick(random, [
                    [0x30, 0],
                    [0x30, 0],
                    [0x31, 0],
                    [0x20, 0],
                  ]),
                ),
                inner,
              ]),
            ),
          ]
        case 4:
          return [inIp(random, 4, inner.subarray(14))]
        case 5:
          return [ethernet(random, 0x8847, mpls(random, inner))]
        default:
          return [tag(random, random(2) ? tag(random, inner, 0x8100, 9) : inner, pick(random, [0x8100, 0x88a8]), 7)]
      }
    })
}
