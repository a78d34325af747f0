import t from 'tap'
import { create, type Init } from '../../../proto/codec.ts'
import type { Impairment, SliceInterface, SliceNode } from '../../../proto/generated/weft.v1.ts'
import { validateSlice } from '../validate.ts'

const ends = [
  { node: 'a', interface: 0 },
  { node: 'b', interface: 0 },
]
const segment = { technology: 'vxlan', identifier: 100, local: '192.0.2.1', remote: '192.0.2.2', nic: 'eth1' }
const other = { index: 0, mac: '02:00:00:00:00:02' }

interface Changes {
  readonly node?: Init<SliceNode>
  readonly one?: Init<SliceInterface>
  readonly impairment?: Init<Impairment>
  readonly atSegment?: boolean
}

/** Of a slice of two nodes and a link; '' where it is right. */
const problem = ({ node = {}, one = {}, impairment, atSegment = false }: Changes): string => {
  const interfaces = [{ index: 0, mac: '02:00:00:00:00:01', ...one }]
  const [a, b] = ends
  const link = atSegment
    ? { id: 'l', ends: [a], segments: [{ ...segment, impairment }] }
    : { id: 'l', ends: [a, { ...b, impairment }] }
  const nodes = [
    { id: 'a', hypervisor: 'lxc', interfaces, ...node },
    { id: 'b', hypervisor: 'lxc', interfaces: [other] },
  ]
  try {
    validateSlice(create('Slice', { vnet: 'alice.shop', generation: 1, nodes, links: [link] } as never))
    return ''
  } catch (error) {
    return (error as Error).message
  }
}

t.test('guards are known, stand once, and need a MAC', async (t) => {
  t.equal(problem({ one: { guards: ['mac', 'ip', 'arp', 'nd', 'dhcp-server', 'ra'] } }), '')
  t.equal(problem({ one: { guards: [], mac: '' } }), '')
  t.match(problem({ one: { guards: ['mac', 'MAC'] } }), /interface\/a\.0 has the unknown guard "MAC"/)
  t.match(problem({ one: { guards: ['mac', 'mac'] } }), /a guard twice/)
  t.match(problem({ one: { guards: ['ra'], mac: '' } }), /guards and no MAC/)
})

t.test('own Click is bounded, and stands where Click joins a link', async (t) => {
  const click = 'input -> output'
  t.equal(problem({ one: { forwarding: 'click', click } }), '')
  t.match(problem({ one: { forwarding: 'bridge', click } }), /not joined to a link by Click/)
  t.match(problem({ one: { click } }), /not joined to a link by Click/)
  t.match(problem({ one: { forwarding: 'click', click: `${click}//${' '.repeat(16384)}` } }), /16401 bytes of Click/)
  t.match(problem({ one: { forwarding: 'click', click: `${click}\0` } }), /zero byte/)
})

t.test('Dom0 forwards for containers that Click joins to their links', async (t) => {
  const one = { forwarding: 'click' }
  t.equal(problem({ node: { forwarding: 'host' }, one }), '')
  t.match(problem({ node: { forwarding: 'guest' }, one }), /unknown forwarding "guest"/)
  t.match(problem({ node: { forwarding: 'host', hypervisor: 'kvm' }, one }), /of hypervisor kvm/)
  t.match(problem({ node: { forwarding: 'host' } }), /interface 0 is not joined by Click/)
})

t.test('impairments are within their bounds, at ends and at segments', async (t) => {
  const most = 1_000_000
  for (const atSegment of [false, true]) {
    const of = (impairment: Init<Impairment>) => problem({ impairment, atSegment })
    t.equal(of({}), '')
    t.equal(of({ delayMicroseconds: 60 * most, jitterMicroseconds: 60 * most, reorderMillionths: most }), '')
    t.equal(of({ lossMillionths: most, duplicateMillionths: most }), '')
    t.match(of({ delayMicroseconds: 60 * most + 1 }), /link\/l has a delay of 60000001 us/)
    t.match(of({ delayMicroseconds: 1, jitterMicroseconds: 2 }), /jitter of more than its delay/)
    t.match(of({ jitterMicroseconds: 2 }), /jitter of more than its delay/)
    t.match(of({ reorderMillionths: 1 }), /reorders without a delay/)
    for (const field of ['lossMillionths', 'duplicateMillionths', 'reorderMillionths']) {
      t.match(of({ delayMicroseconds: 1, [field]: most + 1 }), /more than all frames/, field)
    }
  }
})
