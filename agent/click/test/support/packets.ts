/** Packets, header by header. What a field is not given is random; checksums are right where nothing else is said. */
import type { Random } from './random.ts'

export const bytes = (random: Random, count: number): Buffer =>
  Buffer.from(Array.from({ length: count }, () => random(256)))

export const pick = <T>(random: Random, from: readonly T[]): T => from[random(from.length)] as T

export const checksum = (...parts: readonly Uint8Array[]): number => {
  let sum = 0
  for (const data of parts) {
    for (let i = 0; i < data.length; i += 2) sum += ((data[i] ?? 0) << 8) + (data[i + 1] ?? 0)
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}

/** Own ones of the tests' routers, neighbours' and others'; some that no packet should have. */
export const addresses = [
  ...['10.0.0.1', '10.0.0.2', '10.0.0.2', '10.0.1.1', '10.0.1.7', '10.0.2.9', '192.168.3.4', '18.26.4.9', '172.16.5.6'],
  ...['224.0.0.5', '255.255.255.255', '10.0.0.255', '127.0.0.1', '0.0.0.0', '240.1.2.3'],
]
export const macs = [
  '00:00:c0:ae:67:ef',
  'ff:ff:ff:ff:ff:ff',
  '01:00:5e:00:00:05',
  '00:00:c0:4f:71:ef',
  '02:11:22:33:44:55',
]
export const addressBytes = (text: string): Buffer => Buffer.from(text.split('.').map(Number))
export const macBytes = (text: string): Buffer => Buffer.from(text.replaceAll(':', ''), 'hex')
const address = (random: Random): Buffer => addressBytes(pick(random, addresses))
const mac = (random: Random): Buffer => macBytes(pick(random, macs))

export interface EthernetFields {
  readonly source?: string
  readonly destination?: string
}

export const ethernet = (random: Random, type: number, payload: Uint8Array, fields: EthernetFields = {}): Buffer =>
  Buffer.concat([
    fields.destination ? macBytes(fields.destination) : mac(random),
    fields.source ? macBytes(fields.source) : mac(random),
    Buffer.from([type >> 8, type & 255]),
    payload,
  ])

export interface IpFields {
  readonly protocol: number
  readonly options?: Uint8Array
  /** Flags and offset. */
  readonly fragment?: number
  /** What the checksum is off by. */
  readonly error?: number
  readonly ttl?: number
  readonly source?: string
  readonly destination?: string
}

const none = Buffer.alloc(0)

/** Gives the header to what makes the payload, so that TCP and UDP can sum up its addresses. */
export const ip = (random: Random, fields: IpFields, payload: Uint8Array | ((header: Buffer) => Buffer)): Buffer => {
  const { options = none, protocol } = fields
  const header = Buffer.alloc(20 + options.length)
  header[0] = 0x40 + header.length / 4
  header[1] = random(256)
  header.writeUInt16BE(random(65536), 4)
  header.writeUInt16BE(fields.fragment ?? (random(2) ? 0x4000 : 0), 6)
  header[8] = fields.ttl ?? pick(random, [0, 1, 2, 64, 255])
  header[9] = protocol
  const { source, destination } = fields
  const addressOf = (given: string | undefined): Buffer => (given ? addressBytes(given) : address(random))
  addressOf(source).copy(header, 12)
  addressOf(destination).copy(header, 16)
  header.set(options, 20)
  const data = typeof payload === 'function' ? payload(header) : payload
  header.writeUInt16BE(header.length + data.length, 2)
  header.writeUInt16BE(checksum(header) ^ (fields.error ?? 0), 10)
  return Buffer.concat([header, data])
}

const pseudo = (header: Buffer, protocol: number, length: number): Buffer =>
  Buffer.concat([header.subarray(12, 20), Buffer.from([0, protocol, length >> 8, length & 255])])

const somePort = (random: Random): number => pick(random, [7, 22, 53, 80, 443, 1023, 1024, random(65536)])

export const udp =
  (random: Random, length: number, sum: 'right' | 'none' | 'random' = 'right') =>
  (header: Buffer): Buffer => {
    const data = bytes(random, 8 + length)
    data.writeUInt16BE(somePort(random), 0)
    data.writeUInt16BE(somePort(random), 2)
    data.writeUInt16BE(data.length, 4)
    if (sum === 'random') return data
    data.writeUInt16BE(0, 6)
    if (sum === 'right') data.writeUInt16BE(checksum(pseudo(header, 17, data.length), data) || 0xffff, 6)
    return data
  }

export const tcp =
  (random: Random, length: number, flags = random(64)) =>
  (header: Buffer): Buffer => {
    const options = bytes(random, 4 * random(4))
    const data = Buffer.concat([bytes(random, 20), options, bytes(random, length)])
    data.writeUInt16BE(somePort(random), 0)
    data.writeUInt16BE(somePort(random), 2)
    data[12] = (20 + options.length) << 2
    data[13] = flags
    data.writeUInt16BE(0, 16)
    data.writeUInt16BE(checksum(pseudo(header, 6, data.length), data), 16)
    return data
  }

export const icmp = (type: number, code: number, rest: Uint8Array): Buffer => {
  const data = Buffer.concat([Buffer.from([type, code, 0, 0]), rest])
  data.writeUInt16BE(checksum(data), 2)
  return data
}

export interface ArpFields {
  readonly operation?: number
  readonly senderEther?: string
  readonly sender?: string
  readonly target?: string
  readonly hardware?: number
  readonly protocol?: number
}

export const arp = (random: Random, fields: ArpFields = {}): Buffer => {
  const data = Buffer.alloc(28)
  data.writeUInt16BE(fields.hardware ?? 1, 0)
  data.writeUInt16BE(fields.protocol ?? 0x0800, 2)
  data[4] = 6
  data[5] = 4
  data.writeUInt16BE(fields.operation ?? 1 + random(2), 6)
  const ether = fields.senderEther ? macBytes(fields.senderEther) : mac(random)
  ether.copy(data, 8)
  const of = (given: string | undefined): Buffer => (given ? addressBytes(given) : address(random))
  of(fields.sender).copy(data, 14)
  mac(random).copy(data, 18)
  of(fields.target).copy(data, 24)
  return data
}

export const tag = (random: Random, frame: Buffer, type = 0x8100, tci = random(65536)): Buffer =>
  Buffer.concat([frame.subarray(0, 12), Buffer.from([type >> 8, type & 255, tci >> 8, tci & 255]), frame.subarray(12)])
