/** The words of IPFilter's patterns, after Click's manual page of IPClassifier; the numbers are IANA's. */

/** `tcpudp`: either of both. `transp`: any protocol. */
export type Protocol = number | 'tcpudp' | 'transp'

export const protocolNames: Readonly<Record<string, Protocol>> = {
  icmp: 1,
  igmp: 2,
  ipip: 4,
  tcp: 6,
  udp: 17,
  dccp: 33,
  gre: 47,
  sctp: 132,
  tcpudp: 'tcpudp',
  transp: 'transp',
}

export const portNames: Readonly<Record<string, number>> = {
  echo: 7,
  discard: 9,
  daytime: 13,
  chargen: 19,
  'ftp-data': 20,
  ftp: 21,
  ssh: 22,
  telnet: 23,
  smtp: 25,
  domain: 53,
  dns: 53,
  bootps: 67,
  bootpc: 68,
  tftp: 69,
  finger: 79,
  www: 80,
  pop3: 110,
  sunrpc: 111,
  auth: 113,
  nntp: 119,
  ntp: 123,
  'netbios-ns': 137,
  'netbios-dgm': 138,
  'netbios-ssn': 139,
  snmp: 161,
  'snmp-trap': 162,
  irc: 194,
  imap3: 220,
  https: 443,
  rip: 520,
  route: 520,
  imaps: 993,
  pop3s: 995,
}

export const optionNames: Readonly<Record<string, number>> = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32 }

export const messageNames: Readonly<Record<string, number>> = {
  'echo-reply': 0,
  unreachable: 3,
  sourcequench: 4,
  redirect: 5,
  echo: 8,
  routeradvert: 9,
  routersolicit: 10,
  timeexceeded: 11,
  parameterproblem: 12,
  timestamp: 13,
  'timestamp-reply': 14,
  inforeq: 15,
  'inforeq-reply': 16,
  maskreq: 17,
  'maskreq-reply': 18,
}

/** Bits in a header: of IP, or of a transport protocol. */
export interface Bits {
  readonly header: 'ip' | 'transport'
  readonly first: number
  readonly count: number
}

export const fieldNames: Readonly<Record<string, Bits & { readonly protocol?: number }>> = {
  vers: { header: 'ip', first: 0, count: 4 },
  hl: { header: 'ip', first: 4, count: 4 },
  tos: { header: 'ip', first: 8, count: 8 },
  dscp: { header: 'ip', first: 8, count: 6 },
  len: { header: 'ip', first: 16, count: 16 },
  id: { header: 'ip', first: 32, count: 16 },
  ttl: { header: 'ip', first: 64, count: 8 },
  win: { header: 'transport', first: 112, count: 16, protocol: 6 },
  type: { header: 'transport', first: 0, count: 8, protocol: 1 },
}

/** What a primitive may be about, beside the fields. */
export const topics = ['host', 'net', 'port', 'proto', 'opt', 'frag', 'unfrag', 'ect', 'ce'] as const
export type Topic = (typeof topics)[number]
export const isTopic = (word: string): word is Topic => topics.some((topic) => topic === word)

/** Operators and brackets are words of their own. */
export const wordsOf = (text: string): string[] => {
  const words: string[] = []
  let rest = text.trim()
  while (rest !== '') {
    const word = ['&&', '||', '==', '!=', '<=', '>='].find((sign) => rest.startsWith(sign))
    const plain = /^[A-Za-z0-9\-./@_:]+/.exec(rest)?.[0]
    const next = word ?? plain ?? rest.slice(0, 1)
    words.push(next)
    rest = rest.slice(next.length).trimStart()
  }
  return words
}
