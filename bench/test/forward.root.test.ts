/** The bench of forwarding, at its smallest: it must not rot between the runs that people look at. No time is looked at. */
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { missing } from '../../agent/ebpf/features.ts'
import { clangProblem } from '../forward/clang.ts'
import { type ForwarderName, forwarders, type Place } from '../forward/live/forwarders.ts'
import { openGround } from '../forward/live/ground.ts'
import { measure } from '../forward/live/measure.ts'
import { openSink } from '../forward/live/sink.ts'
import { makeRoutes } from '../forward/routes.ts'
import { xdpProblem } from '../forward/weft.ts'

const bench = fileURLToPath(new URL('../forward.ts', import.meta.url))
const skip = process.getuid?.() === 0 ? (missing('tcx')?.message ?? false) : 'needs root'
const withoutC = await clangProblem()

const run = async (...flags: readonly string[]): Promise<string> => {
  const { NODE_OPTIONS: _, ...env } = process.env
  const { stdout } = await promisify(execFile)(process.execPath, [bench, ...flags], { env, timeout: 280_000 })
  return stdout
}

t.test('every forwarder forwards each packet of each flow to its own sink', { skip, timeout: 300_000 }, async (t) => {
  const flows = 2
  const ground = await openGround(flows)
  t.teardown(ground.close)
  const sink = openSink(flows)
  t.teardown(sink.close)
  const place: Place = { ground, sink, routes: makeRoutes(100, flows), click: undefined }
  for (const forwarder of forwarders) {
    // Userlevel Click is built by whoever wants it.
    const reason: Partial<Record<ForwarderName, string | undefined>> = {
      c: withoutC,
      'weft-xdp': xdpProblem(),
      click: 'built by nobody here',
    }
    await t.test(forwarder.title, { skip: reason[forwarder.name] ?? false }, async (t) => {
      for (const frameBytes of [64, 1514]) {
        const rate = await measure({ forwarder, place, flows, threads: 1, frameBytes }, { count: 1000 })
        t.equal(rate.sent, 1000)
        t.strictSame(rate.byFlow, [500, 500], `${frameBytes} bytes`)
        if (rate.counted !== undefined) t.equal(rate.counted, 1000, 'as it counts itself')
      }
    })
  }
})

t.test(
  'the path compiled from Click and the one in C make the same of packets',
  { skip: skip || (withoutC ?? false), timeout: 300_000 },
  async (t) => {
    const { path, lookup, verdicts } = JSON.parse(
      await run('--only', 'path', '--only', 'lookup', '--rounds', '1', '--routes', '100', '--json'),
    )
    t.ok(path.length >= 2, 'of both sizes')
    for (const { toC, toLean } of path) for (const { ns, ofNs } of [toC, toLean]) t.ok(ns > 0 && ofNs > 0)
    t.strictSame(
      lookup.map(({ routes, traffic }: { routes: number; traffic: string }) => `${routes} ${traffic}`),
      ['1 hot', '1 random', '100 hot', '100 random'],
    )
    t.equal(verdicts.length, path.length)
  },
)

t.test('the whole bench prints its tables and draws its charts', { skip, timeout: 300_000 }, async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'weft-bench-'))
  t.teardown(() => rm(directory, { recursive: true }))
  const flags = ['--only', 'live', '--only', 'flows', '--rounds', '1', '--seconds', '0.01', '--flows', '2']
  const text = await run(...flags, '--out', directory)
  for (const title of ['Weft, TCX, 64', 'kernel routing, 1500', 'Linux bridge, 64', '2 flows']) t.match(text, title)
  t.match(text, 'skipped: userlevel Click')
  t.strictSame((await readdir(directory)).sort(), ['figure-7a.svg', 'figure-7b.svg', 'figure-8.svg'])
  const svg = await readFile(join(directory, 'figure-7a.svg'), 'utf8')
  t.ok(svg.startsWith('<svg ') && svg.endsWith('</svg>\n'))
  for (const words of ['million packets a second', 'ns a packet', 'kernel routing', 'of its processors'])
    t.match(svg, words)
})
