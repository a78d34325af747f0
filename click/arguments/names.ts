/** Click's own names for protocols, ports, ICMP types and codes, and annotations (`ipnameinfo.cc`, `packet_anno.hh`). */
import { readInteger } from './numbers.ts'
import { type ArgumentType, refuse } from './types.ts'

export type Names = Readonly<Record<string, number>>

/** TCP or UDP; any protocol with a transport header. Numbers that no protocol has. */
export const tcpOrUdp = 256
export const anyTransport = 257

export const ipProtocols: Names = {
  dccp: 33,
  gre: 47,
  icmp: 1,
  igmp: 2,
  ipip: 4,
  sctp: 132,
  tcp: 6,
  tcpudp: tcpOrUdp,
  transp: anyTransport,
  udp: 17,
}

/** Of TCP and UDP alike. */
export const ports: Names = {
  auth: 113,
  bootpc: 68,
  bootps: 67,
  chargen: 19,
  daytime: 13,
  discard: 9,
  dns: 53,
  domain: 53,
  echo: 7,
  finger: 79,
  ftp: 21,
  'ftp-data': 20,
  https: 443,
  imap3: 220,
  imaps: 993,
  irc: 194,
  'netbios-dgm': 138,
  'netbios-ns': 137,
  'netbios-ssn': 139,
  nntp: 119,
  ntp: 123,
  pop3: 110,
  pop3s: 995,
  pptp: 1723,
  rip: 520,
  route: 520,
  smtp: 25,
  snmp: 161,
  'snmp-trap': 162,
  ssh: 22,
  sunrpc: 111,
  telnet: 23,
  tftp: 69,
  www: 80,
}

export const tcpOptions: Names = { ack: 0x10, fin: 0x01, psh: 0x08, rst: 0x04, syn: 0x02, urg: 0x20 }

export const icmpTypes: Names = {
  echo: 8,
  'echo-reply': 0,
  inforeq: 15,
  'inforeq-reply': 16,
  maskreq: 17,
  'maskreq-reply': 18,
  parameterproblem: 12,
  redirect: 5,
  routeradvert: 9,
  routersolicit: 10,
  sourcequench: 4,
  timeexceeded: 11,
  timestamp: 13,
  'timestamp-reply': 14,
  unreachable: 3,
}

/** By ICMP type (RFC 792, RFC 1812 section 5.2.7.1). */
export const icmpCodes: Readonly<Record<number, Names>> = {
  3: {
    filterprohibited: 13,
    host: 1,
    hostprecedence: 14,
    hostprohibited: 10,
    hostunknown: 7,
    isolated: 8,
    needfrag: 4,
    net: 0,
    netprohibited: 9,
    netunknown: 6,
    port: 3,
    precedencecutoff: 15,
    protocol: 2,
    srcroutefail: 5,
    toshost: 12,
    tosnet: 11,
  },
  5: { host: 1, net: 0, toshost: 3, tosnet: 2 },
  11: { reassembly: 1, transit: 0 },
  12: { erroratptr: 0, length: 2, missingopt: 1 },
}

export const lookUpName = (names: Names, text: string): number | undefined =>
  Object.hasOwn(names, text) ? names[text] : undefined

/** A name, or a number from 0 to `most`. */
export const named = (names: Names, most: number, name: string): ArgumentType<number> => ({
  name,
  parse: (text) => {
    const value = lookUpName(names, text) ?? readInteger(text)
    if (value === undefined) return refuse('invalid number')
    return value < 0 || value > most ? refuse(`out of range, bound ${value < 0 ? 0 : most}`) : value
  },
})

export const ipProtocol = named(ipProtocols, 255, 'IP protocol')
export const udpPort = named(ports, 0xffff, 'UDP port')

export interface PortRange {
  readonly lowest: number
  readonly highest: number
}

/** `LOW-HIGH`, or one port. */
export const portRange: ArgumentType<PortRange> = {
  name: 'port or LOW-HIGH',
  parse: (text) => {
    const [low = '', high = low, ...more] = text.split('-').map((part) => part.trim())
    const [lowest, highest] = [readInteger(low), readInteger(high)]
    if (lowest === undefined || highest === undefined || more.length > 0) return refuse('expected LOW-HIGH')
    if (lowest > highest) return refuse('the lowest port comes first')
    return lowest < 0 || highest > 0xffff ? refuse('out of range, bound 65535') : { lowest, highest }
  },
}

export const icmpType = named(icmpTypes, 255, 'ICMP type')

/** Offset and length of a packet's annotations, both in bytes, of 48. */
const annotations: Readonly<Record<string, readonly [offset: number, length: number]>> = {
  AGGREGATE: [20, 4],
  DST_IP: [0, 4],
  EXTRA_LENGTH: [28, 4],
  EXTRA_PACKETS: [24, 4],
  FIX_IP_SRC: [19, 1],
  ICMP_PARAMPROB: [17, 1],
  MISC_IP: [20, 4],
  PACKET_NUMBER: [32, 4],
  PAINT: [16, 1],
  VLAN: [20, 2],
  VLAN_TCI: [20, 2],
}

const annotationSpace = 48

/** The offset of an annotation of `length` bytes, by name or number. */
export const annotation = (length: number): ArgumentType<number> => ({
  name: `annotation of ${length} byte${length === 1 ? '' : 's'}`,
  parse: (text) => {
    const [offset, size] = (Object.hasOwn(annotations, text) ? annotations[text] : undefined) ?? [
      readInteger(text),
      length,
    ]
    const fits = offset !== undefined && size === length && offset >= 0 && offset + length <= annotationSpace
    return fits ? offset : refuse()
  },
})
