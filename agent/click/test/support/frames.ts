/** Frames of all kinds that a router may meet, and some that it should not: the same for the same seed. */
import { arp, bytes, ethernet, icmp, ip, pick, tag, tcp, udp } from './packets.ts'
import { type Random, randomFrom } from './random.ts'

type Kind = (random: Random) => Buffer

const size = (random: Random): number => pick(random, [0, 1, 18, 26, 100, 512, 1400])
const inIp = (random: Random, ...of: readonly [Parameters<typeof ip>[1], Parameters<typeof ip>[2]]): Buffer =>
  ethernet(random, 0x0800, ip(random, ...of))

/** Options as they are filled up to words: with an end, or without. */
const padded = (random: Random, options: readonly number[]): Buffer => {
  const filled = [...options, ...Array.from({ length: (4 - (options.length % 4)) % 4 }, () => random(2))]
  return Buffer.from(filled)
}

const hop = (random: Random): readonly number[] =>
  pick(random, [
    [10, 0, 0, 1],
    [10, 0, 1, 1],
    [128, 4, 45, random(256)],
  ])
const hops = (random: Random, count: number): number[] => Array.from({ length: count }, () => hop(random)).flat()

const recordRoute = (random: Random): number[] => {
  const slots = 1 + random(4)
  const size = 3 + 4 * slots
  // Before, at and behind the places that there are; now and then at none.
  const pointer = pick(random, [4, 4 + 4 * random(slots), size + 1, size + 1, random(50)])
  return [7, size, pointer, ...hops(random, slots)]
}

const timestamps = (random: Random): number[] => {
  const flag = pick(random, [0, 0, 1, 1, 3, 3, 2])
  const slots = 1 + random(flag === 0 ? 6 : 3)
  const size = 4 + slots * (flag === 0 ? 4 : 8)
  const step = flag === 0 ? 4 : 8
  const pointer = pick(random, [5, 5 + step * random(slots), size + 1, size + 1, random(42)])
  const overflow = pick(random, [0, 0, 14, 15])
  return [68, size, pointer, (overflow << 4) | flag, ...hops(random, (size - 4) / 4)]
}

const sourceRoute = (random: Random): number[] => {
  const slots = 1 + random(4)
  return [
    pick(random, [131, 137]),
    3 + 4 * slots,
    pick(random, [4, 4 + 4 * random(slots + 1), 3]),
    ...hops(random, slots),
  ]
}

const optionKinds: readonly ((random: Random) => readonly number[])[] = [
  recordRoute,
  timestamps,
  sourceRoute,
  (r) => [1, 1, 1, ...recordRoute(r)],
  (r) => [1, ...timestamps(r)],
  (r) => [148, 4, 0, 0, ...recordRoute(r)],
  // One that is wrong, alone and behind a right one.
  (r) => [7, pick(r, [0, 1, 2, 39]), 4, 0],
  (r) => [7, 7, 4, 0, 0, 0, 0, 68, pick(r, [1, 2, 60])],
  () => [0, 7, 7, 4],
]

const withOptions = (random: Random): Buffer => padded(random, pick(random, optionKinds)(random)).subarray(0, 40)

