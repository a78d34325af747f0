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
