/** What becomes of connections that nobody closes: collected, left to an ending process or worker, or still in use. */
import { Worker } from 'node:worker_threads'
import t from 'tap'
import type { LibvirtConnection } from '../libvirt.ts'
import { libvirt, libvirtProblem, testDomain } from './support/libvirt.ts'
import { callThreads, collectUntil, fixturePath, openDescriptors, runFixture, until } from './support/process.ts'

const skip = libvirtProblem()
t.setTimeout(300_000)
const uri = 'test:///default'

/** So that what the process has once, its event loop's thread and descriptors, is there before anything is counted. */
const warm = async (): Promise<void> => (await libvirt().connect(uri)).close()

const connectAndForget = async (): Promise<WeakRef<LibvirtConnection>> => {
  const connection: LibvirtConnection = await libvirt().connect(uri, { onClose: () => connection.closed })
  return new WeakRef(connection)
}

t.test('a connection is closed when it is collected, though its callback knows it', { skip }, async (t) => {
  t.ok(await until(() => callThreads() === 0))
  const forgotten = await Promise.all(Array.from({ length: 5 }, connectAndForget))
  t.equal(callThreads(), 5)
  t.ok(await collectUntil(() => callThreads() === 0))
  t.ok(forgotten.every((reference) => reference.deref() === undefined))
})

t.test('a connection stays while a call is in flight, though nobody holds it', { skip }, async (t) => {
  const calls = await Promise.all(
    Array.from({ length: 5 }, async () => {
      const connection = await libvirt().connect(uri, { threads: 1 })
      return Array.from({ length: 50 }, () => connection.capabilities())
    }),
  )
  const answered = Promise.all(calls.flat())
  let settled = false
  const done = answered.finally(() => {
    settled = true
  })
  await collectUntil(() => settled)
  t.equal((await answered).length, 250)
  await done
})

t.test('a listener hears, though nobody holds its connection', { skip }, async (t) => {
  let heard = 0
  const listen = async (): Promise<{ reference: WeakRef<LibvirtConnection>; stop: WeakRef<() => Promise<void>> }> => {
    const connection = await libvirt().connect(uri)
    return { reference: new WeakRef(connection), stop: new WeakRef(await connection.onEvent(() => heard++)) }
  }
  const { reference } = await listen()
  t.notOk(await collectUntil(() => reference.deref() === undefined, 10))
  const other = await libvirt().connect(uri)
  const { uuid } = await other.define(testDomain('heard'))
  await other.undefine(uuid)
  await other.close()
  t.ok(await until(() => heard >= 2))
  await reference.deref()?.close()
  t.ok(await collectUntil(() => reference.deref() === undefined))
})

t.test(
  'the function that stops a listener holds the connection, and works after it was closed',
  { skip },
  async (t) => {
    const listen = async (): Promise<() => Promise<void>> => (await libvirt().connect(uri)).onEvent(() => {})
    const stop = await listen()
    await collectUntil(() => false, 5)
    await stop()
    await collectUntil(() => false, 5)
    await stop()

    const connection = await libvirt().connect(uri)
    const stopLater = await connection.onEvent(() => {})
    await connection.close()
    await stopLater()
    t.equal(connection.closed, true)
  },
)

t.test('a process ends as it wants to, with connections open', { skip }, async (t) => {
  for (const way of ['idle', 'connecting', 'exit', 'stopped', 'closed', 'exit-in-listener', 'worker']) {
    t.match(await runFixture('libvirt-end', [way]), { status: 0, stdout: '', stderr: '' }, way)
  }
  t.match(await runFixture('libvirt-end', ['in-flight']), { status: 0, stdout: 'answered\n', stderr: '' })
  t.match(await runFixture('libvirt-end', ['listening']), { status: 0, stdout: 'still here\n', stderr: '' })
  t.match(await runFixture('libvirt-end', ['worker-terminated']), { status: 0, stdout: 'terminated\n', stderr: '' })
})

t.test('what a listener throws is an uncaught exception', { skip }, async (t) => {
  t.match(await runFixture('libvirt-end', ['throw-in-listener']), { status: 1, stderr: /Error: from the listener/ })
})

t.test('workers that end or are terminated leave no thread and no descriptor behind', { skip }, async (t) => {
  await warm()
  const before = openDescriptors()
  for (let round = 0; round < 5; round++) {
    const workers = ['quiet', 'busy'].map((argument) => new Worker(fixturePath('libvirt-worker'), { argv: [argument] }))
    await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('message', resolve))))
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
  t.ok(await until(() => callThreads() === 0))
  t.ok(await until(() => openDescriptors() <= before))
})
