import t from 'tap'
import { create, type Init } from '../../../proto/codec.ts'
import type { Interface, Link, Node, VNetRequest } from '../../../proto/generated/weft.v1.ts'
import { diffRequests } from '../diff.ts'
import { fillIn } from '../fill-in.ts'
import { createRandom, randomRequest } from './random.ts'

const node: Init<Node> = { id: 'a', hypervisor: 'lxc', memoryBytes: 64 << 20, interfaces: [{ index: 0 }] }
const link: Init<Link> = { id: 'l', a: { node: 'a', interface: 0 }, b: { node: 'b', interface: 0 } }

const request = (first: Init<Node> = {}, only: Init<Link> = {}, more: Init<VNetRequest> = {}): VNetRequest =>
  create('VNetRequest', {
    name: 'shop',
    nodes: [{ ...node, ...first }, { id: 'b' }],
    links: [{ ...link, ...only }],
    ...more,
  })

const shown = (old: VNetRequest | undefined, next: VNetRequest | undefined): readonly string[] =>
  diffRequests(old, next).map(
    ({ action, object, reason }) => `${action.replace('CHANGE_ACTION_', '')} ${object} ${reason}`,
  )

t.test('a new VNet adds everything, a removed one deletes everything', async (t) => {
  t.same(shown(undefined, request()), [
    'ADD vnet/shop it is new',
    'ADD node/a it is new',
    'ADD node/b it is new',
    'ADD link/l it is new',
  ])
  t.same(shown(request(), undefined), [
    'DELETE link/l it is no longer asked for',
    'DELETE node/a it is no longer asked for',
    'DELETE node/b it is no longer asked for',
    'DELETE vnet/shop it is no longer asked for',
  ])
  t.same(shown(undefined, undefined), [])
  t.equal(shown(request(), { ...request(), name: 'other' }).length, 8)
})

t.test('what means the same is no change', async (t) => {
  t.same(shown(request(), request()), [])
  t.same(shown(request(), fillIn(request())), [])
  t.same(shown(request({ restartPolicy: '' }), request({ restartPolicy: 'always', cpu: { count: 1 } })), [])
  for (let seed = 1; seed <= 200; seed++) {
    const random = randomRequest(createRandom(seed))
    t.same(diffRequests(random, fillIn(random)), [])
  }
})

t.test('rates and addresses change live', async (t) => {
  const mega = { rateAToBBitsPerSecond: 10 ** 6, rateBToABitsPerSecond: 2 * 10 ** 6 }
  t.same(shown(request(), request({}, mega)), [
    'CHANGE link/l rate a to b: best effort → 1 Mbit/s; rate b to a: best effort → 2 Mbit/s',
  ])
  t.same(shown(request(), request({ interfaces: [{ index: 0, addresses: ['10.0.0.1/30'] }] })), [
    'CHANGE node/a interface 0 addresses: none → 10.0.0.1/30',
  ])
  t.same(shown(request(), request({}, {}, { prefix: '10.0.0.0/8' })), ['CHANGE vnet/shop prefix: none → 10.0.0.0/8'])
})

t.test('what is said of the VNet as a whole changes live', async (t) => {
  const terms = { lifetimeSeconds: 5400, priority: 3, placement: 'packed' }
  t.same(shown(request(), request({}, {}, terms)), [
    'CHANGE vnet/shop lifetime: until deleted → 90 min',
    'CHANGE vnet/shop priority: 0 → 3',
    'CHANGE vnet/shop placement: spread → packed',
  ])
  t.same(
    shown(request({}, {}, terms), request({}, {}, { ...terms, affinity: [{ kind: 'apart', nodes: ['a', 'b'] }] })),
    ['CHANGE vnet/shop affinity: none → apart a b'],
  )
})

t.test('impairments, and whether a link is down, change live', async (t) => {
  const slow = { impairmentAToB: { delayMicroseconds: 10_000, lossMillionths: 1000 } }
  t.same(shown(request(), request({}, slow)), ['CHANGE link/l impairments a to b: none → delay 10 ms, loss 0.1 %'])
  t.same(shown(request({}, slow), request({}, { impairmentBToA: { delayMicroseconds: 10_000 } })), [
    'CHANGE link/l impairments a to b: delay 10 ms, loss 0.1 % → none; impairments b to a: none → delay 10 ms',
  ])
  t.same(shown(request(), request({}, { impairmentAToB: {} })), [], 'nothing is no impairment')
  t.same(shown(request(), request({}, { down: true })), ['CHANGE link/l state: up → down'])
})

t.test('anti-spoofing and own Click change live', async (t) => {
  const first = (only: Init<Interface>) => request({ interfaces: [{ index: 0, forwarding: 'click', ...only }] })
  t.same(shown(first({}), first({ antiSpoofing: { ip: 'off', ra: 'off', mac: 'on' } })), [
    'CHANGE node/a interface 0 anti-spoofing ip: on → off; interface 0 anti-spoofing ra: on → off',
  ])
  t.same(shown(first({}), first({ click: 'input -> output' })), ['CHANGE node/a interface 0 click: new'])
  t.same(shown(first({ click: 'input -> output' }), first({ click: 'input -> Counter -> output' })), [
    'CHANGE node/a interface 0 click: another text',
  ])
  t.same(shown(first({ click: 'input -> output' }), first({})), ['CHANGE node/a interface 0 click: removed'])
})

