import t from 'tap'
import { create, type Init } from '../../../proto/codec.ts'
import type { Reported } from '../../../proto/generated/weft.v1.ts'
import { eventsBetween } from '../events.ts'

const reported = (init: Init<Reported>): Reported =>
  create('Reported', { vnet: 'shop', phase: 'PHASE_BUILDING', ...init })
const kinds = (before: Reported | undefined, now: Reported): readonly string[] =>
  eventsBetween(before, now).map(({ kind, object }) => `${kind} ${object}`)

const crash = (unixMs: number) => ({ how: 'crashed', reason: 'its process 1 was killed', unixMs })

const building = reported({
  nodes: [{ id: 'a', state: 'OBJECT_STATE_BUILDING' }],
  links: [{ id: 'l1', state: 'OBJECT_STATE_PENDING' }],
})
const ready = reported({
  phase: 'PHASE_READY',
  nodes: [{ id: 'a', state: 'OBJECT_STATE_READY' }],
  links: [{ id: 'l1', state: 'OBJECT_STATE_READY' }],
})

t.test('what became of objects and of the whole', async (t) => {
  t.same(kinds(building, ready), ['node.started node/a', 'link.ready link/l1', 'slice.ready vnet/shop'])
  t.same(kinds(ready, ready), [])
  const stopped = reported({
    phase: 'PHASE_DEGRADED',
    nodes: [{ id: 'a', state: 'OBJECT_STATE_FAILED', error: { code: 'node.not-running' }, lastEnd: crash(5) }],
    links: [{ id: 'l1', state: 'OBJECT_STATE_FAILED', error: { code: 'datapath.failed' } }],
  })
  t.same(kinds(ready, stopped), ['node.crashed node/a', 'link.failed link/l1', 'slice.degraded vnet/shop'])
  t.match(eventsBetween(ready, stopped)[1]?.error, { code: 'datapath.failed' })
  t.same(kinds(ready, reported({ phase: 'PHASE_GONE' })), [
    'node.removed node/a',
    'link.removed link/l1',
    'slice.gone vnet/shop',
  ])
})

t.test('another error of a failed object is news, the same one is not', async (t) => {
  const failed = (code: string) => reported({ nodes: [{ id: 'a', state: 'OBJECT_STATE_FAILED', error: { code } }] })
  t.same(kinds(failed('image.unknown'), failed('image.unknown')), [])
  t.same(kinds(failed('image.unknown'), failed('hypervisor.failed')), ['node.failed node/a'])
})

t.test('after a restart objects that are as they were are no news', async (t) => {
  t.same(kinds(undefined, ready), ['slice.ready vnet/shop'])
})

t.test('every end of a node is told once, also where it is up again by then', async (t) => {
  const up = (init: Init<Reported['nodes'][number]>) =>
    reported({ phase: 'PHASE_READY', nodes: [{ id: 'a', state: 'OBJECT_STATE_READY', ...init }] })
  const once = up({ restarts: 1, lastEnd: crash(5) })
  t.match(eventsBetween(up({}), once), [{ kind: 'node.crashed', object: 'node/a', end: crash(5) }])
  t.same(kinds(once, once), [])
  const rebooted = { how: 'rebooted', reason: 'it rebooted', unixMs: 9 }
  t.same(kinds(once, up({ restarts: 2, lastEnd: rebooted })), ['node.rebooted node/a'])
  const starting = up({ state: 'OBJECT_STATE_BUILDING', lastEnd: crash(5) })
  t.same(kinds(up({}), starting), ['node.crashed node/a'])
  t.same(kinds(starting, once), ['node.started node/a'])
})
