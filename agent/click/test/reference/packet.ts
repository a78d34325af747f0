/** A packet as Click's documentation speaks of it: bytes with room before them, annotations, headers. */

export interface ReferencePacket {
  /** With room before and behind the packet. */
  buffer: Buffer
  start: number
  end: number
  annotations: Buffer
  /** Places in the buffer; -1: not set. */
  network: number
  transport: number
  mac: number
  type: 'host' | 'broadcast' | 'multicast' | 'otherhost'
}

const room = 256

export const receive = (frame: Uint8Array): ReferencePacket => {
  const buffer = Buffer.concat([Buffer.alloc(room), frame])
  const broadcast = frame.subarray(0, 6).every((byte) => byte === 0xff)
  const type = broadcast ? 'broadcast' : (frame[0] ?? 0) & 1 ? 'multicast' : 'host'
  const annotations = Buffer.alloc(48)
  return { buffer, start: room, end: buffer.length, annotations, network: -1, transport: -1, mac: room, type }
}

export const clone = (packet: ReferencePacket): ReferencePacket => ({
  ...packet,
  buffer: Buffer.from(packet.buffer),
  annotations: Buffer.from(packet.annotations),
})

/** The packet's bytes; writing to them writes to the packet. */
export const data = ({ buffer, start, end }: ReferencePacket): Buffer => buffer.subarray(start, end)
export const length = ({ start, end }: ReferencePacket): number => end - start

export const pull = (packet: ReferencePacket, bytes: number): void => {
  packet.start = Math.min(packet.start + bytes, packet.end)
}

export const push = (packet: ReferencePacket, bytes: number): void => {
  packet.start -= bytes
  if (packet.start < 0) throw new RangeError('the reference has no more room before the packet')
}
