/** The bench itself, at its smallest: it must not rot between the runs that people look at. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { labProblem } from '../../lab/lab.ts'

const bench = fileURLToPath(new URL('../instantiate.ts', import.meta.url))

t.test(
  'a bench of one pair measures both sides and judges them',
  { skip: labProblem(), timeout: 600_000 },
  async (t) => {
    const { NODE_OPTIONS: _, ...env } = process.env
    const flags = ['--only', 'vnet', '--pairs', '1', '--idle', '1', '-o', 'json']
    const { stdout } = await promisify(execFile)(process.execPath, [bench, ...flags], { env, timeout: 500_000 })
    const { vnet, line, verdicts, met } = JSON.parse(stdout)
    t.equal(line, undefined)
    t.match(vnet, { nodes: 6, links: 7, hosts: 3 })
    t.equal(vnet.pairs.length, 1)
    t.ok(vnet.objects > 6 + 7, 'objects that were looked up on both sides')
    for (const seconds of [vnet.pairs[0].weftSeconds, vnet.pairs[0].bareSeconds]) t.ok(seconds > 0 && seconds < 300)
    t.equal(vnet.ratio, vnet.pairs[0].weftSeconds / vnet.pairs[0].bareSeconds)
    t.equal(
      met,
      verdicts.every((verdict: { met: boolean }) => verdict.met),
    )
  },
)
