/** Guards in the kernel: what each lets pass and what it drops, frame by frame; and against the reference, frames of all kinds. */
import t, { type Test } from 'tap'
import { compareRuns } from '../../click/test/support/compare.ts'
import { generateFrames } from '../../click/test/support/frames.ts'
import { runFrames } from '../../click/test/support/run-frames.ts'
import { missing } from '../../ebpf/features.ts'
import { parseIp } from '../../netlink/codec/address.ts'
import { guardsPart } from '../click/text/guards.ts'
import {
  arp,
  concat,
  ethernet,
  extension,
  fragment6,
  icmp,
  ip4,
  ip6,
  protocol,
  tagged,
  tcp,
  types,
  udp,
} from './support/packets.ts'

t.setTimeout(300_000)
const skip = missing('bpf')?.message ?? false

const own = { mac: '02:00:00:00:01:00', ip4: '10.0.0.1', ip6: '2001:db8::1', local: 'fe80::ff:fe00:100' }
const other = { mac: '02:00:00:00:02:00', ip4: '10.0.0.2', ip6: '2001:db8::2', local: 'fe80::ff:fe00:200' }
const all = ['mac', 'ip', 'arp', 'nd', 'dhcp-server', 'ra']

const textOf = (guards: readonly string[]): string => {
  const addresses = [`${own.ip4}/24`, `${own.ip6}/64`]
  const part = guardsPart({ mac: own.mac, addresses, guards })
  return [...(part?.lines ?? []), `FromDevice(in) -> ${part?.input}; ${part?.output} -> Queue -> ToDevice(out);`].join(
    '\n',
  )
}

type Place = Omit<Parameters<typeof ip4>[0], 'from' | 'to' | 'next'> & { readonly from?: string; readonly to?: string }

const frame = (type: number, payload: Uint8Array) => ethernet({ from: own.mac, to: other.mac }, type, payload)
const v4 = (next: number, payload: Uint8Array, { from = own.ip4, to = other.ip4, ...rest }: Place = {}) =>
  frame(types.ip4, ip4({ from, to, next, ...rest }, payload))
const v6 = (next: number, payload: Uint8Array, { from = own.ip6, to = other.ip6, ...rest }: Place = {}) =>
  frame(types.ip6, ip6({ from, to, next, ...rest }, payload))
const discovery = (type: number, target: string, place: Place = {}) =>
  v6(protocol.icmp6, icmp(type, parseIp(target)), { hops: 255, ...place })
const asks = (operation: 1 | 2, mac: string, address: string) =>
  frame(types.arp, arp({ operation, sender: { mac, address }, target: other.ip4 }))

const nobody = { from: '0.0.0.0', to: '255.255.255.255' }
const tentative = { from: '::', to: 'ff02::1:ff00:100', hops: 255 }
const local = { from: own.local, to: 'ff02::1', hops: 255 }
const advertisement = icmp(134)
const mld = [5, 2, 0, 0, 1, 0, 0].toSpliced(0, 1, 0)

/** '' passes; else the counter that it drops into. */
type Case = readonly [counter: string, what: string, frame: Buffer]