const kinds: readonly Kind[] = [
  (r) => inIp(r, { protocol: 6 }, tcp(r, size(r))),
  (r) => inIp(r, { protocol: 6 }, tcp(r, size(r), pick(r, [2, 18, 16, 4, 17]))),
  (r) => inIp(r, { protocol: 6, ttl: 64 }, bytes(r, 20 + size(r))),
  (r) => inIp(r, { protocol: 17 }, udp(r, size(r))),
  (r) => inIp(r, { protocol: 17, ttl: 64, source: '192.168.3.4', destination: '10.0.1.7' }, udp(r, size(r))),
  (r) => inIp(r, { protocol: 17 }, udp(r, size(r), 'none')),
  (r) => inIp(r, { protocol: 17 }, udp(r, size(r), 'random')),
  (r) => inIp(r, { protocol: pick(r, [2, 4, 47, 89, r(256)]) }, bytes(r, size(r))),
  // Echo requests, to be answered.
  (r) => inIp(r, { protocol: 1, ttl: 64, destination: '10.0.0.1' }, icmp(8, 0, bytes(r, 4 + size(r)))),
  (r) => inIp(r, { protocol: 1 }, icmp(8, r(2), Buffer.alloc(4 + size(r)))),
  (r) => inIp(r, { protocol: 1, error: 0x100 }, bytes(r, 8 + size(r))),
  (r) => inIp(r, { protocol: 1 }, icmp(r(20), r(4), bytes(r, 4 + size(r)))),
  // Errors, about which there is none.
  (r) => inIp(r, { protocol: 1, ttl: 1 }, icmp(pick(r, [3, 4, 5, 11, 12]), r(4), bytes(r, 32))),
  (r) => inIp(r, { protocol: 1 }, bytes(r, r(8))),
  (r) => inIp(r, { protocol: 1, options: bytes(r, 4 * (1 + r(10))) }, icmp(8, 0, bytes(r, 7 + size(r)))),
  (r) => inIp(r, { protocol: 17, options: bytes(r, 40) }, udp(r, size(r))),
  (r) => inIp(r, { protocol: 17, options: withOptions(r) }, udp(r, size(r))),
  (r) => inIp(r, { protocol: 6, ttl: 64, options: withOptions(r) }, tcp(r, size(r))),
  (r) => inIp(r, { protocol: 1, ttl: 64, options: padded(r, recordRoute(r)) }, icmp(8, 0, bytes(r, 12))),
  (r) => inIp(r, { protocol: 17, ttl: 64, options: padded(r, timestamps(r)) }, udp(r, 20)),
  (r) => inIp(r, { protocol: 17, ttl: 1, options: padded(r, sourceRoute(r)), source: '18.26.4.9' }, udp(r, 20)),
  // Fragments: the first, with and without more to come, and later ones.
  (r) => inIp(r, { protocol: 17, fragment: 0x2000 }, udp(r, size(r))),
  (r) => inIp(r, { protocol: 6, fragment: 0x2000 }, tcp(r, size(r))),
  (r) => inIp(r, { protocol: 17, fragment: 8 + r(100) }, bytes(r, 64)),
  (r) => inIp(r, { protocol: 1, fragment: 0x2000 | (1 + r(0x1fff)) }, bytes(r, 64)),
  (r) => inIp(r, { protocol: 17, error: 0x1234 }, udp(r, size(r))),
  (r) => inIp(r, { protocol: 6, error: 1 + r(0xfffe), ttl: 64 }, tcp(r, size(r))),
  // Padded, as short packets are on Ethernet.
  (r) => ethernet(r, 0x0800, Buffer.concat([ip(r, { protocol: 17 }, udp(r, r(10))), bytes(r, 18)])),
  (r) => ethernet(r, 0x0806, arp(r)),
  (r) => ethernet(r, 0x0806, Buffer.concat([arp(r, { operation: 1, target: '10.0.0.1' }), Buffer.alloc(18)])),
  (r) => ethernet(r, 0x0806, arp(r, { operation: 1 })),
  (r) => ethernet(r, 0x0806, arp(r, { operation: 2, sender: '10.0.0.2', senderEther: '02:11:22:33:44:55' })),
  (r) => ethernet(r, 0x0806, arp(r, { hardware: pick(r, [1, 6]), protocol: pick(r, [0x0800, 0x86dd]) })),
  (r) => ethernet(r, 0x0806, arp(r).subarray(0, r(28))),
  (r) => ethernet(r, 0x86dd, ipv6(r, 17, bytes(r, 40))),
  (r) => ethernet(r, 0x86dd, ipv6(r, 6, bytes(r, 20 + size(r)))),
  (r) => ethernet(r, 0x86dd, ipv6(r, 58, bytes(r, 8)).subarray(0, r(48))),
  (r) => tag(r, inIp(r, { protocol: 17 }, udp(r, 40))),
  (r) => tag(r, inIp(r, { protocol: 17 }, udp(r, 40)), 0x8100, pick(r, [0, 5, 0xe007])),
  (r) => tag(r, tag(r, inIp(r, { protocol: 17 }, udp(r, 40))), 0x88a8),
  (r) => tag(r, ethernet(r, 0x0806, arp(r))),
  // IP in IP.
  (r) => inIp(r, { protocol: 4, ttl: 64 }, ip(r, { protocol: 17 }, udp(r, size(r)))),
  (r) => ethernet(r, r(65536) | 0x0600, bytes(r, size(r))),
  // Cut anywhere behind the Ethernet header.
  (r) => cut(r, inIp(r, { protocol: 17 }, udp(r, 20))),
  (r) => cut(r, inIp(r, { protocol: 6, options: bytes(r, 8) }, tcp(r, 20))),
  // Headers that say what is not so.
  (r) => {
    const packet = ip(r, { protocol: 17 }, udp(r, 20))
    packet[0] = r(256)
    packet.writeUInt16BE(r(80), 2)
    return ethernet(r, 0x0800, packet)
  },
  (r) => {
    const packet = ip(r, { protocol: 6, ttl: 64 }, tcp(r, 60))
    packet[0] = 0x40 + r(16)
    return ethernet(r, 0x0800, packet)
  },
]

