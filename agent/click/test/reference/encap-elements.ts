/** Elements that put headers in front: IPEncap, UDPIPEncap. */
import { checksum, ip, setIpChecksum } from './bytes.ts'
import { argument, element, type Make, nowhere } from './elements.ts'
import { data, length, push, type ReferencePacket } from './packet.ts'

const protocols: Readonly<Record<string, number>> = { icmp: 1, igmp: 2, ipip: 4, tcp: 6, udp: 17, gre: 47 }
const ports: Readonly<Record<string, number>> = { ssh: 22, dns: 53, domain: 53, www: 80, ntp: 123, rip: 520 }

const isTrue = (text: string | undefined): boolean => ['true', 'yes', '1', 't', 'y'].includes(text ?? '')

/** A header without options in front of the packet, which is as long as it says; `destination` may be DST_ANNO. */
const pushIp = (
  packet: ReferencePacket,
  bytes: number,
  fields: { readonly source: string; readonly destination: string; readonly id: number; readonly protocol: number },
): Buffer => {
  push(packet, bytes)
  const head = data(packet)
  head.fill(0, 0, bytes)
  head[0] = 0x45
  head.writeUInt16BE(length(packet) & 0xffff, 2)
  head.writeUInt16BE(fields.id & 0xffff, 4)
  head[8] = 250
  head[9] = fields.protocol
  ip(fields.source).copy(head, 12)
  if (fields.destination === 'DST_ANNO') packet.annotations.copy(head, 16, 0, 4)
  else ip(fields.destination).copy(head, 16)
  head.copy(packet.annotations, 0, 16, 20)
  packet.network = packet.start
  packet.transport = packet.start + 20
  return head
}

export const encapElements: Readonly<Record<string, Make>> = {
  IPEncap: ({ arguments: given, output }) => {
    const protocol = argument(given, 'PROTO', 0) ?? ''
    const source = argument(given, 'SRC', 1) ?? ''
    const destination = argument(given, 'DST', 2) ?? ''
    const number = (name: string, otherwise: number): number => Number(argument(given, name, nowhere) ?? otherwise)
    const ect = argument(given, 'ECT', nowhere)
    const congestion = isTrue(argument(given, 'CE', nowhere)) ? 3 : ect === '2' ? 2 : isTrue(ect) ? 1 : 0
    let id = 0
    return element((packet) => {
      const fields = { source, destination, id: id++, protocol: protocols[protocol] ?? Number(protocol) }
      const head = pushIp(packet, 20, fields)
      head[1] = number('TOS', number('DSCP', 0) * 4) | congestion
      if (isTrue(argument(given, 'DF', nowhere))) head[6] = 0x40
      head[8] = number('TTL', 250)
      setIpChecksum(head)
      output(0, packet)
    })
  },
  UDPIPEncap: ({ arguments: given, output }) => {
    const source = argument(given, 'SRC', 0) ?? ''
    const destination = argument(given, 'DST', 2) ?? ''
    const port = (name: string, place: number): number => {
      const text = argument(given, name, place) ?? ''
      return ports[text] ?? Number(text)
    }
    let id = 0
    return element((packet) => {
      const head = pushIp(packet, 28, { source, destination, id: id++, protocol: 17 })
      setIpChecksum(head)
      const udp = head.subarray(20)
      udp.writeUInt16BE(port('SPORT', 1), 0)
      udp.writeUInt16BE(port('DPORT', 3), 2)
      udp.writeUInt16BE(udp.length & 0xffff, 4)
      if ((argument(given, 'CHECKSUM', 4) ?? 'true') === 'true') {
        const pseudo = Buffer.from([0, 17, udp.length >> 8, udp.length & 255])
        const sum = checksum(head.subarray(12, 20), pseudo, udp)
        // RFC 768: a checksum of zero is sent as all ones, as zero says that there is none.
        udp.writeUInt16BE(sum === 0 ? 0xffff : sum, 6)
      }
      output(0, packet)
    })
  },
}
