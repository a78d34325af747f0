/** What a run cannot have the same each time, and the reference therefore leaves open: the time of day, and how often is asked. */
import { timeMark } from '../reference/option-elements.ts'
import { checksum } from './packets.ts'

const dayMs = 86_400_000
const marked = Buffer.alloc(4)
marked.writeUInt32BE(timeMark)

interface Sum {
  readonly at: number
  readonly from: number
  readonly to: number
}

/** Of an IP packet within a frame: its header's, that of ICMP, and that of a header quoted there; the innermost first. */
const sumsAt = (frame: Buffer, ip: number): readonly Sum[] => {
  if ((frame[ip] ?? 0) >> 4 !== 4 || frame.length < ip + 20) return []
  const end = ip + ((frame[ip] ?? 0) & 15) * 4
  const own = { at: ip + 10, from: ip, to: end }
  if (frame[ip + 9] !== 1) return [own]
  return [...sumsAt(frame, end + 8), { at: end + 2, from: end, to: frame.length }, own]
}

const isRight = (frame: Buffer, { from, to }: Sum): boolean => checksum(frame.subarray(from, to)) === 0

/**
 * The reference's frame with the times that the kernel wrote, where these lie between two moments, and with those checksums right again that
 * were.
 */
export const settleTimes = (reference: Buffer, kernel: Buffer, fromMs: number, toMs: number): Buffer => {
  if (!reference.includes(marked)) return reference
  const settled = Buffer.from(reference)
  const ip = settled.readUInt16BE(12) === 0x0800 ? 14 : 18
  const right = sumsAt(settled, ip).filter((sum) => isRight(settled, sum))
  for (let at = settled.indexOf(marked); at >= 0; at = settled.indexOf(marked, at + 4)) {
    if (at + 4 > kernel.length) continue
    const since = (kernel.readUInt32BE(at) - (fromMs % dayMs) + dayMs) % dayMs
    if (since <= toMs - fromMs) kernel.copy(settled, at, at, at + 4)
  }
  for (const { at, from, to } of right) {
    settled.writeUInt16BE(0, at)
    settled.writeUInt16BE(checksum(settled.subarray(from, to)), at)
  }
  return settled
}

/** The bytes of a query of ARP, with a VLAN tag or without; undefined where a frame is none. */
const queryBytes = (frame: Buffer): number | undefined => {
  const at = [12, 16].find((type) => frame.subarray(type, type + 10).toString('hex') === '08060001080006040001')
  return at === undefined ? undefined : at + 30
}

/** An Ethernet header and the longest of IP, less a query's own bytes (with a tag both are longer by as much). */
const mostPadding = 14 + 60 - 42

const isPadding = (bytes: Buffer): boolean => bytes.length <= mostPadding && bytes.every((byte) => byte === 0)

/**
 * Without queries that were sent before, which come again after a tenth of a second; and without padding, as the kernel cuts no frame
 * to less than the headers that it found in it: a packet with IP options becomes a longer query than one without.
 */
export const settleQueries = <T extends { readonly bytes: Buffer }>(frames: readonly T[]): readonly T[] => {
  const asked = new Set<string>()
  return frames.flatMap((frame) => {
    const end = queryBytes(frame.bytes)
    if (end === undefined || !isPadding(frame.bytes.subarray(end))) return [frame]
    const bytes = frame.bytes.subarray(0, end)
    const text = bytes.toString('hex')
    if (asked.has(text)) return []
    asked.add(text)
    return [{ ...frame, bytes }]
  })
}
