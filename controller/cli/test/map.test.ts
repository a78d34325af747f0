import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { generate, settings } from '../../simulation/generate.ts'
import type { Solutions } from '../../simulation/instance.ts'
import { judge } from '../../simulation/judge.ts'
import { weft } from './support.ts'

const instance = generate({ ...settings.constrained, hosts: 30, requests: 40 }, 1)

t.test('an instance is mapped, plain or compressed, and its solutions are written', async (t) => {
  const directory = t.testdir()
  const [plain, compressed, to, again] = ['a.json', 'a.json.gz', 'to.json', 'again.json'].map((name) =>
    join(directory, name),
  ) as [string, string, string, string]
  writeFileSync(plain, JSON.stringify(instance))
  writeFileSync(compressed, gzipSync(JSON.stringify(instance)))
  const { status, stdout, stderr } = await weft(['map', plain, to])
  t.match({ status, stderr }, { status: 0, stderr: '' })
  const solutions = JSON.parse(readFileSync(to, 'utf8')) as Solutions
  const { rac, lrc, rev, accepted, violations } = judge(instance, solutions)
  t.same(violations, [])
  t.ok(accepted > 20, `${accepted} of 40 were accepted`)
  const figures = `RAC ${rac.toFixed(4)}  LRC ${lrc.toFixed(4)}  REV ${rev.toFixed(4)}  violations 0\n`
  t.equal(stdout.slice(0, figures.length), figures)
  t.match(stdout, /proof: \d+\.\d % of the accepted cost the least there is; on average at most \d+\.\d % more\n/)
  t.match(stdout, /a request: p50 \S+ ms .* p99 \S+ ms {2}max \S+ ms\n +p50 \S+ trees .*a tree: \S+ µs/)

  t.equal((await weft(['map', compressed, again])).status, 0)
  t.equal(readFileSync(again, 'utf8'), readFileSync(to, 'utf8'), 'equal input gives equal output')
  const json = await weft(['map', plain, again, '--budget', '2', '-o', 'json'])
  const told = JSON.parse(json.stdout)
  t.match(told, { verdict: { violations: [] }, ms: { p50: Number, p99: Number, max: Number }, proof: { gap: Number } })
  t.ok(told.proof.share > 0 && told.proof.share <= 1)
})

t.test('a file that is no instance is told with the place of what is wrong', async (t) => {
  const directory = t.testdir({ 'text.json': 'no', 'empty.json': '{"substrate": {"nodes": [], "links": 3}}' })
  const map = (file: string, ...flags: string[]) =>
    weft(['map', join(directory, file), join(directory, 'to.json'), ...flags])
  t.match(await map('none.json'), { status: 1, stderr: /cannot read .*none\.json: ENOENT/ })
  t.match(await map('text.json'), { status: 1, stderr: /it is no JSON.*\[instance\.invalid\] at .*text\.json/ })
  t.match(await map('empty.json'), { status: 1, stderr: /substrate\.links: 3 \[instance\.invalid\].*\nhint: a list/ })
  t.match(await map('empty.json', '--budget', '10s'), {
    status: 1,
    stderr: /--budget is "10s"\nhint: it takes milliseconds/,
  })
})
