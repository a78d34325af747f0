/** Hot swaps while frames flow: what is sent arrives, and is counted once. */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { until } from '../../../../native/test/support/process.ts'
import { missing } from '../../../ebpf/features.ts'
import { readConfiguration } from '../configuration.ts'
import { clickService } from '../service.ts'
import { countArriving, flood } from './flood.ts'
import { makeLines } from './support.ts'

t.setTimeout(600_000)

const methods = {
  tcx: missing('bpf')?.message ?? missing('tcx')?.message ?? false,
  clsact: missing('bpf')?.message ?? false,
} as const

const swaps = 100

/** Frames that found the queue of a processor full on their way into an interface (second column of softnet_stat): the kernel's loss, not a router's. */
const overflows = (): number =>
  readFileSync('/proc/net/softnet_stat', 'latin1')
    .trim()
    .split('\n')
    .reduce((sum, line) => sum + Number.parseInt(line.split(' ')[1] ?? '0', 16), 0)

for (const [method, skip] of Object.entries(methods)) {
  t.test(`a hundred hot swaps under full rate lose nothing: ${method}`, { skip }, async (t) => {
    const lines = await makeLines(t)
    const service = clickService(lines.places)
    const arrived = await countArriving(t, lines, 'b0')
    const even = `in :: FromDevice(a1, ATTACH ${method}) -> c :: Counter -> Queue -> out :: ToDevice(b1)`
    const odd = `in :: FromDevice(a1, ATTACH ${method}) -> Null -> c :: Counter -> d :: Counter -> Queue -> out :: ToDevice(b1)`
    const configurations = [even, odd].map((text, i) => readConfiguration(text, `${i}.click`))
    const configuration = (i: number) => configurations[i % 2] ?? t.fail('no configuration')
    await service.up('r', configuration(0) as never)
    t.teardown(() => service.down('r').catch(() => undefined))
    const lostBefore = overflows()
    const sender = await flood(t, lines, 'a0')
    t.ok(await until(() => arrived() > 1000), 'frames flow')
    const start = performance.now()
    const before = arrived()
    for (let i = 1; i <= swaps; i++) await service.swap('r', configuration(i) as never)
    const seconds = (performance.now() - start) / 1000
    t.comment(
      `${Math.round((arrived() - before) / seconds)} frames a second over ${swaps} swaps in ${seconds.toFixed(1)} s`,
    )
    const sent = await sender.stop()
    // A machine that is late may overflow its own queues at such a rate; mostly that is none.
    const lost = () => overflows() - lostBefore
    t.ok(await until(() => arrived() + lost() >= sent, 10_000), 'all arrive')
    await sleep(100)
    t.ok(
      arrived() <= sent && sent - arrived() <= lost(),
      `${arrived()} of ${sent} arrived, ${lost()} found a queue full`,
    )
    for (const handler of ['in.count', 'c.count', 'out.count']) {
      t.equal(Number(await service.read('r', handler)), sent, `${handler} counts each once`)
    }
    t.match(await service.list(), [{ name: 'r', state: 'running', generation: swaps + 1 }])
    await service.down('r')
  })
}

t.test('a hundred hot swaps in XDP count every frame once', { skip: missing('bpf')?.message ?? false }, async (t) => {
  const lines = await makeLines(t)
  const service = clickService(lines.places)
  const text = (more: string) => `in :: FromDevice(a1, ATTACH xdp) -> ${more} c :: Counter -> Discard`
  const [even, odd] = ['', 'Null -> d :: Counter -> '].map((more) => readConfiguration(text(more), 'test.click'))
  if (!even || !odd) return
  t.match(await service.up('r', even), { attachments: [{ device: 'a1', method: 'xdp', state: 'attached' }] })
  const sender = await flood(t, lines, 'a0')
  const count = async (): Promise<number> => Number(await service.read('r', 'c.count'))
  for (let i = 0; i < 100 && (await count()) < 1000; i++) await sleep(50)
  for (let i = 1; i <= swaps; i++) await service.swap('r', i % 2 === 1 ? odd : even)
  const sent = await sender.stop()
  for (let i = 0; i < 100 && (await count()) < sent; i++) await sleep(50)
  t.ok(sent > 1000, `${sent} frames`)
  t.equal(await count(), sent)
  t.equal(Number(await service.read('r', 'in.count')), sent)
  await service.down('r')
})
