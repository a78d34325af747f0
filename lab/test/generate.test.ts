import t from 'tap'
import { parseSubstrate } from '../../controller/substrate/parse.ts'
import { generateSubstrate, mostHosts } from '../substrates/generate.ts'
import { planWires } from '../wires/plan.ts'

const generate = (hosts: number) => generateSubstrate({ name: 'lab', hosts, memoryBytes: 12 * 2 ** 30 })

t.test('three hosts are a line: west and east meet only through centre', async (t) => {
  t.equal(
    generate(3),
    `# 3 hosts on one machine. Their CPUs are the same ones: each may be promised several times.
name: lab
cpu_overcommit: 16
hosts:
  west:
    location: { name: Sunnyvale, latitude: 37.37, longitude: -122.04 }
    memory: 4096 MiB
    tunnel_prefix: 198.18.1.0/24
  centre:
    location: { name: Kansas City, latitude: 39.1, longitude: -94.58 }
    memory: 4096 MiB
    tunnel_prefix: 198.18.2.0/24
  east:
    location: { name: Washington DC, latitude: 38.91, longitude: -77.04 }
    memory: 4096 MiB
    tunnel_prefix: 198.18.3.0/24
links:
  - { ends: [west/eth1, centre/eth1], capacity: 1 Gbit/s, delay: 12.0 ms }
  - { ends: [centre/eth2, east/eth1], capacity: 1 Gbit/s, delay: 7.6 ms }
`,
  )
})

t.test('more hosts meet at a fabric, which the line reaches through centre', async (t) => {
  const { nodes, links } = parseSubstrate(generate(5), 'lab.yaml')
  t.same(
    nodes.map(({ id, kind }) => `${kind} ${id}`),
    ['host west', 'host centre', 'host east', 'host north', 'host south', 'fabric exchange'],
  )
  t.same(
    links.map(({ a, b }) => [a, b].map((end) => `${end?.node}/${end?.nic}`).join(' ')),
    [
      'west/eth1 centre/eth1',
      'centre/eth2 east/eth1',
      'centre/eth3 exchange/',
      'north/eth1 exchange/',
      'south/eth1 exchange/',
    ],
  )
})

t.test('every number of hosts is a substrate that can be wired, all of it joined', async (t) => {
  for (const hosts of [1, 2, 3, 4, 9, 10, 30, mostHosts]) {
    const substrate = parseSubstrate(generate(hosts), 'lab.yaml')
    t.equal(substrate.nodes.filter(({ kind }) => kind === 'host').length, hosts)
    t.equal(planWires(substrate).wires.length, hosts === 1 ? 0 : hosts > 3 ? hosts : hosts - 1)
    const reached = new Set(['west'])
    for (let grown = true; grown; ) {
      const next = substrate.links.filter(({ a, b }) => reached.has(a?.node ?? '') !== reached.has(b?.node ?? ''))
      for (const { a, b } of next) reached.add(a?.node ?? '').add(b?.node ?? '')
      grown = next.length > 0
    }
    t.equal(reached.size, substrate.nodes.length, `${hosts} hosts are joined`)
  }
})
