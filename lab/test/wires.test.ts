import t from 'tap'
import { create } from '../../proto/codec.ts'
import type { Substrate } from '../../proto/generated/weft.v1.ts'
import { againLines, nodeLines, pairLines } from '../wires/lay.ts'
import { planWires } from '../wires/plan.ts'

/** 'west/eth1 centre/eth1' is a link; what no "/" follows is a switch (s…) or a fabric. */
const substrate = (links: readonly string[], nics: Record<string, string[]> = {}): Substrate => {
  const ends = links.map((link) => link.split(' ').map((end) => end.split('/')))
  const names = [
    ...new Set(
      ends.flat().map(([node = '', nic]) => `${node} ${nic ? 'host' : node.startsWith('s') ? 'switch' : 'fabric'}`),
    ),
  ]
  return create('Substrate', {
    name: 'test',
    nodes: names.map((name) => {
      const [id = '', kind = ''] = name.split(' ')
      return { id, kind, nics: nics[id] ?? [] }
    }),
    links: ends.map(([a = [], b = []], index) => ({
      id: `l${index}`,
      a: { node: a[0] ?? '', nic: a[1] ?? '' },
      b: { node: b[0] ?? '', nic: b[1] ?? '' },
    })),
  })
}

t.test('a line of hosts: each link a subnet of its own, and no routes between them', async (t) => {
  const plan = planWires(substrate(['west/eth1 centre/eth1', 'centre/eth2 east/eth1']))
  const pids: Record<string, number> = { west: 11, centre: 12, east: 13 }
  t.same(
    pairLines(plan, (node) => pids[node] ?? 0),
    [
      'link add eth1 netns 11 mtu 1600 type veth peer name eth1 netns 12 mtu 1600',
      'link add eth2 netns 12 mtu 1600 type veth peer name eth1 netns 13 mtu 1600',
    ],
  )
  t.same(nodeLines(plan, 'centre'), [
    'link set eth1 up',
    'link set eth2 up',
    'address add 10.255.0.2/30 dev eth1',
    'address add 10.255.1.1/30 dev eth2',
  ])
  t.same(plan.routes, [])
})

t.test('a fabric routes between the subnets at its ports, and its hosts know the way', async (t) => {
  const plan = planWires(substrate(['a/eth1 net', 'b/eth1 net', 'c/eth1 net']))
  t.same(nodeLines(plan, 'a'), [
    'link set eth1 up',
    'address add 10.255.0.1/30 dev eth1',
    'route add 10.255.1.0/30 via 10.255.0.2',
    'route add 10.255.2.0/30 via 10.255.0.2',
  ])
  t.same(nodeLines(plan, 'net').slice(3), [
    'address add 10.255.0.2/30 dev p0',
    'address add 10.255.1.2/30 dev p1',
    'address add 10.255.2.2/30 dev p2',
  ])
})

t.test('two fabrics in a row are crossed by the next hop of each', async (t) => {
  const plan = planWires(substrate(['a/eth1 net1', 'net1 net2', 'net2 b/eth1']))
  t.same(plan.routes, [
    { node: 'a', to: '10.255.1.0/30', via: '10.255.0.2' },
    { node: 'a', to: '10.255.2.0/30', via: '10.255.0.2' },
    { node: 'net1', to: '10.255.2.0/30', via: '10.255.1.2' },
    { node: 'net2', to: '10.255.0.0/30', via: '10.255.1.1' },
    { node: 'b', to: '10.255.1.0/30', via: '10.255.2.1' },
    { node: 'b', to: '10.255.0.0/30', via: '10.255.2.1' },
  ])
})

const withPrefixes = (links: readonly string[]): Substrate => {
  const plain = substrate(links)
  const prefixOf = (id: string, kind: string) => (kind === 'host' ? `198.18.${id.charCodeAt(0) - 96}.0/24` : '')
  return { ...plain, nodes: plain.nodes.map((node) => ({ ...node, tunnelPrefix: prefixOf(node.id, node.kind) })) }
}
const prefixRoutes = (links: readonly string[]) =>
  planWires(withPrefixes(links)).routes.filter(({ to }) => to.startsWith('198.18.'))

t.test('fabrics route tunnel prefixes to their hosts, and hosts send there what is for others', async (t) => {
  t.same(prefixRoutes(['a/eth1 net', 'net b/eth1', 'b/eth2 c/eth1']), [
    { node: 'a', to: '198.18.2.0/24', via: '10.255.0.2' },
    { node: 'net', to: '198.18.1.0/24', via: '10.255.0.1' },
    { node: 'net', to: '198.18.2.0/24', via: '10.255.1.2' },
    { node: 'b', to: '198.18.1.0/24', via: '10.255.1.1' },
  ])
})

