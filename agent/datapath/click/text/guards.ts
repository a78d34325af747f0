/**
 * Pure: what a guest may not forge (SliceInterface.guards), as a part of its vif's router. All of them cost a TCP packet of IPv4 five comparisons.
 *
 * What is decided where a guard could be gone round:
 * - VLAN tags, and IP in SNAP (RFC 1042): no guard looks behind them. What they could hide is dropped as `tagged`, unless `mac` is the only guard.
 * - IPv6 extension headers: a chain is not followed. Neighbour discovery is valid with a hop limit of 255 alone (RFC 4861, 6.1, 7.1 and 8.1), which
 *   together with an extension header nothing else needs (MLD has 1): such packets are dropped, which does what RFC 7113 wants of a parser. So is
 *   UDP behind an extension header, and a second extension header: they could hide a DHCPv6 server (RFC 7610). UDP in fragments passes once the ports
 *   of the first one were looked at; TCP, ICMPv6 and IPv6 pass behind one extension header. AH and ESP count as none: nobody takes them without a key.
 * - UDP behind options of IPv4 is dropped where DHCP servers are: its ports are at no place that is known.
 * - DHCP servers are known by their port or by their client's (67 or 68, 547 or 546): a client looks at nothing else (RFC 2131, 4.1; RFC 7610, 3).
 * - Own link-local addresses are the one that EUI-64 makes of the interface's MAC (RFC 4291, appendix A), and those that its addresses name: of those
 *   that a guest makes up (RFC 7217) any could be another's.
 * - `arp` looks at the sender's protocol address only where `ip` is on too: a router asks in the name of any of its addresses.
 */
import type { SliceInterface } from '../../../../proto/generated/weft.v1.ts'
import { parseIp, parseMac } from '../../../netlink/codec/address.ts'
import { drop, type Part } from './part.ts'

/** Counters, by guard; `tagged` is that of all but `mac`. */
const counterOf = {
  ip: 'spoofed_ip',
  arp: 'spoofed_arp',
  nd: 'spoofed_nd',
  'dhcp-server': 'dhcp_server',
  ra: 'router_advertisement',
} as const

type Guarded = Pick<SliceInterface, 'mac' | 'addresses' | 'guards'>

/** Bytes in hexadecimal. */
interface Own {
  readonly mac: string
  readonly ip4: readonly string[]
  readonly ip6: readonly string[]
}

/** undefined: nothing is guarded. Throws CodecError where the MAC or an address is none. */
export const guardsPart = ({ mac, addresses, guards }: Guarded): Part | undefined => {
  const on = new Set(guards)
  if (on.size === 0) return undefined
  const own = ownOf(mac, addresses)
  const source = on.has('mac') ? [macPart(own)] : []
  const packets = on.size > source.length ? [packetsPart(on, own)] : []
  const [first, second] = [...source, ...packets]
  if (!first || !second) return first
  const lines = [...first.lines, ...second.lines, `${first.output} -> ${second.input};`]
  return { lines, input: first.input, output: second.output }
}

const ownOf = (mac: string, addresses: readonly string[]): Own => {
  const bytes = addresses.map((address) => parseIp(address.replace(/\/.*/, '')))
  const ofLength = (length: number) => bytes.filter((one) => one.length === length).map((one) => one.toString('hex'))
  const ip6 = new Set([...ofLength(16), linkLocal(parseMac(mac))])
  return { mac: parseMac(mac).toString('hex'), ip4: [...new Set(ofLength(4))], ip6: [...ip6] }
}

const linkLocal = (mac: Buffer): string => {
  const eui64 = [(mac[0] ?? 0) ^ 2, ...mac.subarray(1, 3), 0xff, 0xfe, ...mac.subarray(3)]
  return `fe80000000000000${Buffer.from(eui64).toString('hex')}`
}

const macPart = ({ mac }: Own): Part => ({
  lines: [`source :: Classifier(6/${mac}, -); // its own Ethernet address`, drop('source[1]', 'spoofed_mac')],
  input: 'source',
  output: 'source',
})

/** What a pattern decides, first come, first served: where packets are dropped; '' where they pass. */
type Rule = readonly [pattern: string, counter: string]

interface Check {
  readonly name: string
  readonly rules: readonly Rule[]
}

