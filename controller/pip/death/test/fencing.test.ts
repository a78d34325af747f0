import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { temporaryDirectory } from '../../../../proto/test/temporary.ts'
import { gib } from '../../../test/world.ts'
import { fenceBy } from '../command.ts'
import { createScene, part } from './support.ts'

/** After a minute by itself; what the command would do is the test's. */
const byItself = () => ['fencing: { after: 1 min, command: [/sbin/fence, "{host}"] }']
const minute = 60_000

t.test('the command has the host for an argument, and its failure says what it printed', async (t) => {
  const file = join(await temporaryDirectory(t), 'fence')
  await writeFile(file, '#!/bin/sh\necho "$0 $*" >&2\nread nothing\n[ "$2" = off=h1 ] || exit 3\n')
  await chmod(file, 0o755)
  const fence = fenceBy({ command: [file, '--now', 'off={host}'], timeoutMs: 30_000, afterMs: undefined })
  await fence('h1')
  await t.rejects(fence('h2'), {
    code: 'host.fencing-failed',
    message: `${file} for h2 ended with status 3: ${file} --now off=h2`,
    object: 'host/h2',
  })
  const missing = fenceBy({ command: [`${file}.missing`, '{host}'], timeoutMs: 30_000, afterMs: undefined })
  await t.rejects(missing('h1'), { code: 'host.fencing-failed', message: /could not be run \(ENOENT\)/ })
  const slow = fenceBy({ command: ['/bin/sleep', '600', '{host}'], timeoutMs: 100, afterMs: undefined })
  await t.rejects(slow('0'), { code: 'host.fencing-failed', message: /did not end within 0.1 s/ })
})

t.test('a host that is away for too long is fenced by itself, and not before', async (t) => {
  const fenced: string[] = []
  const scene = await createScene(t, { pools: byItself, fence: async (host) => void fenced.push(host) })
  const { world } = scene
  await scene.apply(part('shop', 1))
  await scene.built('alice.shop')
  const [home = ''] = scene.runs('alice.shop/r1')
  const [idle = ''] = ['h1', 'h2', 'h3'].filter((host) => host !== home)
  await scene.powerOff(home)
  await world.pass(minute - 1000)
  t.same(fenced, [])
  await world.pass(2000)
  t.same(fenced, [home])
  await scene.built('alice.shop')
  t.match(await scene.host(home), { death: { state: 'fenced', by: 'command' } })
  const [there = ''] = scene.runs('alice.shop/r1')
  t.not(there, home)
  if (there !== idle) {
    await scene.powerOff(idle)
    await world.pass(10 * minute)
    t.same(fenced, [home], 'one that carries nothing is left alone')
  }
})

t.test('the time counts only while the PIP is connected to its broker', async (t) => {
  const fenced: string[] = []
  const scene = await createScene(t, { pools: byItself, fence: async (host) => void fenced.push(host) })
  const { world } = scene
  await scene.apply(part('shop', 1))
  await scene.built('alice.shop')
  const [home = ''] = scene.runs('alice.shop/r1')
  await scene.powerOff(home)
  await world.pass(minute / 2)
  world.broker.goDown()
  await world.pass(10 * minute)
  t.same(fenced, [])
  world.broker.comeUp()
  await world.quiesce()
  await world.pass(minute - 1000)
  t.same(fenced, [], 'it begins anew')
  await world.pass(2000)
  t.same(fenced, [home])
})

t.test('where most hosts are away at once none is taken for dead by itself', async (t) => {
  const fenced: string[] = []
  const scene = await createScene(t, { pools: byItself, fence: async (host) => void fenced.push(host) })
  const { world } = scene
  await scene.apply(part('shop', 3, () => ({ memoryBytes: 3 * gib })))
  await scene.built('alice.shop')
  await scene.powerOff('h1')
  await scene.powerOff('h2')
  await world.pass(10 * minute)
  t.same(fenced, [])
  t.match((await scene.host('h1')).problems, [{ code: 'call.unreachable', message: /away with most others/ }])
  await scene.powerOn('h2')
  await world.pass(minute)
  t.same(fenced, ['h1'], 'with one of them back it is the host')
})

t.test('nothing is made elsewhere before the command has succeeded; it is tried again, ever more slowly', async (t) => {
  const tries: number[] = []
  let works = false
  const scene = await createScene(t, {
    fence: async () => {
      tries.push(world.clock.now())
      if (!works) throw new Error('no answer from the board')
    },
  })
  const { world } = scene
  await scene.apply(part('shop', 1))
  await scene.built('alice.shop')
  const [home = ''] = scene.runs('alice.shop/r1')
  await t.rejects(world.settled(world.ask('pip1', { fence: { host: home } })), { code: 'host.online' })
  await t.rejects(world.settled(world.ask('pip1', { fence: { host: 'h9' } })), { code: 'host.unknown' })
  await scene.powerOff(home)
  await t.rejects(world.settled(world.ask('pip1', { fence: { host: home } })), /no answer from the board/)
  await world.pass(5 * minute)
  const pauses = tries.slice(1).map((at, i) => at - (tries[i] ?? 0))
  t.same(pauses.slice(0, 4), [1000, 2000, 4000, 8000])
  t.equal(Math.max(...pauses), minute)
  t.match(await scene.host(home), {
    death: { state: 'fencing', error: { message: 'no answer from the board' }, vnets: ['alice.shop'] },
  })
  t.match(await scene.state('alice.shop'), { generation: 1, phase: 'PHASE_DEGRADED' })
  works = true
  await scene.built('alice.shop')
  t.not(scene.runs('alice.shop/r1')[0], home)
})

t.test('a host that comes back before it is fenced keeps everything', async (t) => {
  const scene = await createScene(t, { fence: () => Promise.reject(new Error('no answer')) })
  const { world } = scene
  await scene.apply(part('shop', 1))
  await scene.built('alice.shop')
  const [home = ''] = scene.runs('alice.shop/r1')
  await scene.powerOff(home)
  await t.rejects(world.settled(world.ask('pip1', { fence: { host: home } })), /no answer/)
  await scene.powerOn(home)
  await scene.built('alice.shop')
  t.match(await scene.host(home), { death: undefined })
  t.same(scene.runs('alice.shop/r1'), [home])
  t.match(await scene.state('alice.shop'), { generation: 1, recoveries: [] })
  await world.idle()
})

t.test('without a command the operator alone can say that a host is off', async (t) => {
  const scene = await createScene(t)
  await scene.apply(part('shop', 1))
  await scene.built('alice.shop')
  const [home = ''] = scene.runs('alice.shop/r1')
  await scene.powerOff(home)
  await t.rejects(scene.world.settled(scene.world.ask('pip1', { fence: { host: home } })), {
    code: 'host.fencing-failed',
    hint: /--confirmed/,
  })
  t.match(await scene.host(home), { death: undefined }, 'nothing was begun')
})
