import t, { type Test } from 'tap'
import { WeftError } from '../../../proto/errors.ts'
import type { VNetState } from '../../../proto/generated/weft.v1.ts'
import { play, shop, weft } from './support.ts'

const playing = async (t: Test, first: VNetState | undefined) => {
  let stands = first
  const role = await play(
    t,
    'vno',
    () => {
      if (!stands) throw new WeftError('vnet.unknown', 'there is no such VNet')
      return { vnet: stands }
    },
    () => (stands ? [stands] : []),
  )
  return {
    run: (...argv: readonly string[]) => weft(['wait', 'shop', ...argv, '--run-dir', role.directory]),
    become: (state: VNetState | undefined) => {
      stands = state
      if (state) role.tell(state)
    },
  }
}

t.test('what is ready already needs no waiting', async (t) => {
  const { run } = await playing(t, shop())
  t.same(await run(), { status: 0, stdout: 'vnet/shop is ready\n', stderr: '' })
})

t.test('it waits for ready', async (t) => {
  const { run, become } = await playing(t, shop({ phase: 'PHASE_BUILDING' }))
  setTimeout(() => become(shop()), 100)
  t.match(await run('--for', 'ready'), { status: 0, stdout: 'vnet/shop is ready\n' })
})

t.test('it waits for gone, and gone is also what never was', async (t) => {
  const { run, become } = await playing(t, shop({ phase: 'PHASE_REMOVING' }))
  setTimeout(() => become(shop({ phase: 'PHASE_GONE' })), 100)
  t.match(await run('--for', 'gone'), { status: 0, stdout: 'vnet/shop is gone\n' })
  const never = await playing(t, undefined)
  t.match(await never.run('--for', 'gone'), { status: 0, stdout: 'vnet/shop is gone\n' })
})

t.test('it finds out that the VNet went without a word', async (t) => {
  const { run, become } = await playing(t, shop({ phase: 'PHASE_REMOVING' }))
  setTimeout(() => become(undefined), 100)
  t.match(await run('--for', 'gone'), { status: 0 })
})

t.test('what never becomes ready is an error at once', async (t) => {
  const unknown = await playing(t, undefined)
  t.match(await unknown.run(), { status: 1, stderr: 'error: there is no VNet shop [vnet.unknown] (vnet/shop)\n' })
  const error = { code: 'admission.never-fits', message: 'too large', object: '', where: '', hint: '' }
  const refused = await playing(t, shop({ phase: 'PHASE_REJECTED', error }))
  t.match(await refused.run(), { status: 1, stderr: 'error: too large [admission.never-fits]\n' })
})

t.test('the time-out is status 124', async (t) => {
  const { run } = await playing(t, shop({ phase: 'PHASE_DEGRADED' }))
  t.match(await run('--timeout', '100ms'), {
    status: 124,
    stdout: '',
    stderr: /^error: vnet\/shop is not ready after 0\.1 s: degraded, nodes 2\/2, links 1\/1 \[call\.timeout\]/,
  })
})

t.test('a role that is restarted is waited for, and said to be', async (t) => {
  let stands = shop({ phase: 'PHASE_BUILDING' })
  const role = await play(
    t,
    'vno',
    () => ({ vnet: stands }),
    () => [stands],
  )
  const waiting = weft(['wait', 'shop', '--run-dir', role.directory])
  setTimeout(async () => {
    await role.leave()
    stands = shop()
    setTimeout(() => role.comeBack(), 200)
  }, 200)
  t.match(await waiting, {
    status: 0,
    stdout: 'vnet/shop is ready\n',
    stderr: /^[^\n]+vno\.sock closed the connection; waiting for it\n$/,
  })
})

t.test('a role that was never there is an error at once', async (t) => {
  t.match(await weft(['wait', 'shop', '--run-dir', '/nonexistent']), { status: 1, stderr: /\[call\.unreachable\]/ })
})
