/** Tunnels: headers as RFC 2784, 2890, 3032, 3378 and 7348 draw them. */
import { checksum, ip, mac, setIpChecksum } from './bytes.ts'
import { argument, element, type Make, nowhere } from './elements.ts'
import { data, length, pull, push, type ReferencePacket } from './packet.ts'

const leastFrame = 14

/** An IP header without options and what follows it, before the packet. */
const wrap = (packet: ReferencePacket, given: readonly string[], place: number, protocol: number, rest: Buffer) => {
  push(packet, 20 + rest.length)
  const head = data(packet)
  head.fill(0, 0, 20)
  head[0] = 0x45
  head.writeUInt16BE(length(packet) & 0xffff, 2)
  // Don't fragment.
  head[6] = 0x40
  head[8] = Number(argument(given, 'TTL', nowhere) ?? 64)
  head[9] = protocol
  ip(argument(given, 'SRC', place) ?? '').copy(head, 12)
  ip(argument(given, 'DST', place + 1) ?? '').copy(head, 16)
  setIpChecksum(head)
  rest.copy(head, 20)
  head.copy(packet.annotations, 0, 16, 20)
  packet.network = packet.start
  return head
}

/** What follows the IP header; undefined where that is none of `protocol`, or has options, or is a fragment's. */
const unwrap = (packet: ReferencePacket, protocol: number): Buffer | undefined => {
  const head = data(packet)
  if (head.length < 20 || head[0] !== 0x45 || head[9] !== protocol) return undefined
  const isFragment = (head.readUInt16BE(6) & 0x2000) !== 0 || (head.readUInt16BE(6) & 0x1fff) !== 0
  return isFragment ? undefined : head.subarray(20)
}

const open = (packet: ReferencePacket, bytes: number): ReferencePacket => {
  pull(packet, bytes)
  packet.network = -1
  packet.mac = packet.start
  return packet
}

/** By the words of a frame, the lowest byte first, as VXLANEncap's code says. */
const flow = (frame: Buffer, count: number): number => {
  const words = (...places: number[]): bigint => places.reduce((sum, at) => sum + BigInt(frame.readUInt32LE(at)), 0n)
  const hasPorts = (protocol: number | undefined): boolean => protocol === 6 || protocol === 17
  let sum = words(0, 4, 8)
  const type = frame.readUInt16BE(12)
  if (type === 0x0800 && frame.length >= 38 && frame[14] === 0x45) {
    sum = words(26, 30)
    if ((frame.readUInt16BE(20) & 0x3fff) === 0 && hasPorts(frame[23])) sum += words(34)
  } else if (type === 0x86dd && frame.length >= 58) {
    sum = words(22, 26, 30, 34, 38, 42, 46, 50)
    if (hasPorts(frame[20])) sum += words(54)
  }
  const mixed = (sum * 0x9e3779b1n) % 2n ** 32n
  return Number((mixed * BigInt(count)) / 2n ** 32n)
}

const isFalse = (text: string | undefined): boolean => ['false', 'no', '0', 'f', 'n'].includes(text ?? '')

/** Interfaces of a run, by their indices: the loopback, the one where packets come in, and those where they leave. */
const interfaces = ['', 'lo', 'in', 'a', 'b', 'c']

