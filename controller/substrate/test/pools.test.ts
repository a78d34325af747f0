import { readFileSync } from 'node:fs'
import t from 'tap'
import { create } from '../../../proto/codec.ts'
import { substrateGraph } from '../graph.ts'
import { parseSubstrate, readSubstrate } from '../parse.ts'

const text = (pools: string): string => `name: lab
hosts: { h1: , h2: , h3: }
fabrics: { wan: }
images:
  tiny: { url: "file:///tiny", sha256: ${'a'.repeat(64)}, format: kernel }
  disk: { url: "file:///disk", sha256: ${'b'.repeat(64)}, format: qcow2 }
pools:
${pools}
`

const kept = (pools: string) => {
  const { nodes } = parseSubstrate(text(pools), 'lab.yaml')
  return Object.fromEntries(nodes.map((node) => [node.id, node.pools.map(({ name, nodes }) => `${name} ${nodes}`)]))
}

t.test('a pool is kept by each host that it names, all without names', async (t) => {
  const pools = `  small: { hypervisor: lxc, memory: 64 MiB, keep: 2 }
  large: { hypervisor: qemu, image: tiny, cpu: { count: 2, quota: 1.5 }, memory: 1 GiB, disk: 2 GiB, hosts: [h2], keep: 1 }`
  t.strictSame(kept(pools), { h1: ['small 2'], h2: ['small 2', 'large 1'], h3: ['small 2'], wan: [] })
  const substrate = parseSubstrate(text(pools), 'lab.yaml')
  t.strictSame(
    substrate.nodes.find(({ id }) => id === 'h2')?.pools[1],
    create('PoolShape', {
      name: 'large',
      hypervisor: 'qemu',
      image: 'tiny',
      cpu: { count: 2, quotaMillis: 1500 },
      memoryBytes: 2 ** 30,
      diskBytes: 2 ** 31,
      nodes: 1,
      interfaces: 4,
    }),
  )
  t.equal(substrate.positions.get('pool/large'), 'lab.yaml:9')
})

t.test('its nodes have as many interfaces as it says', async (t) => {
  const interfaces = (count: number) => {
    const pools = `  small: { hypervisor: lxc, memory: 64 MiB, keep: 1, interfaces: ${count} }`
    return parseSubstrate(text(pools), 'lab.yaml').nodes[0]?.pools[0]?.interfaces
  }
  t.strictSame([interfaces(0), interfaces(2)], [0, 2])
  t.throws(() => interfaces(17), /interfaces/)
})

t.test('what all hosts keep together is dealt out evenly', async (t) => {
  const most = (count: number) =>
    Object.values(kept(`  small: { hypervisor: lxc, memory: 64 MiB, keep: 2, most: ${count} }`)).flat()
  t.strictSame(most(4), ['small 2', 'small 1', 'small 1'])
  t.strictSame(most(2), ['small 1', 'small 1'])
  t.strictSame(most(100), ['small 2', 'small 2', 'small 2'])
})

t.test('a host that cannot make such nodes keeps none', async (t) => {
  const pools = `  small: { hypervisor: lxc, memory: 64 MiB, keep: 2 }
  large: { hypervisor: lxc, image: other, memory: 1 GiB, keep: 1 }`
  const inventory = (host: string, hypervisors: readonly string[], images: readonly string[]) =>
    [host, create('HostInventory', { host, hypervisors: hypervisors.map((name) => ({ name })), images })] as const
  const graph = substrateGraph(
    parseSubstrate(text(pools), 'lab.yaml'),
    new Map([inventory('h1', ['lxc'], ['other']), inventory('h2', ['lxc'], []), inventory('h3', ['qemu'], ['other'])]),
  )
  t.strictSame(
    graph.nodes.map((node) => [node.id, node.pools.map(({ name }) => name)]),
    [
      ['h1', ['small', 'large']],
      ['h2', ['small']],
      ['h3', []],
      ['wan', []],
    ],
  )
})

t.test('what is wrong with a pool is told by its line', async (t) => {
  const cases: readonly [string, RegExp, RegExp][] = [
    ['Small: { hypervisor: lxc, memory: 64 MiB, keep: 1 }', /pools.Small is no name/, /lower-case/],
    ['small: { memory: 64 MiB, keep: 1 }', /lacks "hypervisor"/, /^$/],
    ['small: { hypervisor: lxc, memory: 64, keep: 1 }', /memory/, /./],
    ['small: { hypervisor: lxc, memory: 64 MiB, keep: 0 }', /keep/, /./],
    ['small: { hypervisor: lxc, memory: 64 MiB, keep: 1, hosts: [h4] }', /names "h4", which is no host/, /h1, h2, h3/],
    ['small: { hypervisor: lxc, memory: 64 MiB, keep: 1, hosts: [wan] }', /names "wan", which is no host/, /h1/],
    ['small: { hypervisor: lxc, memory: 64 MiB, keep: 1, cpu: 1.5 }', /guarantees 1.5 CPUs to nodes of 1/, /at most/],
    ['small: { hypervisor: lxc, image: tiny, memory: 64 MiB, keep: 1 }', /which lxc cannot start/, /another image/],
    ['small: { hypervisor: qemu, image: disk, memory: 1 GiB, keep: 1 }', /nobody could set/, /guest_agent: true/],
  ]
  for (const [pool, message, hint] of cases) {
    const { errors } = readSubstrate(text(`  ${pool}`), 'lab.yaml')
    t.match(errors[0], { code: 'substrate.invalid', where: 'lab.yaml:8', message, hint }, pool)
  }
})

t.test('the pools on the page are some', async (t) => {
  const page = readFileSync(new URL('../../../docs/pools.md', import.meta.url), 'utf8')
  const [, pools = ''] = /```yaml\n(pools:.*?)```/s.exec(page) ?? []
  const substrate = parseSubstrate(`name: lab\nhosts: { h1: , h2: , h3: }\n${pools}`, 'pools.md')
  t.strictSame(
    substrate.nodes.map((node) => node.pools.map(({ name, nodes }) => `${name} ${nodes}`)),
    [['small 2', 'router 3'], ['small 2', 'router 3'], ['small 2']],
  )
})
