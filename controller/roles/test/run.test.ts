import { join } from 'node:path'
import t, { type Test } from 'tap'
import { create } from '../../../proto/codec.ts'
import { callLocal, streamLocal } from '../../../proto/local.ts'
import { temporaryDirectory } from '../../../proto/test/temporary.ts'
import { createLog } from '../../log.ts'
import { type Role, type RunRoleOptions, runRole, type Term } from '../run.ts'

const setUp = (t: Test) => {
  const directory = temporaryDirectory(t)
  const terms: Term[] = []
  let closed = 0
  const role: Role = {
    answerLocal: async () => create('ApiReply', { vnet: { vnet: `epoch-${terms.length}` } }),
    stream: async ({ watch }, emit, signal) => {
      if (!watch) return false
      emit(create('ApiReply', { vnet: { vnet: 'first' } }))
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      return true
    },
    close: async () => void closed++,
  }
  const options: RunRoleOptions = {
    storePath: join(directory, 'store.db'),
    socketPath: join(directory, 'role.sock'),
    log: createLog('test', 'run', 'silent'),
    start: async (term) => {
      terms.push(term)
      return role
    },
  }
  const ask = async () =>
    (await callLocal(options.socketPath, 'ApiRequest', create('ApiRequest', { get: {} }), 'ApiReply')).vnet?.vnet
  return { options, terms, ask, closed: () => closed }
}

t.test('a role serves its operator until it is closed, and takes a new epoch at each start', async (t) => {
  const { options, terms, ask, closed } = setUp(t)
  const running = await runRole(options)
  t.equal(await ask(), 'epoch-1')
  for await (const reply of streamLocal(
    options.socketPath,
    'ApiRequest',
    create('ApiRequest', { watch: {} }),
    'ApiReply',
  )) {
    t.equal(reply.vnet?.vnet, 'first')
    break
  }
  await Promise.all([running.close(), running.close()])
  await running.ended
  t.equal(closed(), 1)
  await t.rejects(ask(), { code: 'call.unreachable' })
  await (await runRole(options)).close()
  t.ok((terms[1]?.epoch ?? 0) > (terms[0]?.epoch ?? 0))
})

t.test('a second process of the role ends at the socket and leaves the first its store', async (t) => {
  const { options, terms, ask } = setUp(t)
  const running = await runRole(options)
  t.teardown(() => running.close())
  await t.rejects(runRole(options), { code: 'EADDRINUSE' })
  t.equal(terms.length, 1)
  await terms[0]?.store.transaction(async () => {})
  t.equal(await ask(), 'epoch-1')
})

t.test('what a broker remembers from before the store was lost is led above', async (t) => {
  const { options, terms, ask, closed } = setUp(t)
  const running = await runRole(options)
  t.teardown(() => running.close())
  const later = 4_000_000_000
  terms[0]?.onLater(later, false)
  terms[0]?.onLater(later, false)
  t.equal(await ask(), 'epoch-2')
  t.equal(terms[1]?.epoch, later + 1)
  t.equal(closed(), 1, 'the one before was closed')
})

t.test('where another controller leads, this one stops', async (t) => {
  const { options, terms, ask } = setUp(t)
  const running = await runRole(options)
  terms[0]?.onLater(4_000_000_000, true)
  await t.rejects(running.ended, { code: 'epoch.stale' })
  await running.close()
  await t.rejects(ask(), { code: 'call.unreachable' })
})

t.test('a role that does not start leaves nothing open', async (t) => {
  const { options } = setUp(t)
  const start = async () => {
    throw new Error('not today')
  }
  await t.rejects(runRole({ ...options, start }), { message: 'not today' })
  await (await runRole(options)).close()
})
