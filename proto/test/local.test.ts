import { createConnection } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { create } from '../codec.ts'
import { WeftError } from '../errors.ts'
import { callLocal, serveLocal, streamLocal } from '../local.ts'
import { temporaryDirectory } from './temporary.ts'

const socketIn = (t: Test) => join(temporaryDirectory(t), 'role.sock')

t.test('a call is answered, an error comes back with its code', async (t) => {
  const path = socketIn(t)
  const server = await serveLocal(path, 'HostCommand', 'HostReply', async (command, client) => {
    if (command.delete) throw new WeftError('vnet.unknown', 'no VNet x', { object: 'vnet/x' })
    return create('HostReply', { reported: { vnet: `${client}:${command.get?.vnet}` } })
  })
  t.teardown(() => server.close())
  const reply = await callLocal(path, 'HostCommand', create('HostCommand', { get: { vnet: 'a' } }), 'HostReply')
  t.equal(reply.reported?.vnet, 'local:a')
  const failing = callLocal(path, 'HostCommand', create('HostCommand', { delete: { vnet: 'x' } }), 'HostReply')
  await t.rejects(failing, { code: 'vnet.unknown', object: 'vnet/x' })
})

t.test('several errors of one input come back together', async (t) => {
  const path = socketIn(t)
  const wire = (message: string) => ({ code: 'request.invalid', message })
  const server = await serveLocal(path, 'ApiRequest', 'ApiReply', async () =>
    create('ApiReply', { error: wire('one'), moreErrors: [wire('two')] }),
  )
  t.teardown(() => server.close())
  const failing = callLocal(path, 'ApiRequest', create('ApiRequest', { get: {} }), 'ApiReply')
  await t.rejects(failing, { errors: [{ code: 'request.invalid', message: 'one' }, { message: 'two' }] })
})

t.test('a line of JSON from any program is served, also where it ends its side at once', async (t) => {
  const path = socketIn(t)
  const server = await serveLocal(path, 'HostCommand', 'HostReply', async () => create('HostReply', { slices: {} }))
  t.teardown(() => server.close())
  const ask = (line: string) => {
    const socket = createConnection(path)
    socket.end(line)
    return text(socket)
  }
  t.equal(await ask('{"correlation":"7","body":{"get":{}}}\n'), '{"correlation":"7","body":{"slices":{}}}\n')
  t.match(await ask('nonsense'), /message\.malformed/)
  t.match(await ask('{"body":{"got":{}}}'), /got is unknown/)
})

t.test('a stream ends when the caller goes', async (t) => {
  const path = socketIn(t)
  const ended = Promise.withResolvers<void>()
  const server = await serveLocal(
    path,
    'HostCommand',
    'HostReply',
    async () => create('HostReply'),
    async (_message, emit, signal) => {
      for (const vnet of ['a', 'b', 'c']) emit(create('HostReply', { reported: { vnet } }))
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      ended.resolve()
      return true
    },
  )
  t.teardown(() => server.close())
  const seen: (string | undefined)[] = []
  for await (const reply of streamLocal(path, 'HostCommand', create('HostCommand', { get: {} }), 'HostReply')) {
    seen.push(reply.reported?.vnet)
    if (seen.length === 3) break
  }
  t.same(seen, ['a', 'b', 'c'])
  await ended.promise
})

t.test('a dead socket is replaced, a live one is not', async (t) => {
  const path = socketIn(t)
  const handle = async () => create('HostReply')
  const server = await serveLocal(path, 'HostCommand', 'HostReply', handle)
  await t.rejects(serveLocal(path, 'HostCommand', 'HostReply', handle), { code: 'EADDRINUSE' })
  await server.close()
  await t.rejects(callLocal(path, 'HostCommand', create('HostCommand', { get: {} }), 'HostReply'), {
    code: 'call.unreachable',
  })
  const again = await serveLocal(path, 'HostCommand', 'HostReply', handle)
  await again.close()
})

t.test('a call without an answer times out', async (t) => {
  const path = socketIn(t)
  const server = await serveLocal(path, 'HostCommand', 'HostReply', () => new Promise(() => {}))
  t.teardown(() => server.close())
  const call = callLocal(path, 'HostCommand', create('HostCommand', { get: {} }), 'HostReply', { timeoutMs: 50 })
  await t.rejects(call, { code: 'call.timeout' })
})

t.test('a path too long for a socket is refused in words', async (t) => {
  const path = join(temporaryDirectory(t), 'x'.repeat(120))
  await t.rejects(
    serveLocal(path, 'HostCommand', 'HostReply', async () => create('HostReply')),
    { message: /107 bytes/ },
  )
})
