import t from 'tap'
import { create } from '../../../proto/codec.ts'
import { substrateGraph } from '../graph.ts'
import { parseSubstrate } from '../parse.ts'
import { inventories, inventory } from './fixtures.ts'

const substrate = parseSubstrate(
  `name: lab
cpu_overcommit: 2
hosts:
  h1: { cpu: 1, memory: 16 GiB, disk: 5 GiB, nics: { eth4: dedicated, eth9: shared } }
  h2:
fabrics: { wan: }
links:
  - { ends: [h1/eth1, h2/eth1], capacity: 20 Gbit/s }
  - { ends: [h1/eth2, wan], capacity: 1 Gbit/s }
  - { ends: [wan, h2/eth2], capacity: 1 Gbit/s }
`,
  'lab.yaml',
)

t.test('a host gives the lower of what is declared and what its agent sees', async (t) => {
  const place = create('Location', { name: 'eu' })
  const { nodes, links } = substrateGraph(substrate, inventories(inventory('h1'), inventory('h2', { location: place })))
  t.match(nodes[0], {
    id: 'h1',
    cpuMillis: 1000,
    memoryBytes: 8 * 2 ** 30,
    diskBytes: 5 * 2 ** 30,
    hypervisors: ['lxc'],
    nics: ['eth4'],
    datapaths: ['bridge/vxlan'],
    images: ['debian'],
  })
  t.strictSame(nodes[0]?.sharedNics, [], 'a NIC that the host lacks is not given')
  t.match(nodes[1], { cpuMillis: 8000, memoryBytes: 8 * 2 ** 30, location: { name: 'eu' } })
  t.equal(nodes[1]?.diskBytes, Number.MAX_SAFE_INTEGER)
  t.equal(nodes[2]?.kind, 'fabric')
  t.equal(links[0]?.capacityBitsPerSecond, 10e9, 'a link carries no more than its NICs')
})

t.test('what cannot be used is left out', async (t) => {
  const alone = substrateGraph(substrate, inventories(inventory('h1')))
  t.strictSame(
    [alone.nodes.map(({ id }) => id), alone.links.map(({ id }) => id)],
    [['h1', 'wan'], ['h1-wan']],
    'a host without an agent, and its links',
  )
  const whole = inventory('h2')
  const down = { ...whole, nics: whole.nics.map((nic) => (nic.name === 'eth2' ? { ...nic, up: false } : nic)) }
  const half = substrateGraph(substrate, inventories(inventory('h1'), down))
  t.strictSame(
    half.links.map(({ id }) => id),
    ['h1-h2', 'h1-wan'],
    'a link whose NIC is down',
  )
})

const carried = (graph: ReturnType<typeof substrateGraph>) =>
  Object.fromEntries([...(graph.carried ?? [])].map(([id, technologies]) => [id, [...technologies].sort().join(' ')]))
const all = 'etherip gre ipip mpls qinq vlan vxlan'

t.test('a link carries the technologies that both its NICs can', async (t) => {
  const whole = inventory('h2')
  const change = { eth1: { addresses: [] }, eth2: { mtu: 1300 } } as Record<string, object>
  const nics = whole.nics.map((nic) => ({ ...nic, ...change[nic.name] }))
  const graph = substrateGraph(substrate, inventories(inventory('h1'), { ...whole, nics }))
  t.strictSame(carried(graph), { 'h1-h2': 'mpls qinq vlan', 'h1-wan': all, 'wan-h2': 'ipip mpls qinq vlan' })
  t.equal(graph.links.length, 3)
})

t.test('a tunnel prefix is the host’s unless a NIC has an address of it', async (t) => {
  const of = (prefix: string) => {
    const nodes = substrate.nodes.map((node) => (node.id === 'h1' ? { ...node, tunnelPrefix: prefix } : node))
    return substrateGraph({ ...substrate, nodes }, inventories(inventory('h1'), inventory('h2'))).nodes[0]?.tunnelPrefix
  }
  t.equal(of('198.18.1.0/24'), '198.18.1.0/24')
  t.equal(of('192.0.2.0/24'), '')
  t.equal(of(''), '')
})

t.test('of two NICs at one routed network one alone has the tunnel prefix', async (t) => {
  const twice = parseSubstrate(
    `name: lab
hosts: { h1: , h2: }
switches: { s: }
fabrics: { wan: }
links:
  - { ends: [h1/eth1, h2/eth1], capacity: 1 Gbit/s }
  - { ends: [h1/eth2, wan], capacity: 1 Gbit/s }
  - { ends: [h1/eth3, s], capacity: 1 Gbit/s }
  - { ends: [s, wan], capacity: 1 Gbit/s }
  - { ends: [wan, h2/eth2], capacity: 1 Gbit/s }
`,
    'lab.yaml',
  )
  t.strictSame(carried(substrateGraph(twice, inventories(inventory('h1'), inventory('h2')))), {
    'h1-h2': all,
    'h1-wan': all,
    'h1-s': 'gre mpls qinq vlan vxlan',
    's-wan': all,
    'wan-h2': all,
  })
})
