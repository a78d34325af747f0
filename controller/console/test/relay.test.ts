import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { WebSocket } from 'ws'
import { connectConsole } from '../../../proto/console/connect.ts'
import { startConsoleListener } from '../../../proto/console/listener.ts'
import { parseNotice } from '../../../proto/console/messages.ts'
import { temporaryDirectory } from '../../../proto/test/temporary.ts'
import { createLog } from '../../log.ts'
import { createConsoleRelay } from '../relay.ts'

const log = createLog('test', 'relay', 'silent')

/** What serves the console itself, and two roles above it. */
const chain = async (t: Test, serve: (socket: WebSocket) => void) => {
  const place = () => {
    const directory = temporaryDirectory(t)
    return { listen: `unix:${join(directory, 's')}`, directory }
  }
  const bottom = await startConsoleListener(place())
  const below = createConsoleRelay(place(), log)
  const above = createConsoleRelay(place(), log)
  t.teardown(async () => {
    await above.close()
    await below.close()
    await bottom.close()
  })
  const ticket = async () => above.relay(await below.relay(bottom.grant(serve)))
  return { bottom, below, above, ticket }
}

const opened = async (t: Test, ticket: Parameters<typeof connectConsole>[0]) => {
  const socket = await connectConsole(ticket)
  t.teardown(() => socket.terminate())
  const messages: { data: Buffer; isBinary: boolean }[] = []
  socket.on('message', (data: Buffer, isBinary) => void messages.push({ data, isBinary }))
  const code = new Promise<number>((resolve) => socket.once('close', resolve))
  socket.resume()
  return { socket, messages, code }
}

const until = async (what: () => boolean): Promise<void> => {
  const end = performance.now() + 20_000
  while (!what()) {
    if (performance.now() > end) throw new Error(`it never came: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

t.test('bytes and messages pass both ways through two roles, and keep their kind', async (t) => {
  const { ticket } = await chain(t, (socket) => {
    socket.send('{"type":"live"}')
    socket.on('message', (data, binary) => socket.send(data, { binary }))
  })
  const { socket, messages } = await opened(t, await ticket())
  socket.send(Buffer.from([0, 255, 3]))
  socket.send('{"type":"resize","columns":80,"rows":25}')
  await until(() => messages.length === 3)
  t.same(
    messages.map(({ data, isBinary }) => (isBinary ? [...data] : data.toString())),
    ['{"type":"live"}', [0, 255, 3], '{"type":"resize","columns":80,"rows":25}'],
  )
})

t.test('each role has a token and a certificate of its own, and each token counts once', async (t) => {
  const { bottom, below, above } = await chain(t, () => {})
  const first = bottom.grant(() => {})
  const second = await below.relay(first)
  const third = await above.relay(second)
  for (const part of ['endpoint', 'token', 'fingerprint'] as const) {
    t.equal(new Set([first[part], second[part], third[part]]).size, 3, part)
  }
  await t.rejects(connectConsole({ ...third, token: second.token }), { code: 'token.invalid' })
  await opened(t, third)
  await t.rejects(connectConsole(third), { code: 'token.invalid' })
})

t.test('the end of a console and the way of its end come through', async (t) => {
  const { ticket } = await chain(t, (socket) => socket.close(1000))
  t.equal(await (await opened(t, await ticket())).code, 1000)
  const cut = await chain(t, (socket) => socket.terminate())
  t.equal(await (await opened(t, await cut.ticket())).code, 1001, 'may be tried again')
})

t.test('who leaves leaves below too', async (t) => {
  const left = Promise.withResolvers<number>()
  const { ticket } = await chain(t, (socket) => void socket.on('close', left.resolve))
  const { socket } = await opened(t, await ticket())
  socket.close(1000)
  t.equal(await left.promise, 1000)
})

t.test('a role below that is gone is told to whoever watches', async (t) => {
  const { bottom, below, ticket } = await chain(t, () => {})
  const asked = await ticket()
  await below.close()
  await bottom.close()
  const { messages, code } = await opened(t, asked)
  t.equal(await code, 1001)
  t.match(parseNotice(String(messages[0]?.data)), { type: 'failed', code: 'call.unreachable' })
})

t.test('what nobody takes above is not taken from below', async (t) => {
  let sent = 0
  const { ticket } = await chain(t, (socket) => {
    const more = (): void => {
      for (; sent < 64 * 1024 * 1024 && socket.bufferedAmount < 1024 * 1024; sent += 32 * 1024) {
        socket.send(Buffer.alloc(32 * 1024), () => more())
      }
    }
    more()
  })
  const socket = await connectConsole(await ticket())
  t.teardown(() => socket.terminate())
  await new Promise((resolve) => setTimeout(resolve, 500))
  t.ok(sent < 16 * 1024 * 1024, `${sent} bytes are on their way to one who does not read`)
})

t.test('a role without a place for consoles says so', async (t) => {
  const relay = createConsoleRelay(undefined, log)
  await t.rejects(relay.relay({ endpoint: 'unix:/x', token: 'x', fingerprint: 'x' }), { code: 'verb.unsupported' })
  await relay.close()
  const { above } = await chain(t, () => {})
  await t.rejects(above.relay(undefined), { code: 'message.malformed' })
})
