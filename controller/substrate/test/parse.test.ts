import t from 'tap'
import { parseSubstrate, readSubstrate } from '../parse.ts'

const good = `name: lab
cpu_overcommit: 4
hosts:
  h1:
    location: { name: eu/london, latitude: 51.5, longitude: -0.12 }
    cpu: 1.5
    memory: 2 GiB
    disk: 20 GiB
    nics: { eth2: dedicated, eth3: shared }
    tunnel_prefix: 198.18.1.0/24
  h2:
  h3: {}
switches:
  s1:
    location: { name: eu }
fabrics:
  wan:
links:
  - { ends: [h1/eth1, s1], capacity: 1 Gbit/s, delay: 1 ms }
  - { ends: [s1, h2/eth1], capacity: 1 Gbit/s }
  - id: uplink
    ends: [wan, h2/eth4]
    capacity: 100 Mbit/s
  - { ends: [h3/eth1, wan], capacity: 100 Mbit/s, delay: 250 us }
`

t.test('a substrate file declares hosts, switches, fabrics and links', async (t) => {
  const substrate = parseSubstrate(good, 'lab.yaml')
  t.equal(substrate.name, 'lab')
  t.equal(substrate.cpuOvercommit, 4)
  t.strictSame(
    substrate.nodes.map(({ id, kind }) => [id, kind]),
    [
      ['h1', 'host'],
      ['h2', 'host'],
      ['h3', 'host'],
      ['s1', 'switch'],
      ['wan', 'fabric'],
    ],
  )
  t.match(substrate.nodes[0], {
    location: { name: 'eu/london', latitude: 51.5, longitude: -0.12 },
    cpuMillis: 1500,
    memoryBytes: 2 * 2 ** 30,
    diskBytes: 20 * 2 ** 30,
    nics: ['eth2'],
    sharedNics: ['eth3'],
    tunnelPrefix: '198.18.1.0/24',
  })
  t.equal(substrate.nodes[1]?.tunnelPrefix, '')
  t.strictSame(
    substrate.links.map((l) => [
      l.id,
      l.a?.node,
      l.a?.nic,
      l.b?.node,
      l.b?.nic,
      l.capacityBitsPerSecond,
      l.delayMicroseconds,
    ]),
    [
      ['h1-s1', 'h1', 'eth1', 's1', '', 1e9, 1000],
      ['s1-h2', 's1', '', 'h2', 'eth1', 1e9, 0],
      ['uplink', 'wan', '', 'h2', 'eth4', 1e8, 0],
      ['h3-wan', 'h3', 'eth1', 'wan', '', 1e8, 250],
    ],
  )
  t.equal(substrate.positions.get('node/h2'), 'lab.yaml:11')
  t.equal(substrate.positions.get('link/uplink'), 'lab.yaml:21')
})

