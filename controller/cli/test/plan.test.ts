import t, { type Test } from 'tap'
import type { Init } from '../../../proto/codec.ts'
import type { Change } from '../../../proto/generated/weft.v1.ts'
import { requestFile } from './request-file.ts'
import { play, weft } from './support.ts'

const planning = async (t: Test, changes: readonly Init<Change>[]) => {
  const { directory } = await play(t, 'vno', () => ({ plan: { changes } }))
  return ['plan', '-f', requestFile(directory), '--run-dir', directory]
}

t.test('each change is a line with its reason, and the status is 2', async (t) => {
  const argv = await planning(t, [
    { action: 'CHANGE_ACTION_ADD', object: 'node/r4', reason: 'it is new' },
    { action: 'CHANGE_ACTION_CHANGE', object: 'link/r1-r2', reason: 'rate a to b: 10 Mbit/s → 20 Mbit/s' },
    { action: 'CHANGE_ACTION_RESTART', object: 'node/r2', reason: 'start-up command: another one' },
    {
      action: 'CHANGE_ACTION_RECREATE',
      object: 'node/r1',
      reason: 'memory: 64 MiB → 128 MiB',
      interrupts: ['link/r1-r2', 'link/r1-r3'],
    },
    { action: 'CHANGE_ACTION_DELETE', object: 'node/r3', reason: 'it is no longer asked for' },
  ])
  t.same(await weft(argv), {
    status: 2,
    stdout: `\
add       node/r4     it is new
change    link/r1-r2  rate a to b: 10 Mbit/s → 20 Mbit/s
restart   node/r2     start-up command: another one
recreate  node/r1     memory: 64 MiB → 128 MiB [interrupts r1-r2, r1-r3]
delete    node/r3     it is no longer asked for
Plan for vnet/shop: 1 to add, 1 to change, 1 to restart, 1 to recreate, 1 to delete.
Interrupted for a while: r1-r2, r1-r3. All other links go on without a loss.
`,
    stderr: '',
  })
  t.equal((await weft([...argv, '-o', 'name'])).stdout, 'node/r4\nlink/r1-r2\nnode/r2\nnode/r1\nnode/r3\n')
  const json = await weft([...argv, '-o', 'json'])
  t.equal(json.status, 2)
  t.match(JSON.parse(json.stdout), { changes: [{ action: 'CHANGE_ACTION_ADD', object: 'node/r4' }] })
})

t.test('what touches no traffic says so, and of a VNet that is new nothing is said', async (t) => {
  const live = {
    action: 'CHANGE_ACTION_CHANGE',
    object: 'link/r1-r2',
    reason: 'rate a to b: 1 Mbit/s → 2 Mbit/s',
  } as const
  t.match((await weft(await planning(t, [live]))).stdout, /\. *\nNo link that stays is interrupted\.\n$/)
  const added = { action: 'CHANGE_ACTION_ADD', object: 'node/r4', reason: 'it is new' } as const
  t.match((await weft(await planning(t, [added]))).stdout, /1 to add\.\n$/)
})

t.test('no change is status 0', async (t) => {
  const argv = await planning(t, [])
  t.same(await weft(argv), { status: 0, stdout: 'Plan for vnet/shop: nothing to do.\n', stderr: '' })
})

t.test('an error is status 1', async (t) => {
  t.equal((await weft(['plan', '-f', requestFile(t.testdir()), '--run-dir', '/nonexistent'])).status, 1)
})
