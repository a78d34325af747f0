import { readFile } from 'node:fs/promises'
import t from 'tap'
import { parseRequest } from '../../controller/description/parse.ts'
import type { Instantiation } from '../paper/instantiate.ts'
import { readOptions } from '../paper/options.ts'
import { paperText } from '../paper/report.ts'
import { requestFor } from '../paper/ways.ts'
import { summarize } from '../statistics.ts'

t.test('a summary has the deviation of a sample', async (t) => {
  t.strictSame(summarize([2, 4, 9]), { count: 3, least: 2, mean: 5, greatest: 9, deviation: Math.sqrt(13) })
  t.match(summarize([3]), { least: 3, mean: 3, greatest: 3, deviation: Number.NaN })
  t.match(summarize([]), { count: 0, least: Number.NaN, mean: Number.NaN })
})

t.test('the VNet differs between runs in what is asked of its nodes alone', async (t) => {
  const file = new URL('../../examples/paper.xml', import.meta.url)
  const { request } = await parseRequest(await readFile(file), { file: 'paper.xml' })
  const machines = requestFor(request, 'qemu')
  t.strictSame(machines.links, request.links)
  t.ok(machines.nodes.every(({ hypervisor, memoryBytes }) => hypervisor === 'qemu' && memoryBytes === 128 * 2 ** 20))
  t.strictSame(new Set(requestFor(request, 'lxc').nodes.map(({ memoryBytes }) => memoryBytes)), new Set([64 * 2 ** 20]))
})

t.test('a flag that is wrong is told with what would be right', async (t) => {
  t.match(readOptions(['--runs', '3'], 'default.xml'), { runs: 3, hypervisor: 'lxc', requestFile: 'default.xml' })
  t.throws(() => readOptions(['--runs', 'many'], ''), /--runs many: a whole number from 1 to 1000/)
  t.throws(() => readOptions(['--hypervisor', 'vmware'], ''), /lxc, qemu, kvm, xen/)
})

const instantiation = (seconds: number): Instantiation => ({
  seconds,
  readySeconds: seconds - 0.5,
  phases: [{ name: 'nodes', seconds: 1 }],
  cpu: {
    roles: { vnp: seconds / 10, pip: 0.2 },
    hosts: { west: seconds / 4, east: seconds / 2 },
    agents: { west: 0.1 },
  },
})

t.test('the tables have the paper’s numbers beside, and CPU as percent of one for as long as a run took', async (t) => {
  const runs = { 'on-demand': [instantiation(2), instantiation(4)] }
  const shape = { hypervisor: 'lxc', nodes: 6, links: 7, hosts: 2, first: instantiation(9) } as const
  const text = paperText({ ...shape, runs }, { cpus: 2, loadAverage: 0.5 })
  const line = (start: string): string =>
    text
      .split('\n')
      .find((one) => one.trim().startsWith(start))
      ?.replace(/ +/g, ' ')
      .trim() ?? ''
  t.equal(line('discovery at the PIP'), 'discovery at the PIP 2.00 3.00 4.00 1.41')
  t.match(text, /the paper +103\.38 +109\.47 +119\.27 +4\.43/)
  t.equal(line('VNP'), 'VNP 10.00 10.00 10.00 0.00')
  t.equal(line('substrate node'), 'substrate node, guests included 25.00 37.50 50.00 14.43')
  t.equal(line('consoles'), 'consoles 0.50 0.50 0.50 0.00')
  t.match(text, /hosts and all roles share 2 CPUs/)
})
