import t from 'tap'
import { create } from '../../../proto/codec.ts'
import { fillIn } from '../fill-in.ts'

t.test('defaults become explicit and interfaces follow from links', async (t) => {
  const request = create('VNetRequest', {
    name: 'a',
    prefix: '10.0.0.0/24',
    nodes: [
      { id: 'x', interfaces: [{ index: 2, mac: '02:00:00:00:00:0A' }], startUp: { files: [{ path: '/f' }] } },
      { id: 'y', hypervisor: 'lxc', cpu: { quotaMillis: 250 }, memoryBytes: 1 << 20, restartPolicy: 'never' },
      { id: 'z', hypervisor: 'qemu', allocation: 'preallocated' },
    ],
    links: [
      { id: 'l', a: { node: 'x', interface: 1 }, b: { node: 'y', interface: 0 } },
      { id: 'm', a: { node: 'x', interface: 0 }, b: { node: 'nowhere', interface: 0 }, technology: 'gre' },
    ],
  })
  const before = structuredClone(request)
  const plain = { mac: '', addresses: [], forwarding: 'bridge', physical: '' }
  t.same(fillIn(request), {
    ...request,
    nodes: [
      {
        ...request.nodes[0],
        cpu: { count: 1, shares: 0, quotaMillis: 0 },
        memoryBytes: 128 << 20,
        hypervisor: 'any',
        allocation: 'on-demand',
        restartPolicy: 'always',
        interfaces: [
          { index: 0, ...plain },
          { index: 1, ...plain },
          { index: 2, ...plain, mac: '02:00:00:00:00:0a' },
        ],
        startUp: { files: [{ path: '/f', content: '', mode: 0o644 }], command: '' },
      },
      {
        ...request.nodes[1],
        cpu: { count: 1, shares: 0, quotaMillis: 250 },
        allocation: 'on-demand',
        interfaces: [{ index: 0, ...plain }],
      },
      {
        ...request.nodes[2],
        cpu: { count: 1, shares: 0, quotaMillis: 0 },
        memoryBytes: 256 << 20,
        restartPolicy: 'always',
      },
    ],
    links: [{ ...request.links[0], technology: 'any' }, request.links[1]],
  })
  t.same(request, before, 'what was given is not changed')
})

t.test('a container has 64 MiB unless it says otherwise', async (t) => {
  for (const hypervisor of ['lxc', 'fake']) {
    t.equal(fillIn(create('VNetRequest', { nodes: [{ id: 'a', hypervisor }] })).nodes[0]?.memoryBytes, 64 << 20)
  }
})
