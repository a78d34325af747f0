/** The bench of many links with few: it comes to its end, tells what it should, and leaves nothing behind. */
import { execFile, execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { missing } from '../../agent/ebpf/features.ts'
import type { LinksComparison } from '../links/compare.ts'

t.setTimeout(600_000)
const skip = missing('bpf')?.message ?? false
const bench = join(import.meta.dirname, '..', 'links.ts')

t.test('each part tells costs, ratios and memory of links', { skip }, async (t) => {
  const flags = ['--links', '4', '--per-vnet', '2', '--pairs', '1', '--json']
  const running = promisify(execFile)(process.execPath, [bench, ...flags])
  const child = running.child.pid
  const { stdout } = await running
  const parts = Object.entries(JSON.parse(stdout) as Record<string, LinksComparison>)
  t.same(
    parts.map(([name]) => name),
    ['click', 'bridge', 'agent', 'agent-bridge'],
  )
  for (const [name, { at, fillSeconds, kernelBytes }] of parts) {
    t.same(
      at.map(({ links }) => links),
      [4],
    )
    t.ok(fillSeconds > 0)
    t.ok(at.every(({ ratio, cpuRatio, full }) => ratio > 0 && cpuRatio > 0 && full.seconds > 0))
    // A link of Click has two routers, of a page and more each.
    t.ok(name === 'bridge' ? kernelBytes === 0 : kernelBytes > 8192, `${name}: ${kernelBytes} bytes`)
  }
  t.notMatch(execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' }), new RegExp(`weft-(links|guests)-${child}-`))
})
