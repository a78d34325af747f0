import t from 'tap'
import { create, type Init } from '../../../proto/codec.ts'
import type { Change } from '../../../proto/generated/weft.v1.ts'
import { planOf } from '../plan.ts'

const changes = (...all: readonly Init<Change>[]): readonly Change[] => all.map((one) => create('Change', one))

t.test('the provider says whether an object is made again, the request why', async (t) => {
  const asked = changes(
    { action: 'CHANGE_ACTION_CHANGE', object: 'vnet/shop', reason: 'priority: 0 → 1' },
    { action: 'CHANGE_ACTION_ADD', object: 'node/new', reason: 'it is new' },
    { action: 'CHANGE_ACTION_RECREATE', object: 'node/a', reason: 'memory: 1 → 2' },
    { action: 'CHANGE_ACTION_RECREATE', object: 'node/b', reason: 'restart: always → never' },
    { action: 'CHANGE_ACTION_RECREATE', object: 'link/l', reason: 'technology: vxlan → gre' },
    { action: 'CHANGE_ACTION_RECREATE', object: 'link/m', reason: 'delay: any → 5 ms' },
    { action: 'CHANGE_ACTION_DELETE', object: 'node/old', reason: 'it is no longer asked for' },
  )
  const effects = changes(
    { action: 'CHANGE_ACTION_RECREATE', object: 'node/a', reason: 'made again for its memory', interrupts: ['link/l'] },
    { action: 'CHANGE_ACTION_CHANGE', object: 'link/l', reason: 'its tunnels are made again' },
    { action: 'CHANGE_ACTION_CHANGE', object: 'link/n', reason: 'path: h1 h2 → h1 h3', interrupts: ['link/n'] },
  )
  t.same(
    planOf(asked, effects).map(({ action, object, reason, interrupts }) => [
      action.replace('CHANGE_ACTION_', ''),
      object,
      reason,
      ...interrupts,
    ]),
    [
      ['CHANGE', 'vnet/shop', 'priority: 0 → 1'],
      ['ADD', 'node/new', 'it is new'],
      ['RECREATE', 'node/a', 'memory: 1 → 2; made again for its memory', 'link/l'],
      ['CHANGE', 'node/b', 'restart: always → never'],
      ['RECREATE', 'link/l', 'technology: vxlan → gre; its tunnels are made again'],
      ['CHANGE', 'link/m', 'delay: any → 5 ms'],
      ['CHANGE', 'link/n', 'path: h1 h2 → h1 h3', 'link/n'],
      ['DELETE', 'node/old', 'it is no longer asked for'],
    ],
  )
})