const cases: readonly Case[] = [
  ['', 'TCP over IPv4', v4(protocol.tcp, tcp(1000, 80))],
  ['', 'TCP over IPv6', v6(protocol.tcp, tcp(1000, 80))],
  ['', 'UDP', v4(protocol.udp, udp(68, 67))],
  ['', 'a protocol of no IP', frame(types.experimental, Buffer.alloc(50))],
  ['', 'IEEE 802.3 with LLC', frame(0x26, Buffer.from('424203', 'hex'))],
  ['', 'options of IPv4 behind which there is no UDP', v4(protocol.icmp, icmp(8), { options: Buffer.alloc(4, 1) })],
  ['', 'a later fragment, whatever its first bytes are', v4(protocol.udp, udp(67, 68), { fragment: 5 })],
  ['', 'the first fragment of UDP', v4(protocol.udp, udp(53, 53), { fragment: 0x2000 })],

  [
    'spoofed_mac',
    "another's Ethernet address",
    ethernet(
      { from: other.mac, to: own.mac },
      types.ip4,
      ip4({ from: own.ip4, to: other.ip4, next: protocol.tcp }, tcp(1, 2)),
    ),
  ],
  [
    'spoofed_mac',
    'a group as Ethernet address',
    ethernet({ from: 'ff:ff:ff:ff:ff:ff', to: other.mac }, types.experimental, Buffer.alloc(50)),
  ],

  ['spoofed_ip', "another's IPv4 address", v4(protocol.tcp, tcp(1, 2), { from: other.ip4 })],
  ['spoofed_ip', 'the broadcast address', v4(protocol.icmp, icmp(8), { from: '10.0.0.255' })],
  ['spoofed_ip', 'no IPv4 address, without asking for one', v4(protocol.udp, udp(1000, 53), nobody)],
  ['spoofed_ip', 'no IPv4 address, towards one host', v4(protocol.udp, udp(68, 67), { ...nobody, to: other.ip4 })],
  ['spoofed_ip', 'no IPv4 address, in fragments', v4(protocol.udp, udp(68, 67), { ...nobody, fragment: 0x2000 })],
  ['', 'no IPv4 address, asking for one', v4(protocol.udp, udp(68, 67), nobody)],
  ['spoofed_ip', "another's IPv6 address", v6(protocol.tcp, tcp(1, 2), { from: other.ip6 })],
  ['spoofed_ip', "another's link-local address", v6(protocol.udp, udp(1, 2), { from: other.local })],
  ['spoofed_ip', 'a link-local address made up', v6(protocol.udp, udp(1, 2), { from: 'fe80::1234' })],
  ['', 'the own link-local address', v6(protocol.udp, udp(546, 547), { from: own.local, to: 'ff02::1:2' })],
  ['spoofed_ip', 'no IPv6 address', v6(protocol.udp, udp(1, 2), { from: '::' })],
  ['spoofed_ip', 'no IPv6 address, to a host', discovery(135, own.ip6, { ...tentative, to: other.ip6 })],
  ['', 'whether an address is taken', discovery(135, own.ip6, tentative)],
  ['', 'asking for routers without an address', v6(protocol.icmp6, icmp(133), { ...tentative, to: 'ff02::2' })],
  [
    '',
    'joining a group without an address',
    v6(protocol.hopByHop, extension(protocol.icmp6, icmp(143), mld), { ...tentative, hops: 1 }),
  ],
  [
    '',
    'joining a group',
    v6(protocol.hopByHop, extension(protocol.icmp6, icmp(143), mld), { from: own.local, to: 'ff02::16', hops: 1 }),
  ],

  ['', 'an ARP request', asks(1, own.mac, own.ip4)],
  ['', 'an ARP reply', asks(2, own.mac, own.ip4)],
  ['', 'an ARP probe', asks(1, own.mac, '0.0.0.0')],
  ['spoofed_arp', "ARP with another's IP address", asks(2, own.mac, other.ip4)],
  ['spoofed_arp', "ARP with another's Ethernet address", asks(2, other.mac, own.ip4)],
  [
    'spoofed_arp',
    'ARP of another kind of hardware',
    frame(types.arp, asks(1, own.mac, own.ip4).subarray(14).fill(6, 1, 2)),
  ],
  ['spoofed_arp', 'ARP that ends early', ethernet({ from: own.mac, to: other.mac }, types.arp, Buffer.alloc(4))],

  ['', 'a neighbour advertised', discovery(136, own.ip6)],
  ['', 'the own link-local address advertised', discovery(136, own.local, { from: own.local })],
  ['', 'asking for a neighbour', discovery(135, other.ip6)],
  ['spoofed_nd', "another's address advertised", discovery(136, other.ip6)],
  ['spoofed_nd', "another's link-local address advertised", discovery(136, other.local, { from: own.local })],
  [
    'spoofed_nd',
    'discovery behind an extension header',
    v6(protocol.destination, extension(protocol.icmp6, icmp(136, parseIp(other.ip6))), { hops: 255 }),
  ],
  [
    'spoofed_nd',
    'discovery in fragments',
    v6(protocol.fragment, fragment6(protocol.icmp6, icmp(136, parseIp(other.ip6))), { hops: 255 }),
  ],
  ['', 'an echo', v6(protocol.icmp6, icmp(128))],
  ['', 'an echo behind an extension header', v6(protocol.destination, extension(protocol.icmp6, icmp(128)))],
  ['', 'an echo in fragments', v6(protocol.fragment, fragment6(protocol.icmp6, icmp(128)))],

  ['router_advertisement', 'a router advertised', v6(protocol.icmp6, advertisement, local)],
  [
    'router_advertisement',
    'a redirect',
    v6(protocol.icmp6, icmp(137, concat(parseIp(other.ip6), parseIp(other.ip6))), local),
  ],
  ...[protocol.hopByHop, protocol.routing, protocol.destination, 135, 139, 140].map(
    (header): Case => [
      'router_advertisement',
      `a router behind extension header ${header}`,
      v6(header, extension(protocol.icmp6, advertisement), local),
    ],
  ),
  [
    'router_advertisement',
    'a router behind two',
    v6(protocol.destination, extension(protocol.hopByHop, extension(protocol.icmp6, advertisement)), local),
  ],
  [
    'router_advertisement',
    'a router in fragments',
    v6(protocol.fragment, fragment6(protocol.destination, extension(protocol.icmp6, Buffer.alloc(0))), local),
  ],
  [
    'router_advertisement',
    'the second of its fragments',
    v6(protocol.fragment, fragment6(protocol.destination, advertisement, 1, false), local),
  ],

  ['dhcp_server', 'an offer of DHCP', v4(protocol.udp, udp(67, 68))],
  ['dhcp_server', 'from another port', v4(protocol.udp, udp(1067, 68))],
  ['dhcp_server', 'as a relay', v4(protocol.udp, udp(67, 67))],
  ['dhcp_server', 'in fragments', v4(protocol.udp, udp(67, 68), { fragment: 0x2000 })],
  ['dhcp_server', 'behind options of IPv4', v4(protocol.udp, udp(67, 68), { options: Buffer.alloc(4, 1) })],
  ['dhcp_server', 'an answer of DHCPv6', v6(protocol.udp, udp(547, 546), { from: own.local })],
  ['dhcp_server', 'of DHCPv6 from another port', v6(protocol.udp, udp(1547, 546))],
  ['dhcp_server', 'of DHCPv6 in fragments', v6(protocol.fragment, fragment6(protocol.udp, udp(547, 546)))],
  [
    'dhcp_server',
    'of DHCPv6 behind an extension header',
    v6(protocol.destination, extension(protocol.udp, udp(547, 546))),
  ],
  [
    'dhcp_server',
    'of DHCPv6 behind two',
    v6(protocol.hopByHop, extension(protocol.destination, extension(protocol.udp, udp(547, 546)))),
  ],
  [
    'dhcp_server',
    'of DHCPv6 behind one in fragments',
    v6(protocol.fragment, fragment6(protocol.destination, extension(protocol.udp, udp(547, 546)))),
  ],
  ['', 'UDP in fragments', v6(protocol.fragment, fragment6(protocol.udp, udp(53, 53)))],
  ['', 'the second fragment of UDP', v6(protocol.fragment, fragment6(protocol.udp, udp(547, 546), 1, false))],
  ['', 'TCP behind a routing header', v6(protocol.routing, extension(protocol.tcp, tcp(1, 2)))],

  ['tagged', 'a tagged frame', tagged(v4(protocol.tcp, tcp(1, 2)), 5)],
  ['tagged', 'one tagged twice', tagged(tagged(v4(protocol.tcp, tcp(1, 2)), 5), 6, 0x88a8)],
  ['tagged', 'one with a priority alone', tagged(v4(protocol.tcp, tcp(1, 2), { from: other.ip4 }), 0)],
  [
    'tagged',
    'IP in SNAP',
    frame(
      0x40,
      concat(Buffer.from('aaaa030000000800', 'hex'), ip4({ from: other.ip4, to: own.ip4, next: 6 }, tcp(1, 2))),
    ),
  ],
]

