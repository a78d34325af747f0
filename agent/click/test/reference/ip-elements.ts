/** Elements of Ethernet and IP, after their documentation and the RFCs. Checksums are calculated anew, never updated. */
import { checksum } from '../support/packets.ts'
import { argument, type Make } from './elements.ts'
import { data, length, pull, push, type ReferencePacket } from './packet.ts'

const ip = (text: string): Buffer => Buffer.from(text.split('.').map(Number))
const mac = (text: string): Buffer => Buffer.from(text.split(':').map((byte) => Number.parseInt(byte, 16)))
const header = (packet: ReferencePacket): Buffer => packet.buffer.subarray(packet.network, packet.end)

/** Whether a header's checksum was right decides what an incremental update leaves: the same error as before. */
const keepChecksum = (head: Buffer, change: () => void): void => {
  const bytes = ((head[0] ?? 0) & 15) * 4
  const before = sumOf(head.subarray(0, Math.max(20, bytes)))
  change()
  head.writeUInt16BE(0, 10)
  // The checksum that makes the sum what it was (one's complement arithmetic, RFC 1071).
  const rest = sumOf(head.subarray(0, Math.max(20, bytes)))
  const wanted = (before + (0xffff - rest)) % 0xffff
  head.writeUInt16BE(wanted, 10)
}

const sumOf = (bytes: Uint8Array): number => ~checksum(bytes) & 0xffff

const prefixOf = (text: string): readonly [address: number, mask: number] => {
  const [address = '', bits = '32'] = text.split('/')
  const mask = bits.includes('.')
    ? ip(bits).readUInt32BE()
    : Number(bits) === 0
      ? 0
      : (0xffffffff << (32 - Number(bits))) >>> 0
  return [(ip(address).readUInt32BE() & mask) >>> 0, mask]
}

const only = (push: (packet: ReferencePacket) => void, handlers = {}) => ({ push, handlers })

const checkIp =
  (checks: boolean): Make =>
  ({ arguments: given, output }) => {
    const offset = Number(argument(given, 'OFFSET', 0) ?? 0)
    const badSources = (argument(given, 'BADSRC', 9) ?? '').split(' ').filter((each) => each)
    const goodDestinations = (argument(given, 'GOODDST', 9) ?? '').split(' ').filter((each) => each)
    const sums = (argument(given, 'CHECKSUM', 9) ?? `${checks}`) === 'true'
    let drops = 0
    const right = (head: Buffer): boolean => {
      if (head.length < 20 || (head[0] ?? 0) >> 4 !== 4) return false
      const bytes = ((head[0] ?? 0) & 15) * 4
      const total = head.readUInt16BE(2)
      if (bytes < 20 || total > head.length || total < bytes) return false
      if (sums && checksum(head.subarray(0, bytes)) !== 0) return false
      const source = [...head.subarray(12, 16)].join('.')
      const destination = [...head.subarray(16, 20)].join('.')
      return !badSources.includes(source) || goodDestinations.includes(destination)
    }
    const check = (packet: ReferencePacket): void => {
      const head = data(packet).subarray(offset)
      if (!right(head)) {
        drops++
        output(1, packet)
        return
      }
      packet.network = packet.start + offset
      packet.end = packet.network + head.readUInt16BE(2)
      head.copy(packet.annotations, 0, 16, 20)
      output(0, packet)
    }
    return only(check, { drops: () => `${drops}` })
  }

const setService =
  (keep: number, bits: (text: string) => number): Make =>
  ({ arguments: [text = ''], output }) =>
    only((packet) => {
      const head = header(packet)
      keepChecksum(head, () => {
        head[1] = ((head[1] ?? 0) & keep) | bits(text)
      })
      output(0, packet)
    })

const tagOf = (given: readonly string[]): number =>
  Number(argument(given, 'VLAN_TCI', 0) ?? argument(given, 'VLAN_ID', 9) ?? 0) |
  (Number(argument(given, 'VLAN_PCP', 1) ?? 0) << 13)

const lookups = ['Static', 'Radix', 'Linear', 'Direct', 'Range']
  .map((name) => `${name}IPLookup`)
  .concat('LookupIPRoute')

const lookUp: Make = ({ arguments: given, output }) =>
  only((packet) => {
    const destination = packet.annotations.readUInt32BE(0)
    let best: { mask: number; words: readonly string[] } | undefined
    for (const route of given) {
      const words = route.split(/\s+/)
      const [address, mask] = prefixOf(words[0] ?? '')
      if ((destination & mask) >>> 0 === address && (!best || mask >= best.mask)) best = { mask, words }
    }
    if (!best) return
    if (best.words.length === 3 && best.words[1] !== '-') ip(best.words[1] ?? '').copy(packet.annotations, 0)
    output(Number(best.words.at(-1)), packet)
  })