/** What LinkSwitch knows a packet by, as it is written, and the packet within. */
const linkOf = (frame: Buffer): readonly [string, Buffer] | undefined => {
  const type = frame.length < 18 ? 0 : frame.readUInt16BE(12)
  const untagged = (tags: number): Buffer => Buffer.concat([frame.subarray(0, 12), frame.subarray(12 + 4 * tags)])
  if (type === 0x8100) return [`vlan ${frame.readUInt16BE(14) & 0xfff}`, untagged(1)]
  if (type === 0x88a8 && frame.length >= 22 && frame.readUInt16BE(16) === 0x8100)
    return [`qinq ${frame.readUInt16BE(14) & 0xfff} ${frame.readUInt16BE(18) & 0xfff}`, untagged(2)]
  if (type === 0x8847 && frame.length >= 32) {
    const entry = frame.readUInt32BE(14)
    return ((entry >>> 8) & 1) === 1 ? [`mpls ${entry >>> 12}`, frame.subarray(18)] : undefined
  }
  const packet = frame.subarray(14)
  if (type !== 0x0800 || packet.length < 20 || packet[0] !== 0x45) return undefined
  const total = packet.readUInt16BE(2)
  const isFragment = (packet.readUInt16BE(6) & 0x3fff) !== 0
  if (isFragment || total < 20 || total > packet.length || checksum(packet.subarray(0, 20)) !== 0) return undefined
  const peers = `${[...packet.subarray(12, 16)].join('.')} ${[...packet.subarray(16, 20)].join('.')}`
  const rest = packet.subarray(20)
  const holds = (bytes: number): boolean => rest.length >= bytes + leastFrame
  switch (packet[9]) {
    case 17: {
      const isVxlan = holds(16) && rest.readUInt16BE(2) === 4789 && rest.readUInt32BE(8) === 0x08000000
      return isVxlan ? [`vxlan ${rest.readUIntBE(12, 3)} ${peers}`, rest.subarray(16)] : undefined
    }
    case 47: {
      const word = holds(4) ? rest.readUInt32BE(0) : 0
      if (word === 0x6558) return [`gre - ${peers}`, rest.subarray(4)]
      return word === 0x20006558 && holds(8) ? [`gre ${rest.readUInt32BE(4)} ${peers}`, rest.subarray(8)] : undefined
    }
    case 97:
      return holds(2) && rest.readUInt16BE(0) === 0x3000 ? [`etherip ${peers}`, rest.subarray(2)] : undefined
    case 4:
      return rest.length >= 20 && (rest[0] ?? 0) >> 4 === 4 ? [`ipip ${peers}`, rest] : undefined
    default:
      return undefined
  }
}