const counters = [...new Set(cases.map(([counter]) => counter))].filter((counter) => counter !== '')

/** What of the cases passes guards, and how the drops are counted. */
const expectRun = async (
  t: Test,
  guards: readonly string[],
  expected: (one: Case) => string,
  of = cases,
): Promise<void> => {
  const text = textOf(guards)
  const there = counters.filter((counter) => text.includes(`${counter} :: Counter`))
  const run = await runFrames(
    text,
    of.map(([, , bytes]) => bytes),
    there.map((counter) => `${counter}.count`),
  )
  const left = run.frames('out').map((bytes) => bytes.toString('hex'))
  t.same(
    of.flatMap(([, what, bytes]) => (left.includes(bytes.toString('hex')) ? [what] : [])),
    of.flatMap((one) => (expected(one) === '' ? [one[1]] : [])),
    'what passes',
  )
  for (const counter of there) {
    t.equal(run.handler(`${counter}.count`), String(of.filter((one) => expected(one) === counter).length), counter)
  }
}

t.test('all guards: what is right passes as it is, the rest is dropped and counted by what is wrong', { skip }, (t) =>
  expectRun(t, all, ([counter]) => counter),
)

t.test('the Ethernet address alone: all else passes', { skip }, (t) =>
  expectRun(t, ['mac'], ([counter]) => (counter === 'spoofed_mac' ? counter : '')),
)

