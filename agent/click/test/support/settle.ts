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

/** Of ARP, with a VLAN tag or without. */
const isQuery = (frame: Buffer): boolean =>
  [12, 16].some((at) => frame.subarray(at, at + 10).toString('hex') === '08060001080006040001')

/** Without queries that were sent before: they come again after a tenth of a second. */
export const withoutRepeatedQueries = <T extends { readonly bytes: Buffer }>(frames: readonly T[]): readonly T[] => {
  const asked = new Set<string>()
  return frames.filter(({ bytes }) => {
    const text = bytes.toString('hex')
    const isRepeated = asked.has(text)
    if (isQuery(bytes)) asked.add(text)
    return !isRepeated
  })
}
