import { statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import { temporaryDirectory } from '../../../proto/test/temporary.ts'
import { openStore } from '../open.ts'
import { openSqliteStore } from '../sqlite.ts'
import { type Kind, plainKind } from '../store.ts'

const numbers = plainKind<number>('number')
const others = plainKind<number>('other')
const dates: Kind<Date> = {
  name: 'date',
  toJson: (date) => date.toISOString(),
  fromJson: (json) => new Date(json as string),
}

t.test('documents are kept over a restart, by kind and key, in the order of their keys', async (t) => {
  const path = join(temporaryDirectory(t), 'made', 'for', 'it', 'store.db')
  const first = openSqliteStore(path)
  await first.transaction(async (tx) => {
    await tx.put(numbers, 'b', 2)
    await tx.put(numbers, 'a', 1)
    await tx.put(others, 'a', 10)
    await tx.put(dates, 'd', new Date(0))
  })
  await first.transaction(async (tx) => {
    await tx.put(numbers, 'b', 3)
    await tx.delete(others, 'a')
    await tx.delete(others, 'never there')
  })
  await first.close()

  const again = openSqliteStore(path)
  t.teardown(() => again.close())
  await again.transaction(async (tx) => {
    t.same(
      [...(await tx.list(numbers))],
      [
        ['a', 1],
        ['b', 3],
      ],
    )
    t.equal(await tx.get(numbers, 'b'), 3)
    t.equal(await tx.get(numbers, 'c'), undefined)
    t.equal((await tx.list(others)).size, 0)
    t.same(await tx.get(dates, 'd'), new Date(0), 'a kind of its own form comes back as it was')
  })
  t.equal(statSync(join(path, '..')).mode & 0o777, 0o700, 'the directory is its owner’s alone')
})

t.test('a transaction that throws leaves nothing', async (t) => {
  const store = openSqliteStore(':memory:')
  t.teardown(() => store.close())
  await t.rejects(
    store.transaction(async (tx) => {
      await tx.put(numbers, 'a', 1)
      throw new Error('changed my mind')
    }),
    { message: 'changed my mind' },
  )
  t.equal(await store.transaction((tx) => tx.get(numbers, 'a')), undefined)
})

t.test('transactions do not overlap', async (t) => {
  const store = openSqliteStore(':memory:')
  t.teardown(() => store.close())
  const increment = () =>
    store.transaction(async (tx) => {
      const before = (await tx.get(numbers, 'count')) ?? 0
      await new Promise((resolve) => setImmediate(resolve))
      await tx.put(numbers, 'count', before + 1)
    })
  await Promise.all(Array.from({ length: 50 }, increment))
  t.equal(await store.transaction((tx) => tx.get(numbers, 'count')), 50)
})

t.test('a transaction cannot be used after its end', async (t) => {
  const store = openSqliteStore(':memory:')
  t.teardown(() => store.close())
  const escaped = await store.transaction(async (tx) => tx)
  await t.rejects(escaped.put(numbers, 'a', 1), { code: 'internal' })
})

t.test('a closed store refuses', async (t) => {
  const store = openSqliteStore(':memory:')
  await store.close()
  await store.close()
  await t.rejects(
    store.transaction((tx) => tx.get(numbers, 'a')),
    { code: 'internal' },
  )
})

t.test('commits are written ahead, and read by others at once', async (t) => {
  const path = join(temporaryDirectory(t), 'store.db')
  const store = openSqliteStore(path)
  t.teardown(() => store.close())
  await store.transaction((tx) => tx.put(numbers, 'a', 1))
  const reader = new DatabaseSync(path, { readOnly: true })
  t.teardown(() => reader.close())
  t.same({ ...reader.prepare('PRAGMA journal_mode').get() }, { journal_mode: 'wal' })
  t.same(
    reader
      .prepare('SELECT kind, key, body FROM document')
      .all()
      .map((row) => ({ ...row })),
    [{ kind: 'number', key: 'a', body: '1' }],
    'and are read by others while the store is open',
  )
})

t.test('a file of a newer version is refused and left as it was', async (t) => {
  const path = join(temporaryDirectory(t), 'store.db')
  const newer = new DatabaseSync(path)
  newer.exec('PRAGMA user_version = 99')
  newer.close()
  t.throws(() => openSqliteStore(path), { code: 'not-supported', message: /schema 99/ })
})

t.test('an address is a path or sqlite:path', async (t) => {
  const directory = temporaryDirectory(t)
  for (const address of [join(directory, 'a.db'), `sqlite:${join(directory, 'b.db')}`]) {
    const store = await openStore(address)
    await store.transaction((tx) => tx.put(numbers, 'a', 1))
    await store.close()
  }
  t.ok(statSync(join(directory, 'b.db')).size > 0)
  await t.rejects(openStore('postgres://somewhere/weft'), { code: 'not-supported', hint: /sqlite:PATH/ })
})
