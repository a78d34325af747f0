import t from 'tap'
import { create, type Init } from '../../../proto/codec.ts'
import { WeftError } from '../../../proto/errors.ts'
import type { Segment, SliceLink } from '../../../proto/generated/weft.v1.ts'
import { technologyNames } from '../../../proto/technologies.ts'
import { validateSlice } from '../validate.ts'

const far = { mac: '02:00:00:00:00:02', addresses: ['10.0.0.2/30'] }
const overIp = { local: '192.0.2.1', remote: '192.0.2.2', nextHop: '192.0.2.2', nic: 'eth1' }
const tagged = { nic: 'eth1' }
const right: Readonly<Record<string, Init<Segment>>> = {
  vxlan: { ...overIp, identifier: 4096 },
  gre: { ...overIp, identifier: 2 ** 32 - 1 },
  etherip: overIp,
  ipip: overIp,
  vlan: { ...tagged, identifier: 4094 },
  qinq: { ...tagged, identifier: 4094 * 4096 + 4094 },
  mpls: { ...tagged, identifier: 16, remoteMac: '02:00:00:00:00:09' },
}

/** Of a slice with one link, from a to another host unless `init` says otherwise; '' where it is right. */
const problem = (technology: string, changes: Init<Segment> = {}, init: Init<SliceLink> = {}): string => {
  const link = {
    id: 'l',
    ends: [{ node: 'a' }],
    segments: [{ technology, ...right[technology], ...changes }],
    ...(technology === 'ipip' && { far }),
    ...init,
  }
  const nodes = [{ id: 'a', hypervisor: 'lxc', interfaces: [{ index: 0 }] }]
  try {
    validateSlice(create('Slice', { vnet: 'alice.shop', nodes, links: [link] }))
    return ''
  } catch (error) {
    if (!(error instanceof WeftError) || error.code !== 'slice.invalid') throw error
    return `${error.object}: ${error.message}; ${error.hint}`
  }
}

t.test('a segment of every technology passes', async (t) => {
  for (const technology of technologyNames) t.equal(problem(technology), '', technology)
  t.equal(problem('vxlan', { nextHop: '', nic: '' }), '', 'routes and the kernel find the way')
  t.equal(problem('gre', { local: 'fd00::1', remote: 'fd00::2', nextHop: '' }), '')
})

t.test('identifiers are those of the technology', async (t) => {
  for (const [technology, identifier] of [
    ['vxlan', 0],
    ['vxlan', 2 ** 24],
    ['gre', 0],
    ['vlan', 4095],
    ['qinq', 4096],
    ['mpls', 15],
    ['ipip', 1],
    ['etherip', 7],
  ] as const)
    t.match(problem(technology, { identifier }), new RegExp(`link/l: .*the identifier ${identifier}; of ${technology}`))
  t.match(problem('magic'), /unknown technology "magic"; one of vxlan, gre/)
})

t.test('what runs over IP has two outer addresses, what does not has none', async (t) => {
  for (const technology of ['vxlan', 'gre', 'etherip', 'ipip']) {
    t.match(problem(technology, { local: '' }), /outer addresses "" and "192.0.2.2"/)
    t.match(problem(technology, { remote: 'fd00::1' }), /two different ones of one family/)
    t.match(problem(technology, { nextHop: 'fd00::1' }), /next hop "fd00::1"/)
    t.match(problem(technology, { remoteMac: '02:00:00:00:00:09' }), /none: \w+ finds its way without/)
  }
  for (const technology of ['vlan', 'qinq', 'mpls']) {
    t.match(problem(technology, { local: '192.0.2.1', remote: '192.0.2.2' }), /none: \w+ is Ethernet, not IP/)
    t.match(problem(technology, { nextHop: '192.0.2.2' }), /none: \w+ is Ethernet, not IP/)
    t.match(problem(technology, { nic: '' }), /has no NIC/)
  }
})

t.test('mpls names the NIC at the other end', async (t) => {
  t.match(problem('mpls', { remoteMac: '' }), /remote MAC ""/)
  t.match(problem('mpls', { remoteMac: '01:00:5e:00:00:01' }), /remote MAC "01:/)
})

t.test('an end of ipip says who is at the other one, nobody else does', async (t) => {
  t.match(problem('ipip', {}, { far: undefined }), /does not say the MAC of its far end/)
  t.match(problem('ipip', {}, { far: { mac: 'ff:ff:ff:ff:ff:ff' } }), /does not say the MAC/)
  t.equal(problem('ipip', {}, { far: { mac: far.mac } }), '', 'it need not have an address')
  t.match(problem('vxlan', {}, { far }), /IPv4 alone/)
  const relayed = [right.ipip, { ...right.ipip, local: '192.0.2.9' }].map((one) => ({ technology: 'ipip', ...one }))
  t.equal(problem('ipip', {}, { ends: [], segments: relayed, far: undefined }), '')
  t.match(problem('ipip', {}, { ends: [], segments: relayed }), /says what its far end is/)
})

t.test('a relay joins segments of one technology', async (t) => {
  const segments = [
    { technology: 'vlan', ...right.vlan },
    { technology: 'mpls', ...right.mpls },
  ]
  t.match(problem('vlan', {}, { ends: [], segments }), /is vlan on one side and mpls on the other/)
})

t.test('a tag stands once at a NIC, and again at another', async (t) => {
  const both = (nics: readonly string[]) => nics.map((nic) => ({ technology: 'vlan', ...right.vlan, nic }))
  t.match(problem('vlan', {}, { ends: [], segments: both(['eth1', 'eth1']) }), /the segment vlan 4094 at eth1 twice/)
  t.equal(problem('vlan', {}, { ends: [], segments: both(['eth1', 'eth2']) }), '')
})
