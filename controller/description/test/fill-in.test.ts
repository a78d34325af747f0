import t from 'tap'
import { create, type Init } from '../../../proto/codec.ts'
import type { Interface } from '../../../proto/generated/weft.v1.ts'
import { fillIn } from '../fill-in.ts'

t.test('defaults become explicit and interfaces follow from links', async (t) => {
  const request = create('VNetRequest', {
    name: 'a',
    prefix: '10.0.0.0/24',
    nodes: [
      { id: 'x', interfaces: [{ index: 2, mac: '02:00:00:00:00:0A' }], startUp: { files: [{ path: '/f' }] } },
      {
        id: 'y',
        hypervisor: 'lxc',
        cpu: { quotaMillis: 250 },
        memoryBytes: 1 << 20,
        restartPolicy: 'never',
        recovery: 'wait',
      },
      { id: 'z', hypervisor: 'qemu', allocation: 'preallocated' },
    ],
    links: [
      { id: 'l', a: { node: 'x', interface: 1 }, b: { node: 'y', interface: 0 } },
      { id: 'm', a: { node: 'x', interface: 0 }, b: { node: 'nowhere', interface: 0 }, technology: 'gre' },
    ],
  })
  const before = structuredClone(request)
  const plain = { mac: '', addresses: [], forwarding: 'bridge', physical: '', click: '', antiSpoofing: undefined }
  const router = { ...plain, antiSpoofing: { mac: '', ip: 'off', arp: '', nd: '', dhcpServer: '', ra: '' } }
  t.same(fillIn(request), {
    ...request,
    placement: 'spread',
    nodes: [
      {
        ...request.nodes[0],
        cpu: { count: 1, shares: 0, quotaMillis: 0, pins: '' },
        memoryBytes: 128 << 20,
        hypervisor: 'any',
        allocation: 'on-demand',
        restartPolicy: 'always',
        recovery: 'elsewhere',
        forwarding: 'guest',
        interfaces: [
          { index: 0, ...router },
          { index: 1, ...router },
          { index: 2, ...plain, mac: '02:00:00:00:00:0a' },
        ],
        startUp: { files: [{ path: '/f', content: '', mode: 0o644 }], command: '' },
      },
      {
        ...request.nodes[1],
        cpu: { count: 1, shares: 0, quotaMillis: 250, pins: '' },
        allocation: 'on-demand',
        forwarding: 'guest',
        interfaces: [{ index: 0, ...plain }],
      },
      {
        ...request.nodes[2],
        // A provider's idle node has its CPUs and memory.
        cpu: { count: 0, shares: 0, quotaMillis: 0, pins: '' },
        memoryBytes: 0,
        restartPolicy: 'always',
        recovery: 'elsewhere',
        forwarding: 'guest',
      },
    ],
    links: [
      { ...request.links[0], technology: 'any', impairmentAToB: undefined, impairmentBToA: undefined },
      { ...request.links[1], impairmentAToB: undefined, impairmentBToA: undefined },
    ],
  })
  t.same(request, before, 'what was given is not changed')
})

t.test('a container has 64 MiB unless it says otherwise', async (t) => {
  for (const hypervisor of ['lxc', 'fake']) {
    t.equal(fillIn(create('VNetRequest', { nodes: [{ id: 'a', hypervisor }] })).nodes[0]?.memoryBytes, 64 << 20)
  }
})

t.test('a node whose packets the host forwards is a container', async (t) => {
  const hypervisorOf = (hypervisor: string) =>
    fillIn(create('VNetRequest', { nodes: [{ id: 'a', hypervisor, forwarding: 'host' }] })).nodes[0]?.hypervisor
  t.equal(hypervisorOf(''), 'lxc')
  t.equal(hypervisorOf('any'), 'lxc')
  t.equal(hypervisorOf('fake'), 'fake')
})

t.test('source addresses are guarded where a node has one interface that is joined to something', async (t) => {
  const spoofing = (first: Init<Interface>, ...more: Init<Interface>[]) =>
    fillIn(
      create('VNetRequest', {
        nodes: [{ id: 'a', interfaces: [{ index: 0, ...first }, ...more] }, { id: 'b' }],
        links: [{ id: 'l', a: { node: 'a', interface: 0 }, b: { node: 'b', interface: 0 } }],
      }),
    ).nodes[0]?.interfaces.map(({ antiSpoofing }) => antiSpoofing?.ip)
  t.same(spoofing({}), [undefined])
  t.same(spoofing({}, { index: 1 }), [undefined, undefined], 'the second is joined to nothing')
  t.same(spoofing({}, { index: 1, physical: 'shared' }), ['off', 'off'], 'a way out')
  t.same(spoofing({ antiSpoofing: { ip: 'on' } }, { index: 1, physical: 'shared' }), ['on', 'off'])
  t.same(spoofing({ antiSpoofing: { ip: 'on', ra: 'on' } }), [undefined], 'what goes without saying is not said')
  t.same(spoofing({ antiSpoofing: { ip: 'off' } }), ['off'])
})

t.test('impairments that do nothing are none', async (t) => {
  const [link] = fillIn(
    create('VNetRequest', { links: [{ id: 'l', impairmentAToB: {}, impairmentBToA: { lossMillionths: 1 } }] }),
  ).links
  t.equal(link?.impairmentAToB, undefined)
  t.equal(link?.impairmentBToA?.lossMillionths, 1)
})