t.test(
  'a second link makes a node one that passes packets on: its source addresses are no longer guarded',
  async (t) => {
    const second = create('VNetRequest', {
      ...request({ interfaces: [{ index: 0 }, { index: 1 }] }),
      links: [link, { id: 'm', a: { node: 'a', interface: 1 }, b: { node: 'b', interface: 1 } }],
    })
    t.match(shown(request({ interfaces: [{ index: 0 }, { index: 1 }] }), second), [
      'CHANGE node/a interface 0 anti-spoofing ip: on → off; interface 1 anti-spoofing ip: on → off',
      /^CHANGE node\/b interfaces: 0 → 0 1/,
      'ADD link/m it is new',
    ])
  },
)

t.test('what joins an interface to its link, and who forwards for a node, change live', async (t) => {
  t.same(shown(request(), request({ interfaces: [{ index: 0, forwarding: 'click' }] })), [
    'CHANGE node/a interface 0 forwarding: bridge → click',
  ])
  t.same(shown(request(), request({ forwarding: 'host' })), ['CHANGE node/a forwarding: guest → host'])
  t.same(shown(request({ hypervisor: 'any' }), request({ hypervisor: 'any', forwarding: 'host' })), [
    'RECREATE node/a hypervisor: any → lxc; forwarding: guest → host',
  ])
})

t.test('what becomes of a node whose host is dead changes live', async (t) => {
  t.same(shown(request({ recovery: 'wait' }), request()), ['CHANGE node/a recovery: wait → elsewhere'])
  t.same(shown(request(), request({ recovery: 'elsewhere' })), [])
})

t.test('interfaces are attached to a node that runs, and detached from it', async (t) => {
  for (const [interfaces, reason] of [
    [[{ index: 0 }, { index: 1 }], 'interfaces: 0 → 0 1'],
    [[], 'interfaces: 0 → none'],
    [[{ index: 0, mac: '02:00:00:00:00:01' }], 'interface 0 mac: none → 02:00:00:00:00:01'],
    [[{ index: 0, physical: 'shared' }], 'interface 0 physical: none → shared'],
  ] as const) {
    const change = request({ interfaces }, {}, { links: [] })
    t.same(shown(request({}, {}, { links: [] }), change), [`CHANGE node/a ${reason}`])
  }
})

t.test('everything else of a node makes it anew', async (t) => {
  for (const [change, reason] of [
    [{ memoryBytes: 128 << 20 }, 'memory: 64 MiB → 128 MiB'],
    [{ diskBytes: 10 ** 9 }, 'disk: none → 1 GB'],
    [
      { cpu: { count: 2, shares: 100, quotaMillis: 500, pins: '0-1' } },
      'cpu: count 1 → count 2, shares 100, quota 0.5, pins 0-1',
    ],
    [{ image: 'host' }, 'image: none → host'],
    [{ hypervisor: 'fake' }, 'hypervisor: lxc → fake'],
    [{ location: { name: 'London' } }, 'location: none → London'],
    [{ location: { latitude: 1, longitude: 2, withinKm: 3 } }, 'location: none → 1 2, within 3 km'],
    [{ allocation: 'preallocated' }, 'cpu: count 1 → any; allocation: on-demand → preallocated'],
    [{ restartPolicy: 'never' }, 'restart: always → never'],
    [{ startUp: { command: 'true' } }, 'start-up command: another one'],
    [{ startUp: { files: [{ path: '/f' }] } }, 'start-up /f: new'],
    [
      { image: 'host', memoryBytes: 32 << 20, interfaces: [{ index: 0, addresses: ['10.0.0.1/30'] }] },
      'memory: 64 MiB → 32 MiB; image: none → host; interface 0 addresses: none → 10.0.0.1/30',
    ],
  ] as const) {
    t.same(shown(request(), request(change as Init<Node>)), [`RECREATE node/a ${reason}`])
  }
  const withFile = (content: string, mode = 0) => request({ startUp: { files: [{ path: '/f', content, mode }] } })
  t.same(shown(withFile('a'), withFile('b', 0o755)), [
    'RECREATE node/a start-up /f: another content; start-up /f mode: 644 → 755',
  ])
  t.same(shown(withFile('a'), request()), ['RECREATE node/a start-up /f: removed'])
})

t.test('ends, delay and technology of a link make it anew', async (t) => {
  t.same(shown(request(), request({}, { b: { node: 'b', interface: 1 } })), [
    'CHANGE node/b interfaces: 0 → 1',
    'RECREATE link/l ends: a.0 b.0 → a.0 b.1',
  ])
  t.same(shown(request(), request({}, { delayMicroseconds: 5000 })), ['RECREATE link/l delay: any → 5 ms'])
  t.same(shown(request(), request({}, { technology: 'gre' })), ['RECREATE link/l technology: any → gre'])
})

t.test('objects come and go while the others are left alone', async (t) => {
  const larger = create('VNetRequest', {
    ...request(),
    nodes: [...request().nodes, { id: 'c', interfaces: [{ index: 0 }] }],
    links: [{ id: 'm', a: { node: 'c', interface: 0 }, b: { node: 'c', interface: 1 } }, ...request().links],
  })
  t.same(shown(request(), larger), ['ADD node/c it is new', 'ADD link/m it is new'])
  t.same(shown(larger, request()), [
    'DELETE link/m it is no longer asked for',
    'DELETE node/c it is no longer asked for',
  ])
})
