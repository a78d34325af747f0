import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { connectConsole } from '../../../proto/console/connect.ts'
import { startConsoleListener } from '../../../proto/console/listener.ts'
import { WeftError } from '../../../proto/errors.ts'
import { temporaryDirectory } from '../../../proto/test/temporary.ts'
import type { ConsoleStream } from '../../hypervisor/driver.ts'
import { silentLog } from '../../log.ts'
import { type AttachOptions, keepNodeConsole, mostWatchers } from '../node-console.ts'
import { until, watching } from './support.ts'

/** A node whose console the test is the other end of. */
const fakeNode = () => {
  const typed: string[] = []
  const sizes: string[] = []
  const state = {
    runs: true,
    opened: 0,
    typed,
    sizes,
    /** Typing waits for it. */
    takes: Promise.resolve(),
    say: (_: string | Uint8Array): void | Promise<void> => {},
    stop: () => {},
  }
  const open = async (): Promise<ConsoleStream> => {
    if (!state.runs) throw new WeftError('node.not-running', 'it does not run')
    state.opened++
    const over = Promise.withResolvers<string | undefined>()
    state.stop = () => {
      state.runs = false
      over.resolve('hung up')
    }
    return {
      onData: (listener) => {
        state.say = (words) => listener(Buffer.from(words))
      },
      write: async (bytes) => {
        await state.takes
        typed.push(Buffer.from(bytes).toString())
      },
      resize: async (columns, rows) => void sizes.push(`${columns}x${rows}`),
      close: async () => over.resolve(undefined),
      closed: over.promise,
    }
  }
  return { state, open }
}

const kept = async (t: Test, open: () => Promise<ConsoleStream>) => {
  const directory = temporaryDirectory(t)
  const console = keepNodeConsole({ directory: join(directory, 'c'), open, log: silentLog() })
  const listener = await startConsoleListener({ listen: `unix:${join(directory, 's')}`, directory })
  t.teardown(async () => {
    await console.close()
    await listener.close()
  })
  await console.ready()
  const watch = async (options: Partial<AttachOptions> = {}) =>
    watching(
      t,
      await connectConsole(listener.grant((socket) => console.attach(socket, { readOnly: false, ...options }))),
    )
  return { console, watch, directory: join(directory, 'c') }
}

t.test('the last output comes first, then what is written, to everybody who watches', async (t) => {
  const { state, open } = fakeNode()
  const { watch } = await kept(t, open)
  await state.say('before ')
  const [one, two] = [await watch(), await watch({ readOnly: true })]
  await until(() => one.isLive() && two.isLive())
  t.equal(one.text(), 'before ')
  await state.say('after')
  await until(() => one.text() === 'before after' && two.text() === 'before after')
})

t.test('one types at a time; the next in line is told when it may, and who only reads never may', async (t) => {
  const { state, open } = fakeNode()
  const { watch } = await kept(t, open)
  const reader = await watch({ readOnly: true })
  const first = await watch()
  const second = await watch()
  await until(() => [reader, first, second].every((one) => one.isLive()))
  t.same(
    [reader, first, second].map((one) => one.writer()),
    [false, true, false],
  )
  reader.socket.send(Buffer.from('r'))
  second.socket.send(Buffer.from('2'))
  second.socket.send(JSON.stringify({ type: 'resize', columns: 1, rows: 1 }))
  first.socket.send(JSON.stringify({ type: 'resize', columns: 80, rows: 25 }))
  first.socket.send(Buffer.from('1'))
  await until(() => state.typed.length > 0 && state.sizes.length > 0)
  first.socket.close()
  await until(() => second.writer())
  second.socket.send(Buffer.from('two'))
  await until(() => state.typed.length > 1)
  t.same(state.typed, ['1', 'two'])
  t.same(state.sizes, ['80x25'])
  t.equal(reader.writer(), false)
})

t.test('a node that stops and starts again is told of, and its console goes on with the size it had', async (t) => {
  const { state, open } = fakeNode()
  const { console, watch } = await kept(t, open)
  const one = await watch()
  await until(() => one.running() && one.isLive())
  one.socket.send(JSON.stringify({ type: 'resize', columns: 90, rows: 30 }))
  await state.say('a')
  await until(() => state.sizes.length === 1)
  state.stop()
  await until(() => !one.running())
  state.runs = true
  console.wake()
  await until(() => one.running())
  await state.say('b')
  await until(() => one.text() === 'ab')
  t.same(state.sizes, ['90x30', '90x30'])
})

