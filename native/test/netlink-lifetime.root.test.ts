/** What becomes of sockets that nobody closes: collected, left to an ending process or worker, or still in use. */
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { loadNetlink, type NetlinkSocket } from '../netlink.ts'
import { dumpLinks } from './support/messages.ts'
import { collectUntil, fixturePath, openDescriptors, runFixture, until } from './support/process.ts'

t.setTimeout(300_000)
const netlink = loadNetlink()

/** Opens sockets whose callbacks know them, and keeps none. */
const openAndForget = (count: number): WeakRef<NetlinkSocket>[] =>
  Array.from({ length: count }, () => {
    const socket: NetlinkSocket = netlink.open(0, {
      onDatagram: () => socket.unref(),
      onError: () => socket.close(),
    })
    socket.unref()
    return new WeakRef(socket)
  })

t.test('an unreferenced socket is closed when it is collected, though its callbacks know it', async (t) => {
  const before = openDescriptors()
  const forgotten = openAndForget(20)
  t.equal(openDescriptors(), before + 20)
  t.ok(await collectUntil(() => openDescriptors() === before))
  t.ok(forgotten.every((reference) => reference.deref() === undefined))
})

t.test('a closed socket is collected', async (t) => {
  const forgotten = Array.from({ length: 20 }, () => {
    const socket = netlink.open(0, { onDatagram: () => {}, onError: () => {} })
    socket.close()
    return new WeakRef(socket)
  })
  t.ok(await collectUntil(() => forgotten.every((reference) => reference.deref() === undefined)))
})

t.test('a referenced socket stays and hears, though nobody holds it', async (t) => {
  let heard = 0
  const open = (): WeakRef<NetlinkSocket> =>
    new WeakRef(netlink.open(0, { onDatagram: () => heard++, onError: () => {} }))
  const reference = open()
  t.notOk(await collectUntil(() => reference.deref() === undefined, 10))
  reference.deref()?.send(dumpLinks(1))
  t.ok(await until(() => heard > 0))
  reference.deref()?.close()
})

t.test('a process ends as it wants to, with sockets open', async (t) => {
  for (const way of ['unreferenced', 'closed', 'exit', 'exit-while-sending', 'exit-in-callback', 'worker']) {
    t.match(await runFixture('netlink-end', [way]), { status: 0, stderr: '' }, way)
  }
  t.match(await runFixture('netlink-end', ['referenced']), { status: 0, stdout: 'still here\n', stderr: '' })
  t.match(await runFixture('netlink-end', ['worker-terminated']), { status: 0, stdout: 'terminated\n', stderr: '' })
})

t.test('what a callback throws is an uncaught exception', async (t) => {
  t.match(await runFixture('netlink-end', ['throw-in-callback']), { status: 1, stderr: /Error: from the callback/ })
  t.match(await runFixture('netlink-end', ['throw-handled']), { status: 0, stdout: 'call 1\ncall 2\n', stderr: '' })
})

t.test('promises go on right after the callback that settled them', async (t) => {
  t.match(await runFixture('netlink-end', ['microtasks']), { status: 0, stdout: 'tick\nmicrotask\nimmediate\n' })
})

t.test('workers that end or are terminated leave no descriptor behind', async (t) => {
  const before = openDescriptors()
  for (let round = 0; round < 5; round++) {
    const workers = ['quiet', 'busy'].map((argument) => new Worker(fixturePath('netlink-worker'), { argv: [argument] }))
    await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('message', resolve))))
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
  t.ok(await until(() => openDescriptors() <= before))
})
