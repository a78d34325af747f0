/** What becomes of descriptors and memory that nobody closes. */
import { readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { loadBpf } from '../bpf.ts'
import { bpfProblem, createMap } from './support/bpf.ts'
import { collectUntil, fixturePath, openDescriptors, runFixture, until } from './support/process.ts'

t.setTimeout(300_000)
const skip = bpfProblem()

/** Mappings of maps in this process. */
const mappings = (): number => readFileSync('/proc/self/maps', 'utf8').split('bpf-map').length - 1

t.test('a descriptor that nobody holds is closed when it is collected', { skip }, async (t) => {
  const before = openDescriptors()
  const forget = (): void => void Array.from({ length: 20 }, () => createMap())
  forget()
  t.equal(openDescriptors(), before + 20)
  t.ok(await collectUntil(() => openDescriptors() === before))
})

t.test('memory that nobody holds is unmapped, and what views hold is not', { skip }, async (t) => {
  const before = mappings()
  const map = createMap({ shared: true, entries: 512 })
  const view = ((): Uint32Array => new Uint32Array(loadBpf().mapMemory(map, 4096)))()
  const forget = (): void => {
    for (let count = 0; count < 10; count++) loadBpf().mapMemory(map, 4096)
  }
  forget()
  map.close()
  t.ok(await collectUntil(() => mappings() === before + 1))
  view[0] = 42
  t.equal(view[0], 42)
  loadBpf().unmapMemory(view.buffer as ArrayBuffer)
  t.equal(view.length, 0)
  t.ok(await until(() => mappings() === before))
})

t.test('memory that was unmapped is unmapped once', { skip }, async (t) => {
  const before = mappings()
  const map = createMap({ shared: true, entries: 512 })
  for (let round = 0; round < 50; round++) loadBpf().unmapMemory(loadBpf().mapMemory(map, 4096))
  map.close()
  t.ok(await collectUntil(() => mappings() === before))
})

t.test('a process ends as it wants to, with all of it open', { skip }, async (t) => {
  for (const way of ['run-out', 'exit', 'exit-while-calling']) {
    t.match(await runFixture('bpf-end', [way]), { status: 0, stdout: '', stderr: '' }, way)
  }
  t.match(await runFixture('bpf-end', ['worker']), { status: 0, stdout: 'ended with 2\n', stderr: '' })
})

t.test('workers that are terminated leave nothing behind', { skip }, async (t) => {
  const before = { descriptors: openDescriptors(), mappings: mappings() }
  for (let round = 0; round < 5; round++) {
    const workers = [1, 2].map(() => new Worker(fixturePath('bpf-worker')))
    await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('message', resolve))))
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
  t.ok(await until(() => openDescriptors() <= before.descriptors && mappings() <= before.mappings))
})