t.test(
  'who was cut off goes on after the position that it had; a position of another console is not believed',
  async (t) => {
    const { state, open } = fakeNode()
    const { watch } = await kept(t, open)
    await state.say('0123456789')
    const again = await watch({ after: 7 })
    const other = await watch({ after: 1000 })
    await until(() => again.isLive() && other.isLive())
    t.equal(again.text(), '789')
    t.equal(again.position(), 10)
    t.equal(other.text(), '0123456789')
  },
)

t.test('what is too much to be kept is left out, and that is said', async (t) => {
  const { state, open } = fakeNode()
  const { watch } = await kept(t, open)
  const slow = await watch()
  await until(() => slow.isLive())
  slow.socket.pause()
  const line = 'x'.repeat(60_000)
  let said = 0
  for (; said < 60; said++) {
    await state.say(line)
    await sleep(0)
  }
  slow.socket.resume()
  await until(() => slow.position() === said * line.length)
  t.ok(slow.skipped() > 0, `${slow.skipped()} bytes skipped`)
  t.equal(slow.text().length + slow.skipped(), said * line.length, 'everything is accounted for')
})

t.test('a node that takes nothing more holds back who types, and nothing else', async (t) => {
  const { state, open } = fakeNode()
  const { watch } = await kept(t, open)
  const one = await watch()
  await until(() => one.writer())
  const takes = Promise.withResolvers<void>()
  state.takes = takes.promise
  for (let i = 0; i < 50; i++) one.socket.send(Buffer.alloc(50_000, 'k'))
  await sleep(50)
  await state.say('still here')
  await until(() => one.text() === 'still here')
  t.equal(state.typed.length, 0)
  takes.resolve()
  await until(() => state.typed.length === 50)
})

t.test('a console that writes without end is read no faster than is good for the host', async (t) => {
  const { state, open } = fakeNode()
  await kept(t, open)
  const begin = performance.now()
  let bytes = 0
  while (performance.now() - begin < 500) {
    await state.say(Buffer.alloc(64 * 1024))
    bytes += 64 * 1024
  }
  t.ok(bytes < 6 * 1024 * 1024, `${bytes} bytes in half a second`)
  t.ok(bytes > 1024 * 1024)
})

t.test('a node that is gone ends its console with a reason; an agent that ends leaves the rest', async (t) => {
  const { state, open } = fakeNode()
  const { console, watch } = await kept(t, open)
  await state.say('x')
  const one = await watch()
  await until(() => one.isLive())
  await console.close('it was removed')
  await until(() => one.code() !== undefined)
  t.equal(one.ended(), 'it was removed')
  t.equal(one.code(), 1000)

  const second = fakeNode()
  const other = await kept(t, second.open)
  const two = await other.watch()
  await until(() => two.isLive())
  await other.console.close()
  await until(() => two.code() !== undefined)
  t.equal(two.ended(), undefined)
  t.equal(two.code(), 1001)
})

t.test('so many watch it that one more is asked to come later', async (t) => {
  const { open } = fakeNode()
  const { watch } = await kept(t, open)
  const all = await Promise.all(Array.from({ length: mostWatchers }, () => watch()))
  await until(() => all.every((one) => one.isLive()))
  const late = await watch()
  await until(() => late.code() !== undefined)
  t.match({ code: late.code(), isLive: late.isLive() }, { code: 1001, isLive: false })
  all[0]?.socket.close()
  await until(() => all[1]?.writer() === true)
  const again = await watch()
  await until(() => again.isLive())
  t.equal(again.code(), undefined)
})

t.test('a node whose hypervisor has no consoles says so, and is not asked again', async (t) => {
  let asked = 0
  const open = async (): Promise<never> => {
    asked++
    throw new WeftError('verb.unsupported', 'no console')
  }
  const console = keepNodeConsole({ directory: join(temporaryDirectory(t), 'c'), open, log: silentLog() })
  await t.rejects(console.ready(), { code: 'verb.unsupported' })
  console.wake()
  await sleep(10)
  t.equal(asked, 1)
  await console.close()
})
