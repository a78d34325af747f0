/** IPv4 packets as tests write them, and their sums, by the RFCs alone. */

/** 0xffff over anything with a right checksum in it (RFC 1071). */
export const sumOf = (bytes: Uint8Array): number => {
  let sum = 0
  bytes.forEach((byte, i) => {
    sum += i % 2 === 0 ? byte * 256 : byte
  })
  while (sum > 0xffff) sum = (sum % 0x10000) + Math.floor(sum / 0x10000)
  return sum
}

export const addressBytes = (address: string): Buffer => Buffer.from(address.split('.').map(Number))

export interface IpPacket {
  readonly source?: string
  readonly destination?: string
  readonly protocol?: number
  readonly ttl?: number
  readonly fragment?: number
  readonly options?: readonly number[]
  readonly payload?: Uint8Array
}

export const ipPacket = (packet: IpPacket): Buffer => {
  const { options = [], payload = Buffer.alloc(0), protocol = 17, ttl = 64, fragment = 0 } = packet
  const header = Buffer.alloc(20 + options.length)
  header[0] = 0x40 | (header.length / 4)
  header.writeUInt16BE(header.length + payload.length, 2)
  header.writeUInt16BE(0x1234, 4)
  header.writeUInt16BE(fragment, 6)
  header[8] = ttl
  header[9] = protocol
  addressBytes(packet.source ?? '10.0.0.9').copy(header, 12)
  addressBytes(packet.destination ?? '10.0.1.7').copy(header, 16)
  header.set(options, 20)
  header.writeUInt16BE(0xffff - sumOf(header), 10)
  return Buffer.concat([header, payload])
}

/** As UDP packets have it, an odd number of them too. */
export const counting = (count: number): Buffer =>
  Buffer.from(Array.from({ length: count }, (_, i) => (i * 7 + 1) % 256))

export const macs = {
  router: '020000000001',
  host: '020000000002',
  broadcast: 'ffffffffffff',
  group: '01005e000005',
} as const

export const frameOf = (packet: Uint8Array, destination: string = macs.router): Buffer =>
  Buffer.concat([Buffer.from(`${destination}${macs.host}0800`, 'hex'), packet])
