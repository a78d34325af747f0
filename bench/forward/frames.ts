/** Frames that are forwarded: Ethernet, IPv4, UDP. */

export interface FrameShape {
  /** Ethernet frame without its check sequence: 64, or 1514 for an IP packet of 1500 bytes. */
  readonly bytes: number
  readonly source?: number
  readonly destination: number
  readonly ttl?: number
  /** Ethernet addresses. */
  readonly from?: readonly number[]
  readonly to?: readonly number[]
  /** Words of 32 bits behind the header. */
  readonly optionCount?: number
}

/** Where the header of IP begins, and fields in the frame. */
export const at = { ip: 14, ttl: 22, checksum: 24, source: 26, destination: 30 } as const

/** Of the Internet checksum: the sum's complement (RFC 1071). */
export const checksum = (bytes: Uint8Array): number => {
  let sum = 0
  for (let i = 0; i < bytes.length; i += 2) sum += ((bytes[i] ?? 0) << 8) + (bytes[i + 1] ?? 0)
  while (sum > 0xffff) sum = (sum >>> 16) + (sum & 0xffff)
  return ~sum & 0xffff
}

export const setChecksum = (frame: Buffer): Buffer => {
  const end = at.ip + (frame.readUInt8(at.ip) & 15) * 4
  frame.writeUInt16BE(0, at.checksum)
  frame.writeUInt16BE(checksum(frame.subarray(at.ip, end)), at.checksum)
  return frame
}

export const makeFrame = ({
  bytes,
  source = 0x0a00_0002,
  destination,
  ttl = 64,
  from = [2, 0, 0, 0, 1, 1],
  to = [2, 0, 0, 0, 1, 2],
  optionCount = 0,
}: FrameShape): Buffer => {
  const frame = Buffer.alloc(bytes)
  frame.set([...to, ...from, 8, 0])
  frame.set([0x45 + optionCount, 0], at.ip)
  frame.writeUInt16BE(bytes - at.ip, at.ip + 2)
  frame.set([ttl, 17], at.ttl)
  frame.writeUInt32BE(source, at.source)
  frame.writeUInt32BE(destination, at.destination)
  // Options that do nothing.
  frame.fill(1, at.ip + 20, at.ip + 20 + 4 * optionCount)
  const udp = at.ip + 20 + 4 * optionCount
  frame.writeUInt16BE(4000, udp)
  frame.writeUInt16BE(4001, udp + 2)
  frame.writeUInt16BE(bytes - udp, udp + 4)
  return setChecksum(frame)
}
