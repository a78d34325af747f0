import { X509Certificate } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { WebSocket } from 'ws'
import { temporaryDirectory } from '../../test/temporary.ts'
import { keptCertificate } from '../certificate.ts'
import { connectConsole } from '../connect.ts'
import { startConsoleListener } from '../listener.ts'

const echo = (socket: WebSocket): void => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
}

const listening = async (t: Test, options: { readonly listen?: string; readonly tokenMs?: number } = {}) => {
  const directory = temporaryDirectory(t)
  const listener = await startConsoleListener({ listen: '127.0.0.1:0', directory, ...options })
  t.teardown(() => listener.close())
  return { directory, listener }
}

const said = (socket: WebSocket, text: string): Promise<string> => {
  const answer = new Promise<string>((resolve) => socket.once('message', (data: Buffer) => resolve(data.toString())))
  socket.resume()
  socket.send(text)
  return answer
}

t.test('a ticket opens one connection, over TCP and over a unix socket', async (t) => {
  for (const listen of ['127.0.0.1:0', `unix:${join(temporaryDirectory(t), 'c.sock')}`]) {
    const { listener } = await listening(t, { listen })
    const ticket = listener.grant(echo)
    t.match(ticket, { endpoint: listen.startsWith('unix:') ? listen : /^wss:\/\/127\.0\.0\.1:\d+$/ })
    const socket = await connectConsole(ticket)
    t.equal(await said(socket, 'hello'), 'hello')
    await t.rejects(connectConsole(ticket), { code: 'token.invalid', message: /used before/ }, 'it is spent')
    socket.terminate()
  }
})

t.test('of two that come with one token at the same time, one is let in', async (t) => {
  const { listener } = await listening(t)
  const ticket = listener.grant(echo)
  const outcomes = await Promise.allSettled([connectConsole(ticket), connectConsole(ticket)])
  for (const outcome of outcomes) if (outcome.status === 'fulfilled') outcome.value.terminate()
  t.same(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
})

t.test('a token that nobody came with is worth nothing after its time', async (t) => {
  const { listener } = await listening(t, { tokenMs: 20 })
  let expired = 0
  const ticket = listener.grant(echo, () => expired++)
  await sleep(100)
  t.equal(expired, 1)
  await t.rejects(connectConsole(ticket), { code: 'token.invalid' })
})

t.test('the token is not told to who has another certificate than the one that was told', async (t) => {
  const { listener } = await listening(t)
  const ticket = listener.grant(echo)
  const fingerprint = '0'.repeat(64)
  await t.rejects(connectConsole({ ...ticket, fingerprint }), { code: 'certificate.unknown' })
  const socket = await connectConsole(ticket)
  t.equal(await said(socket, 'not spent'), 'not spent')
  socket.terminate()
})

t.test('who comes without a token, or with another, is refused', async (t) => {
  const { listener } = await listening(t)
  const ticket = listener.grant(echo)
  await t.rejects(connectConsole({ ...ticket, token: `${ticket.token}x` }), { code: 'token.invalid' })
  const status = await new Promise((resolve, reject) => {
    const asking = request(ticket.endpoint.replace('wss:', 'https:'), { rejectUnauthorized: false }, (response) =>
      resolve(response.statusCode),
    )
    asking.on('error', reject).end()
  })
  t.equal(status, 426, 'it is no web server')
})

t.test('where nobody listens, or no TLS is spoken, is said', async (t) => {
  const ticket = { endpoint: 'wss://127.0.0.1:1', token: 'x', fingerprint: 'x' }
  await t.rejects(connectConsole(ticket), { code: 'call.unreachable' })
  await t.rejects(connectConsole({ ...ticket, endpoint: 'http://127.0.0.1:1' }), { code: 'message.malformed' })
  await t.rejects(startConsoleListener({ listen: 'nowhere', directory: '/' }), { code: 'config.invalid' })
  const { directory } = await listening(t)
  await t.rejects(startConsoleListener({ listen: '192.0.2.1:0', directory }), { code: 'console.failed' })
})

t.test('the certificate is made once, kept for its owner alone, and made anew where it is damaged', async (t) => {
  const directory = join(temporaryDirectory(t), 'keys')
  const made = await keptCertificate(directory)
  const file = join(directory, 'console.pem')
  t.equal(statSync(file).mode & 0o777, 0o600)
  t.same(await keptCertificate(directory), made)
  t.equal(new X509Certificate(made.pem).subject, 'CN=weft console')
  t.ok(existsSync(file))
})

t.test('where another place leads to it, that is what is told, and a live listener keeps its socket', async (t) => {
  const directory = temporaryDirectory(t)
  const listen = `unix:${join(directory, 's')}`
  const listener = await startConsoleListener({ listen, directory, endpoint: 'wss://gate.example:7' })
  t.teardown(() => listener.close())
  const ticket = listener.grant(echo)
  t.equal(ticket.endpoint, 'wss://gate.example:7')
  await t.rejects(startConsoleListener({ listen, directory }), { code: 'console.failed' })
  const socket = await connectConsole({ ...ticket, endpoint: listen })
  t.equal(await said(socket, 'there'), 'there')
  socket.terminate()
})

t.test('a listener that closes ends its connections with "going away"', async (t) => {
  const { listener } = await listening(t)
  const socket = await connectConsole(listener.grant(echo))
  const code = new Promise((resolve) => socket.once('close', resolve))
  socket.resume()
  await listener.close()
  t.equal(await code, 1001)
})
