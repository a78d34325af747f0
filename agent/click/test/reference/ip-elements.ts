/** Elements of Ethernet and IP, after their documentation and the RFCs. Checksums are calculated anew, never updated. */
import { checksum, header, headerLength, ip, ipText, mac, onesSum, prefixOf } from './bytes.ts'
import { argument, element, list, type Make, nowhere } from './elements.ts'
import { data, pull, push, type ReferencePacket } from './packet.ts'

/** Whether a header's checksum was right decides what an incremental update leaves: the same error as before. */
const keepChecksum = (head: Buffer, change: () => void): void => {
  const bytes = ((head[0] ?? 0) & 15) * 4
  const before = onesSum(head.subarray(0, Math.max(20, bytes)))
  change()
  head.writeUInt16BE(0, 10)
  // The checksum that makes the sum what it was (one's complement arithmetic, RFC 1071).
  const rest = onesSum(head.subarray(0, Math.max(20, bytes)))
  const wanted = (before + (0xffff - rest)) % 0xffff
  head.writeUInt16BE(wanted, 10)
}

const numberText = (number: number): string => [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.')

const reasons = [
  'tiny packet',
  'bad IP version',
  'bad IP header length',
  'bad IP length',
  'bad IP checksum',
  'bad source address',
] as const

const checkIp =
  (checks: boolean): Make =>
  ({ arguments: given, output }) => {
    const offset = Number(argument(given, 'OFFSET', 0) ?? 0)
    const interfaces = list(given, 'INTERFACES', nowhere).map(prefixOf)
    const badSources = list(given, 'BADSRC', nowhere)
      .concat(interfaces.map(({ address, mask }) => numberText((address | ~mask) >>> 0)))
      .concat(interfaces.length > 0 ? ['0.0.0.0', '255.255.255.255'] : [])
    const goodDestinations = list(given, 'GOODDST', nowhere).concat(interfaces.map(({ own }) => numberText(own)))
    const sums = (argument(given, 'CHECKSUM', nowhere) ?? `${checks}`) === 'true'
    const drops = new Map(reasons.map((reason) => [reason, 0]))
    const wrong = (head: Buffer): (typeof reasons)[number] | undefined => {
      if (head.length < 20) return 'tiny packet'
      if ((head[0] ?? 0) >> 4 !== 4) return 'bad IP version'
      const bytes = headerLength(head)
      const total = head.readUInt16BE(2)
      if (bytes < 20) return 'bad IP header length'
      if (total > head.length || total < bytes) return 'bad IP length'
      if (sums && checksum(head.subarray(0, bytes)) !== 0) return 'bad IP checksum'
      const isBad = badSources.includes(ipText(head.subarray(12)))
      return isBad && !goodDestinations.includes(ipText(head.subarray(16))) ? 'bad source address' : undefined
    }
    const check = (packet: ReferencePacket): void => {
      const head = data(packet).subarray(offset)
      const reason = wrong(head)
      if (reason) {
        drops.set(reason, (drops.get(reason) ?? 0) + 1)
        output(1, packet)
        return
      }
      packet.network = packet.start + offset
      packet.end = packet.network + head.readUInt16BE(2)
      head.copy(packet.annotations, 0, 16, 20)
      output(0, packet)
    }
    return element(check, {
      drops: () => `${[...drops.values()].reduce((sum, count) => sum + count, 0)}`,
      drop_details: () => [...drops].map(([reason, count]) => `${count}\t${reason}\n`).join(''),
    })
  }

/** Of four bytes. */
const annotationOf = (name: string | undefined): number =>
  ({ DST_IP: 0, AGGREGATE: 20, EXTRA_LENGTH: 28 })[name ?? 'DST_IP'] ?? Number(name)

const setService =
  (keyword: string, keep: number, bits: (text: string) => number): Make =>
  ({ arguments: given, output }) =>
    element((packet) => {
      const head = header(packet)
      keepChecksum(head, () => {
        head[1] = ((head[1] ?? 0) & keep) | bits(argument(given, keyword, 0) ?? '')
      })
      output(0, packet)
    })

const tagOf = (given: readonly string[]): number =>
  Number(argument(given, 'VLAN_TCI', 0) ?? argument(given, 'VLAN_ID', nowhere) ?? 0) |
  (Number(argument(given, 'VLAN_PCP', 1) ?? 0) << 13)

const lookups = ['Static', 'Radix', 'Linear', 'Direct', 'Range']
  .map((name) => `${name}IPLookup`)
  .concat('LookupIPRoute')

const lookUp: Make = ({ arguments: given, output }) =>
  element((packet) => {
    const destination = packet.annotations.readUInt32BE(0)
    let best: { mask: number; words: readonly string[] } | undefined
    for (const route of given) {
      const words = route.split(/\s+/)
      const { address, mask } = prefixOf(words[0] ?? '')
      // Of two routes for the same addresses the first stays.
      if ((destination & mask) >>> 0 === address && (!best || mask > best.mask)) best = { mask, words }
    }
    if (!best) return
    const gateway = best.words.length === 3 && best.words[1] !== '-' ? (best.words[1] ?? '') : '0.0.0.0'
    if (gateway !== '0.0.0.0') ip(gateway).copy(packet.annotations, 0)
    output(Number(best.words.at(-1)), packet)
  })

export const ipElements: Readonly<Record<string, Make>> = {
  CheckIPHeader: checkIp(true),
  CheckIPHeader2: checkIp(false),
  MarkIPHeader: ({ arguments: given, output }) =>
    element((packet) => {
      packet.network = packet.start + Number(argument(given, 'OFFSET', 0) ?? 0)
      output(0, packet)
    }),
  StripToNetworkHeader: ({ output }) =>
    element((packet) => {
      packet.start = packet.network
      output(0, packet)
    }),
  StripIPHeader: ({ output }) =>
    element((packet) => {
      pull(packet, packet.network + ((packet.buffer[packet.network] ?? 0) & 15) * 4 - packet.start)
      output(0, packet)
    }),
  GetIPAddress: ({ arguments: given, output }) =>
    element((packet) => {
      const which = argument(given, 'IP', nowhere)
      const from = which
        ? packet.network + (which === 'src' ? 12 : 16)
        : packet.start + Number(argument(given, 'OFFSET', 0))
      const anno = argument(given, 'ANNO', 1)
      if (from + 4 <= packet.end) packet.buffer.copy(packet.annotations, annotationOf(anno), from, from + 4)
      output(0, packet)
    }),
  SetIPAddress: ({ arguments: given, output }) =>
    element((packet) => {
      ip(argument(given, 'IPADDR', 0) ?? '').copy(packet.annotations, annotationOf(argument(given, 'ANNO', nowhere)))
      output(0, packet)
    }),
  DecIPTTL: ({ arguments: given, output }) => {
    let drops = 0
    const decrement = (packet: ReferencePacket): void => {
      const head = header(packet)
      const isMulticast = (head[16] ?? 0) >> 4 === 14
      const isExempt = isMulticast && argument(given, 'MULTICAST', nowhere) === 'false'
      if (isExempt || argument(given, 'ACTIVE', nowhere) === 'false') output(0, packet)
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
    return element(decrement, {
      drops: () => `${drops}`,
      active: () => argument(given, 'ACTIVE', nowhere) ?? 'true',
    })
  },
  SetIPDSCP: setService('DSCP', 0x03, (text) => Number(text) << 2),
  SetIPECN: setService('ECN', 0xfc, (text) => {
    const names = [
      ['0', 'no', '-'],
      ['1', 'ect1', 'ECT(1)'],
      ['2', 'ect2', 'ECT(0)'],
      ['3', 'ce', 'CE'],
    ]
    return names.findIndex((of) => of.includes(text))
  }),
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
    return element(set, { drops: () => `${drops}` })
  },
  EtherMirror: ({ output }) =>
    element((packet) => {
      const bytes = data(packet)
      const destination = Buffer.from(bytes.subarray(0, 6))
      bytes.copy(bytes, 0, 6, 12)
      destination.copy(bytes, 6)
      output(0, packet)
    }),
  EtherRewrite: ({ arguments: given, output }) =>
    element((packet) => {
      mac(argument(given, 'DST', 1) ?? '').copy(packet.buffer, packet.mac)
      mac(argument(given, 'SRC', 0) ?? '').copy(packet.buffer, packet.mac + 6)
      output(0, packet)
    }),
  EtherEncap: ({ arguments: given, output }) =>
    element((packet) => {
      push(packet, 14)
      packet.mac = packet.start
      mac(argument(given, 'DST', 2) ?? '').copy(packet.buffer, packet.start)
      mac(argument(given, 'SRC', 1) ?? '').copy(packet.buffer, packet.start + 6)
      packet.buffer.writeUInt16BE(Number(argument(given, 'ETHERTYPE', 0)), packet.start + 12)
      output(0, packet)
    }),
  HostEtherFilter: ({ arguments: given, output }) =>
    element((packet) => {
      const own = mac(argument(given, 'ETHER', 0) ?? '')
      const bytes = data(packet).subarray(Number(argument(given, 'OFFSET', nowhere) ?? 0))
      // Click reads on behind the packet's end.
      if (bytes.length < 12) return
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
    return element(filter, { drops: () => `${drops}` })
  },
  SetVLANAnno: ({ arguments: given, output }) =>
    element((packet) => {
      packet.annotations.writeUInt16BE(tagOf(given), 20)
      output(0, packet)
    }),
  VLANEncap: ({ arguments: given, output }) =>
    element((packet) => {
      const tag = argument(given, 'VLAN_TCI', 0) === 'ANNO' ? packet.annotations.readUInt16BE(20) : tagOf(given)
      if ((tag & 0xfff) !== Number(argument(given, 'NATIVE_VLAN', nowhere) ?? 0)) {
        const bytes = data(packet)
        const type = Number(argument(given, 'ETHERTYPE', nowhere) ?? 0x8100)
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
    element((packet) => {
      const bytes = data(packet)
      const keep = argument(given, 'ANNO', 0) !== 'false'
      const isTagged =
        bytes.length >= 16 && bytes.readUInt16BE(12) === Number(argument(given, 'ETHERTYPE', nowhere) ?? 0x8100)
      if (keep) packet.annotations.writeUInt16BE(isTagged ? bytes.readUInt16BE(14) : 0, 20)
      if (isTagged) {
        bytes.copy(bytes, 4, 0, 12)
        packet.start += 4
      }
      packet.mac = packet.start
      output(0, packet)
    }),
  ...Object.fromEntries(lookups.map((name) => [name, lookUp])),
}
