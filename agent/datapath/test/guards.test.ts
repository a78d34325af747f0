/** The text of guards. */
import t from 'tap'
import { readRouter } from '../../../click/read.ts'
import { guardsPart } from '../click/text/guards.ts'

const mac = '02:00:00:00:01:00'
const names = ['mac', 'ip', 'arp', 'nd', 'dhcp-server', 'ra']
const linesOf = (guards: readonly string[], addresses: readonly string[] = ['10.0.0.1/24', '2001:db8::1/64']) =>
  guardsPart({ mac, addresses, guards })?.lines ?? []
const classifier = (name: string, lines: readonly string[]): string =>
  lines.find((line) => line.includes(`${name} :: Classifier`)) ?? ''

t.test('without guards there is nothing', async (t) => {
  t.equal(guardsPart({ mac: '', addresses: [], guards: [] }), undefined)
})

t.test('the Ethernet address alone costs one element', async (t) => {
  t.same(guardsPart({ mac, addresses: [], guards: ['mac'] }), {
    lines: [
      'source :: Classifier(6/020000000100, -); // its own Ethernet address',
      'source[1] -> spoofed_mac :: Counter -> Discard;',
    ],
    input: 'source',
    output: 'source',
  })
})

t.test('whatever guards are on, the text is right Click, and counts each drop under its own name', async (t) => {
  const counters = {
    mac: 'spoofed_mac',
    ip: 'spoofed_ip',
    arp: 'spoofed_arp',
    nd: 'spoofed_nd',
    'dhcp-server': 'dhcp_server',
    ra: 'router_advertisement',
  }
  for (let bits = 1; bits < 1 << names.length; bits++) {
    const guards = names.filter((_, i) => bits & (1 << i))
    const part = guardsPart({ mac, addresses: ['10.0.0.1/24'], guards })
    const text = [
      ...(part?.lines ?? []),
      `FromDevice(in) -> ${part?.input}; ${part?.output} -> Queue -> ToDevice(out);`,
    ].join('\n')
    const { diagnostics } = readRouter(text, 'guards')
    if (diagnostics.length > 0) t.same(diagnostics, [], guards.join())
    const counted = [...text.matchAll(/(\w+) :: Counter/g)].map(([, name]) => name)
    const wanted = Object.entries(counters).flatMap(([guard, name]) => (guards.includes(guard) ? [name] : []))
    t.same(new Set(counted), new Set([...wanted, ...(guards.join() === 'mac' ? [] : ['tagged'])]), guards.join())
  }
})

t.test('each address of the interface is its own, and the link-local one of its MAC', async (t) => {
  const lines = linesOf(names, ['10.0.0.1/24', '10.0.7.1/24', '10.0.0.1/32', '2001:db8::1/64', 'fe80::1/64'])
  t.match(classifier('ip4_source', lines), /Classifier\(26\/0a000001, 26\/0a000701, 26\/0{8}f/)
  const ip6 = classifier('ip6_source', lines)
  for (const own of [
    '20010db8000000000000000000000001',
    `fe80${'0'.repeat(27)}1`,
    'fe80000000000000000000fffe000100',
  ]) {
    t.match(ip6, `22/${own}`)
    t.match(classifier('nd_target', lines), `62/${own}`)
  }
})

t.test('ARP asks for the own IP address only where that is guarded: a router asks in the name of others', async (t) => {
  t.match(classifier('arp_sender', linesOf(['arp', 'ip'])), '22/020000000100 28/0a000001,')
  t.match(classifier('arp_sender', linesOf(['arp'])), 'Classifier(14/000108000604 22/020000000100, -)')
})

t.test('what is no address is refused', async (t) => {
  t.throws(() => linesOf(['ip'], ['10.0.0/24']), { message: /10\.0\.0/ })
  t.throws(() => guardsPart({ mac: '2:0', addresses: [], guards: ['mac'] }))
})