const hiding = ['12/8100', '12/88a8', '12/9100', '12/0000%f800 14/aaaa03000000']

/** The guards that look into packets: kinds of frames part, go through the checks of theirs, and meet again. */
const packetsPart = (on: ReadonlySet<string>, own: Own): Part => {
  const branches = [
    { pattern: '12/0800', checks: ip4Checks(on, own) },
    { pattern: '12/86dd', checks: ip6Checks(on, own) },
    { pattern: '12/0806', checks: on.has('arp') ? [arpCheck(on, own)] : [] },
  ].filter(({ checks }) => checks.length > 0)
  const patterns = [...branches.map(({ pattern }) => pattern), ...hiding, '-']
  const counters = Object.entries(counterOf).flatMap(([guard, counter]) => (on.has(guard) ? [counter] : []))
  return {
    lines: [
      ...[...counters, 'tagged'].map((counter) => `${counter} :: Counter -> Discard;`),
      `kinds :: Classifier(${patterns.join(', ')}); // IPv4, IPv6, ARP; what could hide them`,
      'guarded :: Null;',
      ...branches.flatMap(({ checks }, i) => branchLines(`kinds[${i}]`, checks)),
      `${hiding.map((_, i) => `kinds[${branches.length + i}]`).join(', ')} -> tagged;`,
      `kinds[${patterns.length - 1}] -> guarded;`,
    ],
    input: 'kinds',
    output: 'guarded',
  }
}

/** What a check lets pass, for people. */
const meanings: Readonly<Record<string, string>> = {
  ip4_source: 'its own address, or a request for one',
  dhcp4: 'from no DHCP server',
  beginnings: 'without an address as far as it may be',
  ip6_source: 'its own address',
  extended: 'no discovery behind extension headers',
  chained: 'no DHCPv6 server behind extension headers',
  advertisements: 'from no router',
  nd_source: 'in the name of its own address',
  nd_target: 'for its own address',
  dhcp6: 'from no DHCPv6 server',
  arp_sender: 'its own addresses',
}

const branchLines = (from: string, checks: readonly Check[]): readonly string[] => {
  let passed = from
  const lines = checks.flatMap(({ name, rules }) => {
    const to = (counter: string) => rules.flatMap((rule, i) => (rule[1] === counter ? [`${name}[${i}]`] : []))
    const counters = [...new Set(rules.map(([, counter]) => counter))].filter((counter) => counter !== '')
    const into = `${passed} -> ${name} :: Classifier(${rules.map(([pattern]) => pattern).join(', ')}); // ${meanings[name]}`
    passed = to('').join(', ')
    return [into, ...counters.map((counter) => `${to(counter).join(', ')} -> ${counter};`)]
  })
  return [...lines, `${passed} -> guarded;`]
}

const pass = (...patterns: readonly string[]): readonly Rule[] => patterns.map((pattern) => [pattern, ''])
const refuse = (counter: string, ...patterns: readonly string[]): readonly Rule[] =>
  patterns.map((pattern) => [pattern, counter])

/** A request of DHCP, whole, of a client that has no address. */
const dhcpRequest = '26/00000000ffffffff 14/45 20/0000%3fff 23/11 34/00440043'

const ip4Checks = (on: ReadonlySet<string>, { ip4 }: Own): readonly Check[] => {
  const source = [...pass(...ip4.map((address) => `26/${address}`), dhcpRequest), ...refuse(counterOf.ip, '-')]
  const ports = ['34/0043', '36/0044'].map((port) => `20/0000%1fff ${port}`)
  const servers = [...pass('!23/11'), ...refuse(counterOf['dhcp-server'], '!14/45', ...ports), ...pass('-')]
  return [
    ...(on.has('ip') ? [{ name: 'ip4_source', rules: source }] : []),
    ...(on.has('dhcp-server') ? [{ name: 'dhcp4', rules: servers }] : []),
  ]
}

/** Sender's addresses, of Ethernet and IPv4 alone: others no host takes. */
const arpCheck = (on: ReadonlySet<string>, { mac, ip4 }: Own): Check => {
  const sender = `14/000108000604 22/${mac}`
  const senders = on.has('ip') ? [...ip4, '00000000'].map((address) => `${sender} 28/${address}`) : [sender]
  return { name: 'arp_sender', rules: [...pass(...senders), ...refuse(counterOf.arp, '-')] }
}

