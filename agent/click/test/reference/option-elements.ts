/** Elements that write into IP headers: IPGWOptions, FixIPSrc, StoreIPAddress. */
import { header, headerLength, ip, ipText, isFirstFragment, setIpChecksum, updated } from './bytes.ts'
import { argument, element, list, type Make } from './elements.ts'
import { data, length } from './packet.ts'

export const fixIpSrcAnnotation = 19
export const problemAnnotation = 17

/** Stands for the time of day in IP timestamps (RFC 791): milliseconds that no day has. */
export const timeMark = 0xc10cc10c

const option = { end: 0, noOperation: 1, recordRoute: 7, timestamp: 68 } as const

interface Addresses {
  readonly own: Buffer
  /** As text. */
  readonly all: readonly string[]
}

/** Each handler gives the byte that is wrong, counted from the option's first; undefined where nothing is. */
const recordRoute = (bytes: Buffer, size: number, { own }: Addresses): number | undefined => {
  const place = (bytes[2] ?? 0) - 1
  if (place >= 3 && place + 4 <= size) {
    own.copy(bytes, place)
    bytes[2] = ((bytes[2] ?? 0) + 4) & 255
    return undefined
  }
  return place === size ? undefined : 2
}

const timestamp = (bytes: Buffer, size: number, { own, all }: Addresses): number | undefined => {
  const place = (bytes[2] ?? 0) - 1
  const overflow = (bytes[3] ?? 0) >> 4
  const flag = (bytes[3] ?? 0) & 15
  if (place < 4) return 2
  const overflows = (): number | undefined => {
    if (overflow === 15) return 3
    bytes[3] = ((overflow + 1) << 4) | flag
    return undefined
  }
  if (flag === 0) {
    if (place + 4 > size) return overflows()
    bytes.writeUInt32BE(timeMark, place)
    bytes[2] = (bytes[2] ?? 0) + 4
  } else if (flag === 1) {
    if (place + 8 > size) return overflows()
    own.copy(bytes, place)
    bytes.writeUInt32BE(timeMark, place + 4)
    bytes[2] = (bytes[2] ?? 0) + 8
  } else if (flag === 3 && place + 8 <= size) {
    if (all.includes(ipText(bytes.subarray(place)))) {
      bytes.writeUInt32BE(timeMark, place + 4)
      bytes[2] = (bytes[2] ?? 0) + 8
    }
  } else return 3
  return undefined
}

export const optionElements: Readonly<Record<string, Make>> = {
  IPGWOptions: ({ arguments: given, output }) => {
    const mine = argument(given, 'MYADDR', 0) ?? ''
    const addresses = { own: ip(mine), all: [...list(given, 'OTHERADDRS', 1), mine] }
    let drops = 0
    return element(
      (packet) => {
        const head = header(packet)
        const bytes = headerLength(head)
        let touched = false
        let wrong: number | undefined
        for (let at = 20; at < bytes && wrong === undefined; ) {
          const type = head[at]
          if (type === option.end) break
          const size = head[at + 1] ?? 0
          if (type === option.noOperation) at++
          else if (size < 2 || at + size > bytes) wrong = at + 1
          else {
            const handle = { [option.recordRoute]: recordRoute, [option.timestamp]: timestamp }[type ?? 0]
            if (handle) {
              touched = true
              const byte = handle(head.subarray(at), size, addresses)
              if (byte !== undefined) wrong = at + byte
            }
            at += size
          }
        }
        if (wrong !== undefined) {
          drops++
          packet.annotations[problemAnnotation] = wrong
          output(1, packet)
          return
        }
        if (touched) setIpChecksum(head)
        output(0, packet)
      },
      { drops: () => `${drops}` },
    )
  },
  FixIPSrc: ({ arguments: given, output }) =>
    element((packet) => {
      if (packet.annotations[fixIpSrcAnnotation] !== 0 && packet.network >= 0) {
        const head = header(packet)
        packet.annotations[fixIpSrcAnnotation] = 0
        ip(argument(given, 'IPADDR', 0) ?? '').copy(head, 12)
        setIpChecksum(head)
      }
      output(0, packet)
    }),
  StoreIPAddress: ({ arguments: given, output }) =>
    element((packet) => {
      const named = given.length > 1 ? ip(given[0] ?? '') : undefined
      const address = named ?? Buffer.from(packet.annotations.subarray(0, 4))
      // So says the manual; Click's source writes it where OFFSET is `src` or `dst`.
      if (!named && address.readUInt32BE() === 0) {
        output(0, packet)
        return
      }
      const place = given.at(-1) ?? ''
      if (place === 'src' || place === 'dst') {
        const isHeader = packet.network >= 0 && headerLength(header(packet)) >= 20
        if (!isHeader) {
          output(1, packet)
          return
        }
        const head = header(packet)
        const at = place === 'src' ? 12 : 16
        const before = Buffer.from(head.subarray(at, at + 4))
        address.copy(head, at)
        const transport = head.subarray(headerLength(head))
        // TCP has its checksum at 16 of 20 bytes, UDP at 6 of 8; a UDP checksum of 0 is none.
        const [field, least] = head[9] === 6 ? [16, 20] : head[9] === 17 ? [6, 8] : [0, Number.POSITIVE_INFINITY]
        head.writeUInt16BE(updated(head.readUInt16BE(10), before, address), 10)
        if (isFirstFragment(head) && transport.length >= least && (head[9] === 6 || transport.readUInt16BE(6) !== 0)) {
          const sum = updated(transport.readUInt16BE(field), before, address)
          // RFC 768: a sum of zero is sent as all ones. Click leaves it, which says that there is none.
          transport.writeUInt16BE(head[9] === 17 && sum === 0 ? 0xffff : sum, field)
        }
        output(0, packet)
        return
      }
      const offset = Number(place)
      if (offset + 4 > length(packet)) output(1, packet)
      else {
        address.copy(data(packet), offset)
        output(0, packet)
      }
    }),
}