export const ipElements: Readonly<Record<string, Make>> = {
  CheckIPHeader: checkIp(true),
  CheckIPHeader2: checkIp(false),
  MarkIPHeader: ({ arguments: given, output }) =>
    only((packet) => {
      packet.network = packet.start + Number(argument(given, 'OFFSET', 0) ?? 0)
      output(0, packet)
    }),
  StripToNetworkHeader: ({ output }) =>
    only((packet) => {
      packet.start = packet.network
      output(0, packet)
    }),
  StripIPHeader: ({ output }) =>
    only((packet) => {
      pull(packet, packet.network + ((packet.buffer[packet.network] ?? 0) & 15) * 4 - packet.start)
      output(0, packet)
    }),
  GetIPAddress: ({ arguments: given, output }) =>
    only((packet) => {
      const which = argument(given, 'IP', 9)
      const from = which
        ? packet.network + (which === 'src' ? 12 : 16)
        : packet.start + Number(argument(given, 'OFFSET', 0))
      const anno = argument(given, 'ANNO', 1)
      if (from + 4 <= packet.end) packet.buffer.copy(packet.annotations, Number(anno ?? 0), from, from + 4)
      output(0, packet)
    }),
  SetIPAddress: ({ arguments: [address = ''], output }) =>
    only((packet) => {
      ip(address).copy(packet.annotations, 0)
      output(0, packet)
    }),
  DecIPTTL: ({ arguments: given, output }) => {
    let drops = 0
    const decrement = (packet: ReferencePacket): void => {
      const head = header(packet)
      const isMulticast = (head[16] ?? 0) >> 4 === 14
      if (isMulticast && argument(given, 'MULTICAST', 9) === 'false') output(0, packet)
      else if ((head[8] ?? 0) <= 1) {
        drops++
        output(1, packet)
      } else {
        keepChecksum(head, () => {
          head[8] = (head[8] ?? 0) - 1
        })
        output(0, packet)
      }
    }
    return only(decrement, { drops: () => `${drops}` })
  },
  SetIPDSCP: setService(0x03, (text) => Number(text) << 2),
  SetIPECN: setService(0xfc, (text) => ['no', 'ect1', 'ect2', 'ce'].indexOf(text)),
  SetIPChecksum: ({ output }) => {
    let drops = 0
    const set = (packet: ReferencePacket): void => {
      const head = packet.network >= 0 ? header(packet) : data(packet)
      const bytes = ((head[0] ?? 0) & 15) * 4
      if (head.length < 20 || bytes < 20 || bytes > head.length) drops++
      else {
        head.writeUInt16BE(0, 10)
        head.writeUInt16BE(checksum(head.subarray(0, bytes)), 10)
        output(0, packet)
      }
    }
    return only(set, { drops: () => `${drops}` })
  },
  EtherMirror: ({ output }) =>
    only((packet) => {
      const bytes = data(packet)
      const destination = Buffer.from(bytes.subarray(0, 6))
      bytes.copy(bytes, 0, 6, 12)
      destination.copy(bytes, 6)
      output(0, packet)
    }),
  EtherRewrite: ({ arguments: [source = '', destination = ''], output }) =>
    only((packet) => {
      mac(destination).copy(packet.buffer, packet.mac)
      mac(source).copy(packet.buffer, packet.mac + 6)
      output(0, packet)
    }),
  EtherEncap: ({ arguments: [type = '', source = '', destination = ''], output }) =>
    only((packet) => {
      push(packet, 14)
      packet.mac = packet.start
      mac(destination).copy(packet.buffer, packet.start)
      mac(source).copy(packet.buffer, packet.start + 6)
      packet.buffer.writeUInt16BE(Number(type), packet.start + 12)
      output(0, packet)
    }),
  HostEtherFilter: ({ arguments: given, output }) =>
    only((packet) => {
      const own = mac(argument(given, 'ETHER', 0) ?? '')
      const bytes = data(packet)
      if (argument(given, 'DROP_OWN', 1) === 'true' && bytes.subarray(6, 12).equals(own)) {
        output(1, packet)
        return
      }
      const destination = bytes.subarray(0, 6)
      if (destination.equals(own)) packet.type = 'host'
      else if (destination.every((byte) => byte === 255)) packet.type = 'broadcast'
      else packet.type = (destination[0] ?? 0) & 1 ? 'multicast' : 'otherhost'
      output(packet.type === 'otherhost' && argument(given, 'DROP_OTHER', 2) !== 'false' ? 1 : 0, packet)
    }),
  DropBroadcasts: ({ output }) => {
    let drops = 0
    const filter = (packet: ReferencePacket): void => {
      const isGroup = packet.type === 'broadcast' || packet.type === 'multicast'
      if (isGroup) drops++
      output(isGroup ? 1 : 0, packet)
    }
    return only(filter, { drops: () => `${drops}` })
  },
  SetVLANAnno: ({ arguments: given, output }) =>
    only((packet) => {
      packet.annotations.writeUInt16BE(tagOf(given), 20)
      output(0, packet)
    }),
  VLANEncap: ({ arguments: given, output }) =>
    only((packet) => {
      const tag = given[0] === 'ANNO' ? packet.annotations.readUInt16BE(20) : tagOf(given)
      if ((tag & 0xfff) !== Number(argument(given, 'NATIVE_VLAN', 9) ?? 0)) {
        const bytes = data(packet)
        const type = Number(argument(given, 'ETHERTYPE', 9) ?? 0x8100)
        const inserted = Buffer.from([type >> 8, type & 255, tag >> 8, tag & 255])
        packet.buffer = Buffer.concat([
          packet.buffer.subarray(0, packet.start),
          bytes.subarray(0, 12),
          inserted,
          bytes.subarray(12),
        ])
        packet.end = packet.buffer.length
      }
      packet.mac = packet.start
      output(0, packet)
    }),
  VLANDecap: ({ arguments: given, output }) =>
    only((packet) => {
      const bytes = data(packet)
      const keep = argument(given, 'ANNO', 0) !== 'false'
      const isTagged =
        bytes.length >= 16 && bytes.readUInt16BE(12) === Number(argument(given, 'ETHERTYPE', 9) ?? 0x8100)
      if (keep) packet.annotations.writeUInt16BE(isTagged ? bytes.readUInt16BE(14) : 0, 20)
      if (isTagged) {
        bytes.copy(bytes, 4, 0, 12)
        packet.start += 4
      }
      packet.mac = packet.start
      output(0, packet)
    }),
  IPEncap: ({ arguments: given, output }) => {
    let identification = 0
    return only((packet) => {
      push(packet, 20)
      const head = data(packet)
      const number = (name: string, otherwise: number): number => Number(argument(given, name, 9) ?? otherwise)
      head.fill(0, 0, 20)
      head[0] = 0x45
      head[1] = number('TOS', number('DSCP', 0) * 4)
      head.writeUInt16BE(length(packet), 2)
      head.writeUInt16BE(identification++ & 0xffff, 4)
      head.writeUInt16BE(argument(given, 'DF', 9) === 'true' ? 0x4000 : 0, 6)
      head[8] = number('TTL', 250)
      head[9] = Number(given[0])
      ip(given[1] ?? '').copy(head, 12)
      if (given[2] === 'DST_ANNO') packet.annotations.copy(head, 16, 0, 4)
      else ip(given[2] ?? '').copy(head, 16)
      head.copy(packet.annotations, 0, 16, 20)
      head.writeUInt16BE(checksum(head.subarray(0, 20)), 10)
      packet.network = packet.start
      output(0, packet)
    })
  },
  ...Object.fromEntries(lookups.map((name) => [name, lookUp])),
  ARPResponder: ({ arguments: given, output }) =>
    only((packet) => {
      const bytes = data(packet)
      const isRequest =
        bytes.length >= 42 && bytes.subarray(12, 18).toString('hex') === '080600010800' && bytes.readUInt16BE(20) === 1
      const asked = isRequest ? bytes.readUInt32BE(38) : 0
      const entries = given.flatMap((entry) => {
        const words = entry.split(/\s+/)
        return words.slice(0, -1).map((prefix) => [...prefixOf(prefix), words.at(-1) ?? ''] as const)
      })
      const [found] = entries
        .filter(([address, mask]) => (asked & mask) >>> 0 === address)
        .sort((one, other) => other[1] - one[1])
      if (!isRequest || !found) {
        output(1, packet)
        return
      }
      const [, , ether] = found
      const asker = bytes.subarray(22, 32)
      const fixed = Buffer.from('08060001080006040002', 'hex')
      const reply = Buffer.concat([asker.subarray(0, 6), mac(ether), fixed, mac(ether), bytes.subarray(38, 42), asker])
      const room = Buffer.alloc(64)
      const annotations = Buffer.alloc(48)
      packet.annotations.copy(annotations, 20, 20, 22)
      const buffer = Buffer.concat([room, reply])
      output(0, {
        buffer,
        start: 64,
        end: buffer.length,
        annotations,
        network: -1,
        transport: -1,
        mac: 64,
        type: 'host',
      })
    }),
}
