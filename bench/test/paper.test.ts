import { spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { parseRequest } from '../../controller/description/parse.ts'
import { serves } from '../../controller/mapping/pools.ts'
import { parseSubstrate } from '../../controller/substrate/parse.ts'
import { generateSubstrate } from '../../lab/substrates/generate.ts'
import type { Instantiation } from '../paper/instantiate.ts'
import { readOptions } from '../paper/options.ts'
import { paperText } from '../paper/report.ts'
import { poolsText, requestFor, roomProblem } from '../paper/ways.ts'
import { summarize } from '../statistics.ts'

t.test('a summary has the deviation of a sample', async (t) => {
  t.strictSame(summarize([2, 4, 9]), { count: 3, least: 2, mean: 5, greatest: 9, deviation: Math.sqrt(13) })
  t.match(summarize([3]), { least: 3, mean: 3, greatest: 3, deviation: Number.NaN })
  t.match(summarize([]), { count: 0, least: Number.NaN, mean: Number.NaN })
})

t.test('the VNet differs between runs in what is asked of its nodes alone', async (t) => {
  const file = new URL('../../examples/paper.xml', import.meta.url)
  const { request } = await parseRequest(await readFile(file), { file: 'paper.xml' })
  const machines = requestFor(request, 'qemu', 'on-demand')
  t.strictSame(machines.links, request.links)
  t.ok(machines.nodes.every(({ hypervisor, memoryBytes }) => hypervisor === 'qemu' && memoryBytes === 128 * 2 ** 20))
  t.strictSame(
    new Set(requestFor(request, 'lxc', 'at-vnp').nodes.map(({ memoryBytes }) => memoryBytes)),
    new Set([64 * 2 ** 20]),
  )
})

t.test('pools hold one such VNet, and what they hold is what it asks for', async (t) => {
  const file = new URL('../../examples/paper.xml', import.meta.url)
  const { request } = await parseRequest(await readFile(file), { file: 'paper.xml' })
  const asked = requestFor(request, 'qemu', 'preallocated')
  const text = `${generateSubstrate({ name: 'p', hosts: 4, memoryBytes: 2 ** 33 })}${poolsText(asked, 4)}`
  const { nodes } = parseSubstrate(text, 'substrate.yaml')
  for (const { kind, pools } of nodes) t.equal(pools.length, kind === 'host' ? 2 : 0)
  const pools = nodes[0]?.pools ?? []
  for (const pool of pools)
    t.match(pool, { hypervisor: 'qemu', memoryBytes: 128 * 2 ** 20, nodes: 1, cpu: { count: 1, shares: 1024 } })
  for (const node of asked.nodes)
    t.ok(
      pools.some((pool) => serves(pool, node) && pool.interfaces === node.interfaces.length),
      node.id,
    )
})

t.test('hosts without room for pools and a VNet beside them are told before anything is started', async (t) => {
  const file = new URL('../../examples/paper.xml', import.meta.url)
  const { request } = await parseRequest(await readFile(file), { file: 'paper.xml' })
  const asked = requestFor(request, 'xen', 'preallocated')
  const memoryBytes = 768 * 2 ** 20
  t.strictSame(
    [1, 2, 3].map((hosts) => roomProblem(asked, hosts, memoryBytes)),
    ['a host would have 12 nodes, idle ones counted, and has memory for 6', false, false],
  )
  t.ok(roomProblem(asked, 2, memoryBytes - 1))
  t.ok(roomProblem(asked, 3, 4 * 128 * 2 ** 20), 'two of one shape and one of the other beside two')
})

t.test('a flag that is wrong is told with what would be right', async (t) => {
  t.match(readOptions(['--runs', '3'], 'default.xml'), { runs: 3, hypervisor: 'lxc', requestFile: 'default.xml' })
  t.throws(() => readOptions(['--runs', 'many'], ''), /--runs many: a whole number from 1 to 1000/)
  t.throws(() => readOptions(['--hypervisor', 'vmware'], ''), /lxc, qemu, kvm, xen/)
})

t.test('a command line that is wrong is told without a stack, and the status is 2', async (t) => {
  for (const bench of ['paper', 'forward']) {
    const script = fileURLToPath(new URL(`../${bench}.ts`, import.meta.url))
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, '--everything'], { encoding: 'utf8' })
    t.strictSame([status, stdout], [2, ''])
    t.equal(stderr, "error: Unknown option '--everything'\nhint: --help prints the flags that there are\n", bench)
  }
})

const instantiation = (seconds: number): Instantiation => ({
  seconds,
  readySeconds: seconds - 0.5,
  pooled: seconds < 1 ? 6 : 0,
  phases: [{ name: 'nodes', seconds: 1 }],
  cpu: {
    roles: { vnp: seconds / 10, pip: 0.2 },
    hosts: { west: seconds / 4, east: seconds / 2 },
    agents: { west: 0.1 },
  },
})

t.test('the tables have the paper’s numbers beside, and CPU as percent of one for as long as a run took', async (t) => {
  const runs = {
    'on-demand': [instantiation(2), instantiation(4)],
    'at-vnp': [instantiation(3), instantiation(4)],
    preallocated: [instantiation(0.5), instantiation(1)],
  }
  const shape = { hypervisor: 'lxc', nodes: 6, links: 7, hosts: 2, first: instantiation(9) } as const
  const text = paperText({ ...shape, runs }, { cpus: 2, loadAverage: 0.5 })
  const lines = text.split('\n').map((one) => one.replace(/ +/g, ' ').trim())
  const line = (start: string): string => lines.find((one) => one.startsWith(start)) ?? ''
  t.equal(line('discovery at the PIP'), 'discovery at the PIP 2.00 3.00 4.00 1.41')
  t.match(text, /the paper +103\.38 +109\.47 +119\.27 +4\.43/)
  t.equal(line('discovery at the VNP'), 'discovery at the VNP 3.00 3.50 4.00 0.71')
  t.equal(line('preallocated 0'), 'preallocated 0.50 0.75 1.00 0.35')
  t.equal(line('preallocated /'), "preallocated / on demand: 0.250, median of 2 pairs; the paper's means: 0.153")
  t.equal(line('all 6 nodes'), "all 6 nodes were a pool's before in 1 of 2 runs")
  t.equal(line('VNP'), 'VNP 10.00 10.00 10.00 0.00')
  t.equal(line('substrate node'), 'substrate node, guests included 25.00 37.50 50.00 14.43')
  t.equal(line('consoles'), 'consoles 0.50 0.50 0.50 0.00')
  t.equal(line('on-demand 3'), 'on-demand 300 200 2250')
  t.match(text, /hosts and all roles share 2 CPUs/)
})
