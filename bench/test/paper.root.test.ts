/** The bench itself, at its smallest: it must not rot between the runs that people look at. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { labProblem } from '../../lab/lab.ts'
import type { Instantiation } from '../paper/instantiate.ts'

const bench = fileURLToPath(new URL('../paper.ts', import.meta.url))

t.test(
  'one run of the paper’s VNet is timed, consoles included, with the CPU of roles and hosts',
  { skip: labProblem(), timeout: 600_000 },
  async (t) => {
    const { NODE_OPTIONS: _, ...env } = process.env
    const flags = ['--runs', '1', '-o', 'json']
    const { stdout } = await promisify(execFile)(process.execPath, [bench, ...flags], { env, timeout: 500_000 })
    const results = JSON.parse(stdout)
    t.match(results, { nodes: 6, links: 7, hosts: 3, hypervisor: 'lxc' })
    t.strictSame(Object.keys(results.runs), ['on-demand', 'at-vnp', 'preallocated'])
    for (const [way, runs] of Object.entries<Instantiation[]>(results.runs)) {
      t.equal(runs.length, 1)
      for (const { seconds, readySeconds, pooled, cpu } of runs) {
        t.equal(pooled, way === 'preallocated' ? 6 : 0, `${way}: nodes that were a pool's before`)
        t.ok(readySeconds > 0 && seconds > readySeconds, 'consoles come after the nodes')
        t.strictSame(Object.keys(cpu.hosts).sort(), ['centre', 'east', 'west'])
        for (const [host, taken] of Object.entries(cpu.hosts)) t.ok(taken > (cpu.agents[host] ?? 0), host)
        t.ok((cpu.roles['vnp'] ?? 0) > 0 && (cpu.roles['pip'] ?? 0) > 0)
      }
    }
  },
)
