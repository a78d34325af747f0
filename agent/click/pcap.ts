/** Files of captured packets (pcap(5), draft-ietf-opsawg-pcap): read in either byte order and resolution, written with nanoseconds. */

export interface CapturedPacket {
  /** Since 1970, of the resolution of the file. */
  readonly timestampNs: bigint
  /** What was captured. */
  readonly bytes: Uint8Array
  /** On the wire; at least as many. */
  readonly originalBytes: number
}

export interface Pcap {
  /** LINKTYPE_*: 1 is Ethernet. */
  readonly linkType: number
  readonly packets: readonly CapturedPacket[]
}

export const ethernetLinkType = 1

/** The file is no pcap, or ends within a packet. */
export class PcapError extends Error {
  override readonly name = 'PcapError'
}

const magic = { microseconds: 0xa1b2c3d4, nanoseconds: 0xa1b23c4d } as const
const headerBytes = 24
const recordBytes = 16
/** More than libpcap takes of a packet (MAXIMUM_SNAPLEN). */
const mostBytes = 262_144

/** Throws PcapError. The packets are views of `file`. */
export const readPcap = (file: Uint8Array): Pcap => {
  if (file.length < headerBytes) throw new PcapError(`${file.length} bytes are no pcap header`)
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const little = isMagic(view.getUint32(0, true))
  if (!little && !isMagic(view.getUint32(0))) throw new PcapError('not a pcap file (pcapng is not supported)')
  const u32 = (at: number): number => view.getUint32(at, little)
  const unit = u32(0) === magic.nanoseconds ? 1n : 1000n
  const packets: CapturedPacket[] = []
  for (let at = headerBytes; at < file.length; ) {
    const number = packets.length + 1
    if (at + recordBytes > file.length) throw new PcapError(`the file ends within the header of packet ${number}`)
    const captured = u32(at + 8)
    const start = at + recordBytes
    if (captured > mostBytes) throw new PcapError(`packet ${number} would have ${captured} bytes`)
    if (start + captured > file.length) throw new PcapError(`the file ends within packet ${number}`)
    packets.push({
      timestampNs: BigInt(u32(at)) * 1_000_000_000n + BigInt(u32(at + 4)) * unit,
      bytes: file.subarray(start, start + captured),
      originalBytes: u32(at + 12),
    })
    at = start + captured
  }
  // The upper bits say whether frames end with a check sequence.
  return { linkType: u32(20) & 0xffff, packets }
}

const isMagic = (number: number): boolean => number === magic.microseconds || number === magic.nanoseconds

/** Little-endian, nanoseconds. */
export const writePcap = ({ linkType, packets }: Pcap): Uint8Array => {
  const file = new Uint8Array(packets.reduce((sum, { bytes }) => sum + recordBytes + bytes.length, headerBytes))
  const view = new DataView(file.buffer)
  const u32 = (at: number, value: number): void => view.setUint32(at, value, true)
  u32(0, magic.nanoseconds)
  view.setUint16(4, 2, true)
  view.setUint16(6, 4, true)
  u32(16, mostBytes)
  u32(20, linkType)
  let at = headerBytes
  for (const { timestampNs, bytes, originalBytes } of packets) {
    u32(at, Number(BigInt.asUintN(32, timestampNs / 1_000_000_000n)))
    u32(at + 4, Number(timestampNs % 1_000_000_000n))
    u32(at + 8, bytes.length)
    u32(at + 12, originalBytes)
    file.set(bytes, at + recordBytes)
    at += recordBytes + bytes.length
  }
  return file
}