t.test('no guard does another one’s work', { skip }, async (t) => {
  // Headers that nobody follows could hide a server as well as a router.
  const chained = ['a router behind two', 'a router in fragments', 'the second of its fragments']
  const counterOf = { ip: 'spoofed_ip', 'dhcp-server': 'dhcp_server', ra: 'router_advertisement' }
  for (const [guard, own] of Object.entries(counterOf)) {
    const also = (what: string): boolean => guard === 'dhcp-server' && chained.includes(what)
    await t.test(guard, (t) =>
      expectRun(t, [guard], ([counter, what]) => (also(what) ? own : [own, 'tagged'].includes(counter) ? counter : '')),
    )
  }
})

t.test(
  'a router: addresses of others pass, by IP and in ARP; its neighbours it cannot speak for',
  { skip },
  async (t) => {
    const guards = all.filter((guard) => guard !== 'ip')
    const solicits: Case = [
      'spoofed_nd',
      "asking for a neighbour with another's address",
      discovery(135, other.ip6, { from: other.ip6 }),
    ]
    const named = "ARP with another's IP address"
    await expectRun(t, guards, ([counter, what]) => (counter === 'spoofed_ip' || what === named ? '' : counter), [
      ...cases,
      solicits,
    ])
  },
)

t.test('the kernel does what the reference does, with frames of all kinds', { skip }, async (t) => {
  const frames = [
    ...generateFrames(7, 4),
    ...cases.map(([, , bytes]) => bytes),
    // Cut anywhere, but not within a tag: the kernel drops such frames before anything sees them.
    ...cases.map(([, , bytes], i) => bytes.subarray(0, 18 + ((i * 7) % 44))),
  ]
  for (const guards of [all, ['arp', 'nd'], ['mac', 'ip']]) {
    const handlers = counters.filter((one) => textOf(guards).includes(`${one} ::`)).map((one) => `${one}.count`)
    const { kernel, reference } = await compareRuns({ name: guards.join(), text: textOf(guards), handlers }, frames)
    t.same(kernel, reference, guards.join())
  }
})
