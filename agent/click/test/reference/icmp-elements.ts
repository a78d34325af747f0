/** ICMPError and ICMPPingResponder, after their documentation, RFC 792 and RFC 1812. */
import { checksum, header, headerLength, ip, ipText, isFirstFragment, setIpChecksum, updated } from './bytes.ts'
import { argument, element, list, type Make, nowhere } from './elements.ts'
import { fixIpSrcAnnotation, problemAnnotation } from './option-elements.ts'
import { length, type ReferencePacket } from './packet.ts'

const icmp = 1
const types: Readonly<Record<string, number>> = {
  unreachable: 3,
  sourcequench: 4,
  redirect: 5,
  timeexceeded: 11,
  parameterproblem: 12,
}
const codes: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  3: { net: 0, host: 1, protocol: 2, port: 3, needfrag: 4, srcroutefail: 5, filterprohibited: 13 },
  5: { net: 0, host: 1, tosnet: 2, toshost: 3 },
  11: { transit: 0, reassembly: 1 },
  12: { erroratptr: 0, missingopt: 1, length: 2 },
}
const isError = (type: number | undefined): boolean => Object.values(types).includes(type ?? -1)

interface SourceRoute {
  readonly at: number
  readonly bytes: Buffer
}

/** A loose or strict source route option, where there is a right one (RFC 791). */
const sourceRoute = (head: Buffer): SourceRoute | undefined => {
  const end = headerLength(head)
  for (let at = 20; at < end; ) {
    const type = head[at] ?? 0
    if (type === 0) return undefined
    if (type === 1) at++
    else {
      const size = head[at + 1] ?? 0
      const pointer = head[at + 2] ?? 0
      if (size < 2 || at + size > end) return undefined
      const isRoute = type === 131 || type === 137
      if (isRoute && pointer >= 4 && pointer % 4 === 0 && pointer <= size + 1) {
        return { at, bytes: head.subarray(at, at + size) }
      }
      at += size
    }
  }
  return undefined
}

/** What was travelled, backwards: the hops before the pointer. */
const reversed = (route: Buffer): Buffer => {
  const pointer = route[2] ?? 4
  const hops: Buffer[] = []
  for (let at = 3; at + 4 < pointer; at += 4) hops.unshift(Buffer.from(route.subarray(at, at + 4)))
  return Buffer.concat([Buffer.from([route[0] ?? 0, pointer - 1, 4]), ...hops, Buffer.from([0])])
}

const isUnicast = (address: string, bad: readonly string[]): boolean =>
  address !== '255.255.255.255' && Number(address.split('.')[0]) >> 4 !== 14 && !bad.includes(address)

const isRightSource = (address: string, bad: readonly string[]): boolean => {
  const net = Number(address.split('.')[0])
  return isUnicast(address, bad) && net !== 0 && net !== 127 && net >> 4 !== 15
}

export const icmpElements: Readonly<Record<string, Make>> = {
  ICMPError: ({ arguments: given, output, nextErrorId }) => {
    const typeText = argument(given, 'TYPE', 1) ?? ''
    const type = types[typeText] ?? Number(typeText)
    const codeText = argument(given, 'CODE', 2) ?? '0'
    const code = codes[type]?.[codeText] ?? Number(codeText)
    const bad = list(given, 'BADADDRS', 3)
    const mtu = Number(argument(given, 'MTU', nowhere) ?? 576)
    const pathMtu = Number(argument(given, 'PMTU', nowhere) ?? 0)
    const asks = argument(given, 'SET_FIX_ANNO', nowhere) !== 'false'

    const deserves = (packet: ReferencePacket): boolean => {
      if (packet.network < 0) return false
      const head = header(packet)
      const bytes = headerLength(head)
      if (head[9] === icmp && (bytes + 4 > length(packet) || isError(head[bytes]))) return false
      if (!isUnicast(ipText(head.subarray(16)), bad)) return false
      if (packet.type === 'broadcast' || packet.type === 'multicast') return false
      return isRightSource(ipText(head.subarray(12)), bad) && isFirstFragment(head)
    }

    return element((packet) => {
      if (!deserves(packet)) return
      const head = header(packet)
      let route = sourceRoute(head)
      if (route && type === types.redirect) return
      const problem = packet.annotations[problemAnnotation] ?? 0
      const isPointer = type === types.parameterproblem && code === 0
      // RFC 1812 section 4.3.2.6: not where the route itself is what is wrong.
      if (route && isPointer && problem >= route.at && problem < route.at + (route.bytes[1] ?? 0)) route = undefined
      const options = route ? reversed(route.bytes) : Buffer.alloc(0)
      const ipHeader = Buffer.alloc(20 + options.length)
      const quoted = head.subarray(0, Math.max(0, mtu - ipHeader.length - 8))
      const message = Buffer.concat([Buffer.from([type, code, 0, 0, 0, 0, 0, 0]), quoted])
      if (isPointer) message[4] = problem
      if (type === types.redirect) packet.annotations.copy(message, 4, 0, 4)
      if (type === types.unreachable && code === 4) message.writeUInt16BE(pathMtu, 6)
      message.writeUInt16BE(checksum(message), 2)
      ipHeader[0] = 0x40 + ipHeader.length / 4
      ipHeader.writeUInt16BE(ipHeader.length + message.length, 2)
      ipHeader.writeUInt16BE(nextErrorId() & 0xffff, 4)
      ipHeader[8] = 200
      ipHeader[9] = icmp
      ip(argument(given, 'SRC', 0) ?? '').copy(ipHeader, 12)
      head.copy(ipHeader, 16, 12, 16)
      options.copy(ipHeader, 20)
      setIpChecksum(ipHeader)
      const start = 256
      const buffer = Buffer.concat([Buffer.alloc(start), ipHeader, message])
      const annotations = Buffer.alloc(48)
      head.copy(annotations, 0, 12, 16)
      if (asks) annotations[fixIpSrcAnnotation] = 1
      const transport = start + ipHeader.length
      output(0, { buffer, start, end: buffer.length, annotations, network: start, transport, mac: -1, type: 'host' })
    })
  },
  ICMPPingResponder: ({ output }) =>
    element((packet) => {
      const head = header(packet)
      const message = head.subarray(headerLength(head))
      if (message.length < 8 || head[9] !== icmp || message[0] !== 8) {
        output(1, packet)
        return
      }
      const source = Buffer.from(head.subarray(12, 16))
      head.copy(head, 12, 16, 20)
      source.copy(head, 16)
      const change = (at: number, bytes: readonly number[]): void => {
        const before = Buffer.from(head.subarray(at, at + 2))
        const after = Buffer.from(bytes)
        after.copy(head, at)
        head.writeUInt16BE(updated(head.readUInt16BE(10), before, after), 10)
      }
      change(6, [0, 0])
      change(8, [255, head[9] ?? 0])
      source.copy(packet.annotations, 0)
      packet.annotations[16] = 0
      const before = Buffer.from(message.subarray(0, 2))
      message.fill(0, 0, 2)
      message.writeUInt16BE(updated(message.readUInt16BE(2), before, message.subarray(0, 2)), 2)
      // The checksum of nothing but zeros is all ones.
      if (message.every((byte) => byte === 0)) message.writeUInt16BE(0xffff, 2)
      output(0, packet)
    }),
}
