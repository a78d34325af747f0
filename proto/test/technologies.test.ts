import t from 'tap'
import {
  identifierRule,
  isIdentifier,
  overheadBytes,
  qinqIdentifier,
  qinqTags,
  relayDatapath,
  technologies,
  technologyNamed,
  technologyNames,
} from '../technologies.ts'

t.test('a technology takes so many bytes of the underlay', async (t) => {
  const overIpv4 = { vxlan: 50, gre: 42, etherip: 36, ipip: 20, vlan: 0, qinq: 4, mpls: 18 }
  for (const [name, bytes] of Object.entries(overIpv4)) t.equal(overheadBytes(name), bytes, name)
  t.equal(overheadBytes('vxlan', 'fd00::1'), 70)
  t.equal(overheadBytes('ipip', 'fd00::1'), 40)
  t.equal(overheadBytes('mpls', 'fd00::1'), 18, 'no outer address, no difference')
  t.equal(overheadBytes('pigeon'), undefined)
  t.equal(overheadBytes('constructor'), undefined, 'what every object has is no technology')
})

t.test('the table is keyed by the names, and every technology is made by some data path', async (t) => {
  t.same(Object.keys(technologies), technologyNames)
  for (const [key, { name, datapaths, crosses, needsTunnelPrefix, identifier, carries }] of Object.entries(
    technologies,
  )) {
    t.equal(key, name)
    t.ok(datapaths.includes('click'), `${name} by click`)
    t.equal(needsTunnelPrefix, identifier === undefined, `${name}: addresses of its own where it has nothing else`)
    if (needsTunnelPrefix) t.ok(crosses, `${name} has outer addresses`)
    if (carries !== 'ethernet') t.notOk(datapaths.includes('bridge'), `a bridge cannot carry ${name}`)
  }
  t.equal(technologyNamed('any'), undefined)
  t.equal(technologyNamed(''), undefined)
})

t.test('identifiers are those that the technology’s field can have', async (t) => {
  const edges: readonly (readonly [keyof typeof technologies, readonly number[], readonly number[]])[] = [
    ['vxlan', [1, 2 ** 24 - 1], [0, 2 ** 24, 1.5, -1]],
    ['gre', [1, 2 ** 32 - 1], [0, 2 ** 32]],
    ['vlan', [1, 4094], [0, 4095, 4096]],
    ['qinq', [4097, 4096 * 4094 + 4094], [0, 4096, 1, 4096 * 4095 + 1, 4096 + 4095, 4096 * 4094 + 4095, Number.NaN]],
    ['mpls', [16, 2 ** 20 - 1], [0, 15, 2 ** 20]],
    ['etherip', [0], [1]],
    ['ipip', [0], [1]],
  ]
  for (const [name, right, wrong] of edges) {
    for (const value of right) t.ok(isIdentifier(technologies[name], value), `${name} ${value}`)
    for (const value of wrong) t.notOk(isIdentifier(technologies[name], value), `${name} ${value}`)
  }
  t.equal(identifierRule(technologies.vlan), 'a VLAN id from 1 to 4094')
  t.equal(identifierRule(technologies.qinq), 'service id * 4096 + customer id, each 1 to 4094')
  t.equal(identifierRule(technologies.ipip), '0: outer addresses tell segments of ipip apart')
})

t.test('two tags are one number and back', async (t) => {
  t.same(qinqTags(qinqIdentifier({ service: 4094, customer: 7 })), { service: 4094, customer: 7 })
})

t.test('a host relays by bridge where it can, else by click', async (t) => {
  t.equal(
    relayDatapath('vxlan', () => true),
    'bridge',
  )
  t.equal(
    relayDatapath('vxlan', (datapath) => datapath === 'click'),
    'click',
  )
  t.equal(
    relayDatapath('mpls', () => true),
    'click',
    'the bridge has no labels, whatever the host says',
  )
  t.equal(
    relayDatapath('mpls', (datapath) => datapath === 'bridge'),
    undefined,
  )
  t.equal(
    relayDatapath('pigeon', () => true),
    undefined,
  )
})
