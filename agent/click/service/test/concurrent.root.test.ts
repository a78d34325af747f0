/** Several processes at once, on the same routers. */
import { execFile } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { missing } from '../../../ebpf/features.ts'
import { readConfiguration } from '../configuration.ts'
import { clickService } from '../service.ts'
import type { Change } from './fixtures/change.ts'
import { makeLines } from './support.ts'

t.setTimeout(300_000)
const skip = missing('bpf')?.message ?? false
const fixture = join(dirname(fileURLToPath(import.meta.url)), 'fixtures', 'change.ts')

const change = async (change: Omit<Change, 'killedAt'>): Promise<string> => {
  const argv = [fixture, JSON.stringify({ ...change, killedAt: -1 })]
  const { stdout } = await promisify(execFile)(process.execPath, argv)
  return stdout
}

t.test('changes take turns, and reading waits for none of them', { skip }, async (t) => {
  const { places } = await makeLines(t)
  const service = clickService(places)
  const text = (more: string) => `FromDevice(a1) -> ${more} s :: Switch(0) -> Discard; s[1] -> Discard`
  await service.up('r', readConfiguration(text(''), 'test.click'))
  await service.write('r', 's.switch', '1')
  const processes = 6
  const swaps = Array.from({ length: processes }, (_, i) =>
    change({ places, verb: 'swap', name: 'r', text: text(`c${i} :: Counter ->`) }),
  )
  const isDone = Promise.all(swaps).then(() => true)
  let reads = 0
  for (let done = false; !done; reads++) {
    const own = service.swap('r', readConfiguration(text('Null ->'), 'test.click'))
    t.equal(await service.read('r', 's.switch'), '1')
    await own
    done = await Promise.race([isDone, new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 20))])
  }
  t.match(await service.list(), [{ state: 'running', generation: 1 + processes + reads }])
  await service.down('r')
})

t.test('of two that want the same device, or the same name, one gets it', { skip }, async (t) => {
  const { places } = await makeLines(t)
  const service = clickService(places)
  const text = 'FromDevice(a1) -> Discard'
  const outcomes = await Promise.allSettled([
    change({ places, verb: 'up', name: 'one', text }),
    change({ places, verb: 'up', name: 'two', text }),
    change({ places, verb: 'up', name: 'two', text }),
  ])
  t.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
  const routers = await service.list()
  t.match(routers, [{ state: 'running' }])
  t.equal(routers.length, 1)
  await service.down(routers[0]?.name ?? '')
})
