/** Frames of all kinds that a router may meet, and some that it should not. */
import { type Random, randomFrom } from './random.ts'

const bytes = (random: Random, count: number): Buffer => Buffer.from(Array.from({ length: count }, () => random(256)))

export const checksum = (data: Uint8Array): number => {
  let sum = 0
  for (let i = 0; i < data.length; i += 2) sum += ((data[i] ?? 0) << 8) + (data[i + 1] ?? 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}

const addresses = ['10.0.0.1', '10.0.0.2', '10.0.1.7', '192.168.3.4', '224.0.0.5', '255.255.255.255', '18.26.4.9']
const address = (random: Random): Buffer =>
  Buffer.from((addresses[random(addresses.length)] ?? '').split('.').map(Number))

const macs = ['00:00:c0:ae:67:ef', 'ff:ff:ff:ff:ff:ff', '01:00:5e:00:00:05', '00:00:c0:4f:71:ef', '02:11:22:33:44:55']
const mac = (random: Random): Buffer => Buffer.from((macs[random(macs.length)] ?? '').replaceAll(':', ''), 'hex')

export const ethernet = (random: Random, type: number, payload: Buffer): Buffer => {
  const header = Buffer.concat([mac(random), mac(random), Buffer.from([type >> 8, type & 255])])
  return Buffer.concat([header, payload])
}

interface IpOptions {
  readonly protocol: number
  readonly options?: Buffer
  readonly fragment?: number
  readonly badChecksum?: boolean
  readonly ttl?: number
}

const ip = (random: Random, payload: Buffer, { protocol, options = Buffer.alloc(0), ...more }: IpOptions): Buffer => {
  const header = Buffer.alloc(20 + options.length)
  header[0] = 0x40 + header.length / 4
  header[1] = random(256)
  header.writeUInt16BE(header.length + payload.length, 2)
  header.writeUInt16BE(random(65536), 4)
  header.writeUInt16BE(more.fragment ?? (random(2) ? 0x4000 : 0), 6)
  header[8] = more.ttl ?? [0, 1, 2, 64, 255][random(5)] ?? 0
  header[9] = protocol
  address(random).copy(header, 12)
  address(random).copy(header, 16)
  options.copy(header, 20)
  header.writeUInt16BE(checksum(header) ^ (more.badChecksum ? 0x1234 : 0), 10)
  return Buffer.concat([header, payload])
}

const udp = (random: Random, length: number): Buffer => {
  const data = bytes(random, 8 + length)
  data.writeUInt16BE(8 + length, 4)
  return data
}

const icmp = (random: Random, length: number): Buffer => {
  const data = bytes(random, 8 + length)
  data[0] = random(3) === 0 ? 8 : random(20)
  data[1] = random(4) === 0 ? random(4) : 0
  data.writeUInt16BE(0, 2)
  data.writeUInt16BE(checksum(data), 2)
  return data
}

const arp = (random: Random): Buffer => {
  const data = Buffer.alloc(28)
  data.writeUInt16BE(random(8) ? 1 : 6, 0)
  data.writeUInt16BE(random(8) ? 0x0800 : 0x86dd, 2)
  data[4] = 6
  data[5] = 4
  data.writeUInt16BE(1 + random(2), 6)
  mac(random).copy(data, 8)
  address(random).copy(data, 14)
  mac(random).copy(data, 18)
  address(random).copy(data, 24)
  return data
}

const tag = (random: Random, frame: Buffer, type = 0x8100): Buffer =>
  Buffer.concat([
    frame.subarray(0, 12),
    Buffer.from([type >> 8, type & 255, random(256), random(256)]),
    frame.subarray(12),
  ])

type Kind = (random: Random) => Buffer
const size = (random: Random): number => [0, 1, 18, 26, 100, 512, 1472][random(7)] ?? 0

const kinds: readonly Kind[] = [
  (r) => ethernet(r, 0x0800, ip(r, bytes(r, 20 + size(r)), { protocol: 6 })),
  (r) => ethernet(r, 0x0800, ip(r, udp(r, size(r)), { protocol: 17 })),
  (r) => ethernet(r, 0x0800, ip(r, icmp(r, size(r)), { protocol: 1 })),
  (r) => ethernet(r, 0x0800, ip(r, icmp(r, 3 + size(r)), { protocol: 1, options: bytes(r, 4 * (1 + r(10))) })),
  (r) => ethernet(r, 0x0800, ip(r, udp(r, size(r)), { protocol: 17, options: bytes(r, 40) })),
  (r) => ethernet(r, 0x0800, ip(r, udp(r, size(r)), { protocol: 17, fragment: 0x2000 })),
  (r) => ethernet(r, 0x0800, ip(r, bytes(r, 64), { protocol: 17, fragment: 8 + r(100) })),
  (r) => ethernet(r, 0x0800, ip(r, udp(r, size(r)), { protocol: 17, badChecksum: true })),
  // Padded, as short packets are on Ethernet.
  (r) => ethernet(r, 0x0800, Buffer.concat([ip(r, udp(r, r(10)), { protocol: 17 }), bytes(r, 18)])),
  (r) => ethernet(r, 0x0806, arp(r)),
  (r) => ethernet(r, 0x0806, Buffer.concat([arp(r), Buffer.alloc(18)])),
  (r) => ethernet(r, 0x86dd, Buffer.concat([Buffer.from([0x60, 0, 0, 0, 0, 40, 17, 64]), bytes(r, 32 + 40)])),
  (r) => tag(r, ethernet(r, 0x0800, ip(r, udp(r, 40), { protocol: 17 }))),
  (r) => tag(r, tag(r, ethernet(r, 0x0800, ip(r, udp(r, 40), { protocol: 17 }))), 0x88a8),
  (r) => tag(r, ethernet(r, 0x0806, arp(r))),
  (r) => ethernet(r, r(65536) | 0x0600, bytes(r, size(r))),
  // Cut anywhere behind the Ethernet header.
  (r) => {
    const whole = ethernet(r, 0x0800, ip(r, udp(r, 20), { protocol: 17 }))
    return whole.subarray(0, 14 + r(whole.length - 14))
  },
  (r) => {
    const packet = ip(r, udp(r, 20), { protocol: 17 })
    packet[0] = r(256)
    packet.writeUInt16BE(r(80), 2)
    return ethernet(r, 0x0800, packet)
  },
]

const lengths = [14, 15, 33, 34, 64, 128, 1514, 2000, 4000, 9000]

/** The same for a seed: `rounds` of every kind, and lengths from 14 to 9000 bytes. */
export const generateFrames = (seed: number, rounds: number): readonly Buffer[] => {
  const random = randomFrom(seed)
  const frames = Array.from({ length: rounds }, () => kinds.map((kind) => kind(random))).flat()
  const sized = lengths.map((length) =>
    length < 42
      ? ethernet(random, 0x0800, bytes(random, length - 14))
      : ethernet(random, 0x0800, ip(random, udp(random, length - 42), { protocol: 17, ttl: 64 })),
  )
  return [...frames, ...sized]
}