export const tunnelElements: Readonly<Record<string, Make>> = {
  VXLANEncap: ({ arguments: given, output }) =>
    element((packet) => {
      if (length(packet) < leastFrame) return
      const [low = '49152', high = low] = (argument(given, 'SPORT', nowhere) ?? '49152-65535').split('-')
      const source = Number(low) + flow(data(packet), Number(high) - Number(low) + 1)
      const rest = Buffer.alloc(16)
      rest.writeUInt16BE(source, 0)
      rest.writeUInt16BE(Number(argument(given, 'DPORT', nowhere) ?? 4789), 2)
      rest.writeUInt16BE((length(packet) + 16) & 0xffff, 4)
      rest[8] = 8
      rest.writeUIntBE(Number(argument(given, 'VNI', 0)), 12, 3)
      wrap(packet, given, 1, 17, rest)
      output(0, packet)
    }),
  VXLANDecap: ({ arguments: given, output }) =>
    element((packet) => {
      const rest = unwrap(packet, 17)
      const vni = argument(given, 'VNI', 0)
      const isOurs =
        rest !== undefined &&
        rest.length >= 16 + leastFrame &&
        rest.readUInt16BE(2) === Number(argument(given, 'DPORT', nowhere) ?? 4789) &&
        ((rest[8] ?? 0) & 8) !== 0 &&
        (vni === undefined || rest.readUIntBE(12, 3) === Number(vni))
      if (isOurs) output(0, open(packet, 36))
      else output(1, packet)
    }),
  GREEncap: ({ arguments: given, output }) =>
    element((packet) => {
      const key = argument(given, 'KEY', nowhere)
      const protocol = Number(argument(given, 'PROTOCOL', nowhere) ?? 0x6558)
      if (protocol === 0x6558 && length(packet) < leastFrame) return
      const rest = Buffer.alloc(key === undefined ? 4 : 8)
      rest.writeUInt16BE(protocol, 2)
      if (key !== undefined) {
        rest[0] = 0x20
        rest.writeUInt32BE(Number(key), 4)
      }
      wrap(packet, given, 0, 47, rest)
      output(0, packet)
    }),
  GREDecap: ({ arguments: given, output }) =>
    element((packet) => {
      const key = argument(given, 'KEY', nowhere)
      const protocol = Number(argument(given, 'PROTOCOL', nowhere) ?? 0x6558)
      const bytes = key === undefined ? 4 : 8
      const rest = unwrap(packet, 47)
      const isOurs =
        rest !== undefined &&
        rest.length >= bytes + (protocol === 0x6558 ? leastFrame : 0) &&
        rest.readUInt16BE(0) === (key === undefined ? 0 : 0x2000) &&
        rest.readUInt16BE(2) === protocol &&
        (key === undefined || rest.readUInt32BE(4) === Number(key))
      if (isOurs) output(0, open(packet, 20 + bytes))
      else output(1, packet)
    }),
  EtherIPEncap: ({ arguments: given, output }) =>
    element((packet) => {
      if (length(packet) < leastFrame) return
      wrap(packet, given, 0, 97, Buffer.from([0x30, 0]))
      output(0, packet)
    }),
  EtherIPDecap: ({ output }) =>
    element((packet) => {
      const rest = unwrap(packet, 97)
      if (rest !== undefined && rest.length >= 2 + leastFrame && rest.readUInt16BE(0) === 0x3000)
        output(0, open(packet, 22))
      else output(1, packet)
    }),
  LinkSwitch: ({ arguments: given, output, send }) => {
    const links = given.map((text) => {
      const words = text.split(' ')
      const isIp = words[0] === 'ipip'
      const key = words.slice(0, isIp ? -3 : -1).join(' ')
      const header = isIp ? Buffer.concat([...words.slice(-2).map(mac), Buffer.from([8, 0])]) : Buffer.alloc(0)
      return { key, device: interfaces[Number(words.at(isIp ? -3 : -1))] ?? '', header, packets: 0, bytes: 0 }
    })
    const take = (packet: ReferencePacket): void => {
      const [key, inner] = linkOf(data(packet)) ?? ['', Buffer.alloc(0)]
      const link = links.find((each) => each.key === key)
      if (!link) {
        output(0, packet)
        return
      }
      const bytes = Buffer.concat([link.header, inner])
      link.packets++
      link.bytes += bytes.length
      send(link.device, { ...packet, buffer: bytes, start: 0, end: bytes.length })
    }
    const counts = () =>
      links
        .map(({ key, packets, bytes }) => `${packets} ${bytes} ${key}\n`)
        .sort()
        .join('')
    return element(take, { counts, count: () => `${links.length}` })
  },
  // There are no neighbours in a run.
  ToNeighbour: ({ arguments: given }) => {
    const versions = argument(given, 'NEXTHOP', 1) === undefined ? [4, 6] : [4]
    let count = 0
    let drops = 0
    const take = (packet: ReferencePacket): void => {
      if (length(packet) > 0 && versions.includes((data(packet)[0] ?? 0) >> 4)) count++
      else drops++
    }
    return element(take, { count: () => `${count}`, drops: () => `${drops}` })
  },
  // Nothing of it is in the packet.
  TrafficClass: ({ arguments: given, output }) =>
    element((packet) => output(0, packet), { classid: () => argument(given, 'CLASSID', 0) ?? '' }),
  MPLSEncap: ({ arguments: given, output }) =>
    element((packet) => {
      const number = (name: string, otherwise: number): number => Number(argument(given, name, nowhere) ?? otherwise)
      push(packet, 4)
      const bottom = isFalse(argument(given, 'BOTTOM', nowhere)) ? 0 : 1
      const upper = Number(argument(given, 'LABEL', 0)) * 16 + number('TC', 0) * 2 + bottom
      data(packet).writeUInt32BE(upper * 256 + number('TTL', 64), 0)
      packet.network = -1
      output(0, packet)
    }),
  MPLSDecap: ({ arguments: given, output }) =>
    element((packet) => {
      const label = argument(given, 'LABEL', 0)
      const entry = length(packet) < 4 ? 0 : data(packet).readUInt32BE(0)
      const isOurs = ((entry >>> 8) & 1) === 1 && (label === undefined || entry >>> 12 === Number(label))
      if (isOurs) output(0, open(packet, 4))
      else output(1, packet)
    }),
}