const next = { tcp: '06', udp: '11', icmp: '3a', fragment: '2c' } as const
/** Hop-by-hop, routing, fragment, destination options, mobility, HIP, Shim6 (RFC 7045, 4). */
const extensions = ['00', '2b', next.fragment, '3c', '87', '8b', '8c']
const notExtended = extensions.map((header) => `!20/${header}`).join(' ')
/** Types of ICMPv6. */
const icmp = {
  mldReports: ['83', '8f'],
  routerSolicitation: '85',
  routerAdvertisement: '86',
  solicitation: '87',
  advertisement: '88',
  redirect: '89',
} as const
const unspecified = '0'.repeat(32)

/** Who has no address yet asks for routers, for whether it may have one, and joins the groups of that (RFC 3590). */
const beginnings: readonly Rule[] = [
  ...pass(
    `!22/${unspecified}`,
    ...[icmp.routerSolicitation, icmp.solicitation].map((type) => `20/${next.icmp} 38/ff 54/${type}`),
    ...icmp.mldReports.map((type) => `20/00 38/ff 54/${next.icmp} 62/${type}`),
  ),
  ...refuse(counterOf.ip, '-'),
]

/** Discovery behind an extension header. Routers speak from link-local addresses alone (RFC 4861, 6.1.2 and 8.1). */
const hiddenDiscovery = (on: ReadonlySet<string>): readonly Rule[] => [
  ...pass('!21/ff', notExtended),
  ...(on.has('ra') ? refuse(counterOf.ra, '22/fe80%ffc0') : []),
  ...(on.has('nd') ? refuse(counterOf.nd, '-') : pass('-')),
]

/** Behind the extension header at byte 54 there is UDP perhaps, or one header more. */
const hiddenServers: readonly Rule[] = [
  ...pass(`20/${next.tcp}`, notExtended),
  ...refuse(counterOf['dhcp-server'], ...extensions.map((header) => `54/${header}`)),
  ...pass(`!54/${next.udp}`),
  ...refuse(
    counterOf['dhcp-server'],
    ...['62/0223', '64/0222'].map((port) => `20/${next.fragment} 56/0000%fff8 ${port}`),
  ),
  ...pass(`20/${next.fragment}`),
  ...refuse(counterOf['dhcp-server'], '-'),
]

const ip6Checks = (on: ReadonlySet<string>, { ip6 }: Own): readonly Check[] => {
  const addresses = ip6.map((address) => `22/${address}`)
  const elseThan = (header: string) => pass(`!20/${header}`)
  const checks: Readonly<Record<string, readonly Rule[] | false>> = {
    beginnings: on.has('ip') && beginnings,
    ip6_source: on.has('ip') && [...pass(...addresses, `22/${unspecified}`), ...refuse(counterOf.ip, '-')],
    extended: (on.has('nd') || on.has('ra')) && hiddenDiscovery(on),
    chained: on.has('dhcp-server') && hiddenServers,
    advertisements: on.has('ra') && [
      ...elseThan(next.icmp),
      ...refuse(counterOf.ra, `54/${icmp.routerAdvertisement}`, `54/${icmp.redirect}`),
      ...pass('-'),
    ],
    // Where `ip` is on, it has looked at the source.
    nd_source: on.has('nd') &&
      !on.has('ip') && [
        ...elseThan(next.icmp),
        ...pass(...addresses, `22/${unspecified}`),
        ...refuse(
          counterOf.nd,
          ...[icmp.routerSolicitation, icmp.solicitation, icmp.advertisement].map((type) => `54/${type}`),
        ),
        ...pass('-'),
      ],
    nd_target: on.has('nd') && [
      ...elseThan(next.icmp),
      ...pass(`!54/${icmp.advertisement}`, ...ip6.map((address) => `62/${address}`)),
      ...refuse(counterOf.nd, '-'),
    ],
    dhcp6: on.has('dhcp-server') && [
      ...elseThan(next.udp),
      ...refuse(counterOf['dhcp-server'], '54/0223', '56/0222'),
      ...pass('-'),
    ],
  }
  return Object.entries(checks).flatMap(([name, rules]) => (rules ? [{ name, rules }] : []))
}
