import t from 'tap'
import { openSqliteStore } from '../../store/sqlite.ts'
import { plainKind } from '../../store/store.ts'
import { claimEpoch, fencedStore } from '../epoch.ts'

const kind = plainKind<number>('thing')

t.test('each claim is above all before it, whatever the clock says', async (t) => {
  const store = openSqliteStore(':memory:')
  t.teardown(() => store.close())
  t.equal(await claimEpoch(store, 0, 1000), 1000)
  t.equal(await claimEpoch(store, 0, 1000), 1001)
  t.equal(await claimEpoch(store, 0, 5), 1002, 'a clock that was set back')
  t.equal(await claimEpoch(store, 7000, 2000), 7001, 'what a broker still holds')
  t.ok((await claimEpoch(openSqliteStore(':memory:'))) > 1.7e9, 'a lost store starts above what it ever gave out')
})

t.test('a store is fenced: who led before writes no more', async (t) => {
  const store = openSqliteStore(':memory:')
  t.teardown(() => store.close())
  const before = fencedStore(store, await claimEpoch(store))
  await before.transaction((tx) => tx.put(kind, 'a', 1))
  const now = fencedStore(store, await claimEpoch(store))
  await t.rejects(
    before.transaction((tx) => tx.put(kind, 'a', 2)),
    { code: 'epoch.stale' },
  )
  t.equal(await now.transaction((tx) => tx.get(kind, 'a')), 1)
})