const ipv6 = (random: Random, next: number, payload: Buffer): Buffer =>
  Buffer.concat([
    Buffer.from([0x60, 0, 0, 0, payload.length >> 8, payload.length & 255, next, 64]),
    bytes(random, 32),
    payload,
  ])

const cut = (random: Random, frame: Buffer): Buffer => frame.subarray(0, 14 + random(frame.length - 14))

const lengths = [14, 15, 33, 34, 35, 42, 60, 64, 65, 127, 128, 1500, 1514, 1515, 2000, 4000, 4111, 9000]

const ofLength = (random: Random, length: number): Buffer =>
  length < 42
    ? ethernet(random, 0x0800, bytes(random, length - 14))
    : inIp(random, { protocol: 17, ttl: 64 }, udp(random, length - 42))

/** `rounds` of every kind, and lengths from 14 to 9000 bytes. */
export const generateFrames = (seed: number, rounds: number): readonly Buffer[] => {
  const random = randomFrom(seed)
  const frames = Array.from({ length: rounds }, () => kinds.map((kind) => kind(random))).flat()
  return [...frames, ...lengths.map((length) => ofLength(random, length))]
}

/** IP packets to neighbours, and the replies of some of these, late and early: for ARPQuerier. */
export const conversation = (seed: number, count: number): readonly Buffer[] => {
  const random = randomFrom(seed)
  const neighbours = ['10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.77']
  const etherOf = (address: string): string => `02:00:00:00:00:${address.split('.')[3]?.padStart(2, '0')}`
  const kinds: readonly Kind[] = [
    (r) => inIp(r, { protocol: 17, ttl: 64, destination: pick(r, neighbours) }, udp(r, size(r))),
    (r) => inIp(r, { protocol: 6, ttl: 64, destination: pick(r, neighbours) }, tcp(r, size(r))),
    (r) =>
      inIp(
        r,
        { protocol: 17, ttl: 64, destination: pick(r, ['10.0.0.255', '255.255.255.255', '224.1.130.5', '0.0.0.0']) },
        udp(r, 9),
      ),
    (r) => {
      const sender = pick(r, neighbours.slice(0, 3))
      return ethernet(r, 0x0806, arp(r, { operation: 2, sender, senderEther: etherOf(sender), target: '10.0.0.1' }))
    },
    (r) => ethernet(r, 0x0806, arp(r, { operation: 1, sender: pick(r, neighbours) })),
    (r) => ethernet(r, 0x0806, arp(r, { operation: 2, sender: '10.0.0.9', senderEther: '03:00:00:00:00:09' })),
    (r) => ethernet(r, 0x0806, arp(r, { operation: 2, hardware: 6 })),
    (r) => ethernet(r, 0x0806, arp(r, { operation: 2 }).subarray(0, 27)),
  ]
  const weights = [0, 0, 0, 0, 1, 1, 2, 3, 3, 4, 5, 6, 7]
  return Array.from({ length: count }, () => {
    const kind = kinds[pick(random, weights)]
    return kind ? kind(random) : Buffer.alloc(14)
  })
}
