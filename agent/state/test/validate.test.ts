import t from 'tap'
import { create, type Init } from '../../../proto/codec.ts'
import { WeftError } from '../../../proto/errors.ts'
import type { Slice, SliceLink, SliceNode } from '../../../proto/generated/weft.v1.ts'
import { validateSlice } from '../validate.ts'

const node = (id: string, init: Init<SliceNode> = {}): Init<SliceNode> => ({
  id,
  hypervisor: 'lxc',
  interfaces: [
    { index: 0, mac: '02:00:00:00:00:01', addresses: ['10.0.0.1/30', 'fd00::1/64'], mtu: 1450 },
    { index: 1 },
  ],
  ...init,
})
const segment = { technology: 'vxlan', identifier: 100, local: '192.0.2.1', remote: '192.0.2.2', nic: 'eth1' }
const link = (id: string, init: Init<SliceLink> = {}): Init<SliceLink> => ({
  id,
  mtu: 1450,
  ends: [{ node: 'a', interface: 0 }],
  segments: [segment],
  ...init,
})
const right: Init<Slice> = { vnet: 'alice.shop', generation: 1, nodes: [node('a'), node('b')], links: [link('l1')] }

const problem = (init: Init<Slice>): { object: string; message: string; code: string } | undefined => {
  try {
    validateSlice(create('Slice', { ...right, ...init }))
    return undefined
  } catch (error) {
    if (!(error instanceof WeftError)) throw error
    return { object: error.object, message: error.message, code: error.code }
  }
}

t.test('right slices pass', async (t) => {
  t.equal(problem({}), undefined)
  t.equal(problem({ vnet: 'shop' }), undefined)
  t.equal(problem({ nodes: [], links: [], absent: true }), undefined)
  const two = [
    { node: 'a', interface: 0 },
    { node: 'b', interface: 0 },
  ]
  t.equal(problem({ links: [link('inside', { ends: two, segments: [] })] }), undefined)
  const other = { ...segment, remote: '192.0.2.3' }
  t.equal(problem({ links: [link('relay', { ends: [], segments: [segment, other] })] }), undefined)
})

t.test('names are names', async (t) => {
  for (const vnet of ['', 'Shop', 'a.b.c', '../etc', 'a/b', `a${'b'.repeat(90)}`, 'a b', '1a', '.a', 'a.']) {
    t.match(problem({ vnet }), { code: 'slice.invalid', object: 'vnet' }, `"${vnet}" is none`)
  }
  for (const id of ['', 'A', '..', 'a/b', 'a.b', 'a'.repeat(41)]) {
    t.match(problem({ nodes: [node(id)], links: [] }), { code: 'slice.invalid' }, `"${id}" is none`)
    t.match(problem({ links: [link(id)] }), { code: 'slice.invalid' })
  }
})

t.test('nothing is there twice', async (t) => {
  t.match(problem({ nodes: [node('a'), node('a')] }), { object: 'vnet/alice.shop' })
  t.match(problem({ links: [link('l1'), link('l1')] }), { message: /the link l1 twice/ })
  t.match(problem({ nodes: [node('a', { interfaces: [{ index: 0 }, { index: 0 }] })] }), { object: 'node/a' })
  const files = [{ path: '/etc/x' }, { path: '/etc/x' }]
  t.match(problem({ nodes: [node('a', { startUp: { files } })] }), { message: /start-up file \/etc\/x twice/ })
})

t.test('a link joins two things, each interface once', async (t) => {
  t.match(problem({ links: [link('l1', { segments: [] })] }), { object: 'link/l1', message: /joins 1 things/ })
  t.match(problem({ links: [link('l1', { segments: [segment, segment] })] }), { message: /joins 3 things/ })
  t.match(problem({ links: [link('l1', { ends: [{ node: 'c' }] })] }), { message: /c, which is no node/ })
  t.match(problem({ links: [link('l1', { ends: [{ node: 'a', interface: 5 }] })] }), { message: /a\.5/ })
  t.match(problem({ links: [link('l1'), link('l2', { segments: [{ ...segment, identifier: 101 }] })] }), {
    message: /at interface a\.0 twice/,
  })
  const onNic = node('a', { interfaces: [{ index: 0, nic: 'eth2' }] })
  t.match(problem({ nodes: [onNic] }), { message: /at interface a\.0 twice/ })
  const otherEnd = { ends: [{ node: 'b', interface: 0 }] }
  t.match(problem({ links: [link('l1'), link('l2', otherEnd)] }), { message: /segment vxlan 100/ })
})

t.test('interfaces are what the kernel takes', async (t) => {
  const bad: Init<SliceNode>['interfaces'] = [
    { mac: '02:00:00:00:00' },
    { mac: '03:00:00:00:00:01' },
    { addresses: ['10.0.0.1'] },
    { addresses: ['10.0.0.1/33'] },
    { addresses: ['10.0.0.1/24/1'] },
    { addresses: ['fd00::1/129'] },
    { addresses: ['10.0.0.1/24', '10.0.0.1/24'] },
    { mtu: 10 },
    { mtu: 70000 },
    { index: 1000 },
    { forwarding: 'magic' },
    { nic: 'eth0/../x' },
    { nic: 'a-name-too-long-for-it' },
  ]
  for (const one of bad ?? []) {
    t.match(
      problem({ nodes: [node('a', { interfaces: [one] })], links: [] }),
      { code: 'slice.invalid' },
      JSON.stringify(one),
    )
  }
})

t.test('segments are what the technology takes', async (t) => {
  for (const one of [
    { technology: 'magic' },
    { identifier: 2 ** 24 },
    { local: 'here' },
    { remote: '192.0.2.1' },
    { remote: 'fd00::1' },
    { nic: 'no such/name' },
  ]) {
    t.match(
      problem({ links: [link('l1', { segments: [{ ...segment, ...one }] })] }),
      { object: 'link/l1' },
      JSON.stringify(one),
    )
  }
})

t.test('nodes ask for what exists anywhere, and files stay where they may', async (t) => {
  for (const one of [{ hypervisor: 'magic' }, { hypervisor: '' }, { restartPolicy: 'maybe' }, { image: '../x' }]) {
    t.match(problem({ nodes: [node('a', one)] }), { object: 'node/a' }, JSON.stringify(one))
  }
  for (const path of ['etc/x', '/etc/../../x', '/etc/', '/proc/x', '/weft/init', '/a\0b', '/a//b']) {
    t.match(
      problem({ nodes: [node('a', { startUp: { files: [{ path }] } })] }),
      { object: 'node/a' },
      JSON.stringify(path),
    )
  }
  t.match(problem({ nodes: [node('a', { startUp: { files: [{ path: '/etc/x', mode: 0o10000 }] } })] }), {
    object: 'node/a',
  })
  t.match(problem({ nodes: [node('a', { cpu: { pins: "0'/>" } })] }), { object: 'node/a', message: /pinned/ })
})

t.test('a node of a pool is named by VNet and node', async (t) => {
  const takes = (pooled: string) => problem({ nodes: [node('a', { pooled })], links: [] })
  t.equal(takes('pool-small/n12'), undefined)
  for (const pooled of ['n12', 'pool-small/', 'pool-small/n1/n2', '../n1', 'pool-small/..']) {
    t.match(takes(pooled), { code: 'slice.invalid', object: 'node/a' }, pooled)
  }
})

t.test('an absent slice has nothing', async (t) => {
  t.match(problem({ absent: true }), { object: 'vnet/alice.shop', message: /absent/ })
})
