/** The bench itself, at its smallest: it must not rot between the runs that people look at. */
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { generate, settings } from '../../controller/simulation/generate.ts'
import { judge } from '../mapping/report.ts'
import { measureGaps, runInstances } from '../mapping/run.ts'

const bench = fileURLToPath(new URL('../mapping.ts', import.meta.url))

t.test('instances of a directory are run, and the published figures stand beside them', async (t) => {
  const directory = t.testdir({ 'README.md': 'no instance' })
  const small = generate({ ...settings['wx100-eta0.16'], requests: 20 }, 1)
  writeFileSync(join(directory, 'wx100-eta0.16-small.json'), JSON.stringify(small))
  const { NODE_OPTIONS: _, ...env } = process.env
  const flags = ['--only', 'instances', '--instances', directory]
  const { stdout } = await promisify(execFile)(process.execPath, [bench, ...flags], { env, timeout: 300_000 })
  t.match(stdout, /wx100-eta0\.16-small +[01]\.\d{3} +[01]\.\d{3} +[01]\.\d{3} +0 +0 /)
  t.match(stdout, /PPO-DualGAT \(published\) +0\.781 +0\.740/)
  t.match(stdout, /promises broken +0\.00 +at most 0\.00 +met/)
})

t.test('gaps are those of cost to bound, and verdicts say what misses its target', async (t) => {
  const gaps = measureGaps(1, 20, 3)
  t.same(
    gaps.map(({ nodes }) => nodes),
    [2, 3, 4, 5, 6, 7, 8, 9, 10],
  )
  for (const { mean, max, proven } of gaps) t.ok(mean >= 0 && mean <= max && proven >= 0 && proven <= 1)
  const verdicts = judge({
    instances: [],
    large: undefined,
    gaps: [{ nodes: 6, requests: 1, mean: 0.01, max: 0.01, proven: 0, ms: 1, counted: 1 }],
  })
  t.match(verdicts, [
    { what: 'promises broken', met: true },
    { what: 'gap of 6 nodes, mean', value: 0.01, met: false },
  ])
})

t.test('a directory without instances is none', async (t) => {
  t.same([...runInstances({ instances: t.testdir({}), seeds: 1, firstSeed: 1, trees: 1, thrift: 9 })], [])
})