t.test('of two NICs at a fabric the first declared has the prefix, wherever it is', async (t) => {
  const routes = prefixRoutes(['a/eth1 n1', 'n1 n2', 'n2 b/eth1', 'n1 b/eth2'])
  t.same(
    routes.filter(({ to }) => to === '198.18.2.0/24'),
    [
      { node: 'a', to: '198.18.2.0/24', via: '10.255.0.2' },
      { node: 'n1', to: '198.18.2.0/24', via: '10.255.1.2' },
      { node: 'n2', to: '198.18.2.0/24', via: '10.255.2.2' },
    ],
  )
})

t.test('a ring of fabrics ends', async (t) => {
  const plan = planWires(substrate(['n1 n2', 'n2 n3', 'n3 n1', 'a/eth1 n1']))
  t.equal(plan.routes.filter(({ node }) => node === 'a').length, 3)
})

t.test('a fabric is never reached through a host', async (t) => {
  const plan = planWires(substrate(['a/eth1 n1', 'n1 b/eth1', 'b/eth2 n2', 'n2 c/eth1']))
  t.notOk(plan.routes.some(({ node, to }) => node === 'a' && (to.startsWith('10.255.2') || to.startsWith('10.255.3'))))
})

t.test('what switches join is one subnet', async (t) => {
  const plan = planWires(substrate(['a/eth1 s1', 'b/eth1 s2', 's1 s2', 'c/eth1 s2']))
  t.same(
    plan.addresses.map(({ node, address }) => `${node} ${address}`),
    ['a 10.255.0.1/24', 'b 10.255.0.2/24', 'c 10.255.0.3/24'],
  )
  t.same(nodeLines(plan, 's1'), [
    'link add br0 mtu 1600 type bridge',
    'link set br0 up',
    'link set p0 master br0 up',
    'link set p2 master br0 up',
  ])
})

t.test('what a node that comes back had taken from its neighbours is given back to them', async (t) => {
  const switched = planWires(substrate(['a/eth1 s1', 'b/eth1 s1']))
  t.same(againLines(switched, 'a', 's1'), ['link set p0 master br0 up'])
  const plan = planWires(withPrefixes(['a/eth1 net', 'net b/eth1', 'b/eth2 c/eth1', 'c/eth2 a/eth2']))
  t.same(againLines(plan, 'b', 'net'), [
    'link set p1 up',
    'address add 10.255.1.1/30 dev p1',
    'route add 198.18.2.0/24 via 10.255.1.2',
  ])
  t.same(againLines(plan, 'b', 'c'), ['link set eth1 up', 'address add 10.255.2.2/30 dev eth1'])
})

t.test('an interface that may be given to nodes ends outside', async (t) => {
  const plan = planWires(substrate(['a/eth1 b/eth1'], { a: ['eth9'], b: ['a-very-long-nic'] }))
  t.same(
    plan.wires.slice(1).map(({ ends }) => ends.map(({ node, name }) => `${node}/${name}`).join(' ')),
    ['a/eth9 outside/a-eth9', 'b/a-very-long-nic outside/o1'],
  )
  t.same(
    plan.addresses.map(({ node }) => node),
    ['a', 'b'],
    'and has no address',
  )
})

t.test('what cannot be wired is refused', async (t) => {
  t.throws(() => planWires(substrate(['a/eth1 b/eth1', 'a/eth1 c/eth1'])), { code: 'substrate.invalid' })
  t.throws(() => planWires(substrate(['a/an-interface-name b/eth1'])), { code: 'substrate.invalid' })
  t.throws(() => planWires(substrate(['s1 s2', 's2 s3', 's3 s1'])), { code: 'not-supported' })
  const { nodes, links } = substrate(['a/eth1 b/eth1'])
  t.throws(() => planWires({ nodes: nodes.slice(1), links }), { code: 'substrate.invalid', message: /a, which is not/ })
})

t.test('hundreds of links have addresses of their own', async (t) => {
  const plan = planWires(substrate(Array.from({ length: 600 }, (_, i) => `h${i}/eth1 h${i + 1}/eth2`)))
  t.equal(new Set(plan.addresses.map(({ address }) => address)).size, 1200)
  t.match(plan.addresses.at(-1)?.address, /^10\.253\.87\.2\/30$/)
})