t.test('what breaks a rule is told with its line and what would be right', async (t) => {
  const base = 'name: x\nhosts: {h1: {nics: {eth9: dedicated}}, h2: {}, h3: {}}\nfabrics: {f: {}}\nlinks:\n'
  const cases: readonly [string, string, RegExp, string, RegExp][] = [
    [
      'an unknown end',
      `${base}  - {ends: [h1/eth1, h9/eth1], capacity: 1 Gbit/s}`,
      /h9.*not declared/,
      'f:5',
      /h1, h2/,
    ],
    ['a host without its NIC', `${base}  - {ends: [h1, f], capacity: 1 Gbit/s}`, /is "h1"/, 'f:5', /h1\/eth1/],
    ['a NIC of a fabric', `${base}  - {ends: [h1/eth1, f/p1], capacity: 1 Gbit/s}`, /NIC of a fabric/, 'f:5', /"f"/],
    ['a loop', `${base}  - {ends: [h1/eth1, h1/eth2], capacity: 1 Gbit/s}`, /both at h1/, 'f:5', /two nodes/],
    ['a capacity of nothing', `${base}  - {ends: [h1/eth1, f], capacity: 0 bit/s}`, /more than zero/, 'f:5', /10 Mbit/],
    ['an unknown unit', `${base}  - {ends: [h1/eth1, f], capacity: 1 GiB}`, /"1 GiB"/, 'f:5', /10 Mbit/],
    [
      'a NIC that is given away',
      `${base}  - {ends: [h1/eth9, f], capacity: 1 Gbit/s}`,
      /given to nodes/,
      'f:5',
      /eth9/,
    ],
    [
      'one NIC at two links',
      `${base}  - {ends: [h1/eth1, f], capacity: 1 Gbit/s}\n  - {ends: [h1/eth1, h2/eth1], capacity: 1 Gbit/s}`,
      /h1\/eth1, as link h1-f/,
      'f:6',
      /switch or fabric/,
    ],
    [
      'two links of one name',
      `${base}  - {ends: [h1/eth1, f], capacity: 1 Gbit/s}\n  - {ends: [h1/eth2, f], capacity: 1 Gbit/s}`,
      /second link "h1-f"/,
      'f:6',
      /ids/,
    ],
    ['two nodes of one name', 'name: x\nhosts: {a: {}}\nfabrics:\n  a: {}\n', /host too/, 'f:4', /name of its own/],
    ['a name that no topic can hold', 'name: x\nhosts:\n  "a/b": {}\n', /no name/, 'f:3', /letters/],
    ['an unknown member', 'name: x\nhosts:\n  a:\n    memmory: 1\n', /memmory is unknown/, 'f:4', /memory/],
    ['no hosts', 'name: x\nhosts: {}\n', /hosts/, 'f:2', /./],
    ['half a place', 'name: x\nhosts:\n  a:\n    location: {latitude: 3}\n', /longitude/, 'f:4', /./],
    [
      'a prefix that is none',
      'name: x\nhosts:\n  a: {tunnel_prefix: 198.18.0.1/24}\n',
      /host bits set.*198.18.0.0\/24/,
      'f:3',
      /198.18.1.0\/24/,
    ],
    ['a prefix of IPv6', 'name: x\nhosts:\n  a: {tunnel_prefix: "fd00::/64"}\n', /not IPv4/, 'f:3', /IPv4 prefix/],
    ['a prefix of the loopback', 'name: x\nhosts:\n  a: {tunnel_prefix: 127.1.0.0/24}\n', /loopback/, 'f:3', /IPv4/],
    [
      'prefixes that overlap',
      'name: x\nhosts:\n  a: {tunnel_prefix: 198.18.0.0/16}\n  b: {tunnel_prefix: 198.19.0.0/24}\n  c: {tunnel_prefix: 198.18.7.0/24}\n',
      /c.tunnel_prefix is 198.18.7.0\/24, which overlaps 198.18.0.0\/16 of a/,
      'f:5',
      /of its own/,
    ],
    [
      'a prefix around one before it',
      'name: x\nhosts:\n  a: {tunnel_prefix: 198.18.7.0/24}\n  b: {tunnel_prefix: 198.18.0.0/16}\n',
      /b.tunnel_prefix is 198.18.0.0\/16, which overlaps 198.18.7.0\/24 of a/,
      'f:4',
      /of its own/,
    ],
    ['no YAML', 'name: x\nhosts: {a: {}\n', /not YAML/, 'f:3', /^$/],
    ['an empty file', '', /not of type object/, 'f:1', /substrate/],
  ]
  for (const [name, text, message, where, hint] of cases) {
    const { substrate, errors } = readSubstrate(text, 'f')
    t.equal(substrate, undefined, name)
    t.match(errors[0], { code: 'substrate.invalid', message, where, hint }, name)
    t.throws(() => parseSubstrate(text, 'f'), { code: 'substrate.invalid' }, name)
  }
})

t.test('all errors of a file are told', async (t) => {
  const { errors } = readSubstrate('name: x\nhosts:\n  a: {cpu: 0.0001}\n  b: {memory: 1 m}\n', 'f')
  t.strictSame(
    errors.map(({ where }) => where),
    ['f:3', 'f:4'],
  )
})
