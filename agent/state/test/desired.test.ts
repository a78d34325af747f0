import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { create, type Init } from '../../../proto/codec.ts'
import type { Slice } from '../../../proto/generated/weft.v1.ts'
import { openDesired } from '../desired.ts'

const slice = (init: Init<Slice>): Slice =>
  create('Slice', { vnet: 'alice.shop', owner: 'controller', generation: 1, ...init })

t.test('what was set is there after the store is opened again', async (t) => {
  const directory = t.testdir()
  const store = await openDesired(directory)
  const held = slice({ nodes: [{ id: 'a', hypervisor: 'lxc' }] })
  t.equal(await store.set(held), 'new')
  t.equal(await store.set(create('Slice', held)), 'same')
  const again = await openDesired(directory)
  t.same(again.get('alice.shop'), held)
  t.same(again.list(), [held])
})

t.test('the highest epoch is kept, also when the VNet that it came with is gone', async (t) => {
  const directory = t.testdir()
  const store = await openDesired(directory)
  const absent = slice({ epoch: 7, absent: true })
  await store.set(absent)
  await store.forget(store.get('alice.shop') as Slice)
  const again = await openDesired(directory)
  t.same(again.list(), [])
  await t.rejects(again.set(slice({ vnet: 'bob.net', epoch: 6 })), { code: 'epoch.stale' })
  t.equal(await again.set(slice({ vnet: 'bob.net', epoch: 7 })), 'new')
})

t.test('the same content under a newer epoch is held with that epoch', async (t) => {
  const directory = t.testdir()
  const store = await openDesired(directory)
  await store.set(slice({ epoch: 1 }))
  t.equal(await store.set(slice({ epoch: 2 })), 'same')
  t.equal((await openDesired(directory)).get('alice.shop')?.epoch, 2)
})

t.test('the same content for another boot is held with that boot', async (t) => {
  const directory = t.testdir()
  const store = await openDesired(directory, 'b2')
  await store.set(slice({ bootId: 'b1' }))
  t.equal(await store.set(slice({ bootId: 'b2' })), 'same')
  t.equal((await openDesired(directory, 'b2')).get('alice.shop')?.bootId, 'b2')
})

t.test('what was current in this boot stays so, whatever older message comes again', async (t) => {
  const directory = t.testdir()
  const store = await openDesired(directory, 'b2')
  await store.set(slice({ bootId: 'b2', epoch: 1 }))
  for (const [bootId, epoch] of [
    ['b1', 1],
    ['', 2],
  ] as const) {
    t.equal(await store.set(slice({ bootId, epoch })), 'same')
    t.match((await openDesired(directory, 'b2')).get('alice.shop'), { bootId: 'b2', epoch })
  }
  await store.set(slice({ generation: 2, bootId: 'b1', epoch: 2 }))
  t.equal(store.get('alice.shop')?.bootId, 'b1', 'of a newer generation only its own word counts')
  const next = await openDesired(directory, 'b3')
  await next.set(slice({ generation: 2, bootId: 'b2', epoch: 2 }))
  t.equal(next.get('alice.shop')?.bootId, 'b2', 'and what was current in another boot says nothing of this one')
})

t.test('a slice that was replaced meanwhile is not forgotten', async (t) => {
  const store = await openDesired(t.testdir())
  const absent = slice({ generation: 2, absent: true })
  await store.set(absent)
  await store.set(slice({ generation: 3 }))
  await store.forget(absent)
  t.equal(store.get('alice.shop')?.generation, 3)
})

t.test('what was never finished is ignored, what is damaged is said and replaced', async (t) => {
  const directory = t.testdir()
  await mkdir(directory, { recursive: true })
  await writeFile(join(directory, '.alice.shop.slice.1.1'), 'half')
  await writeFile(join(directory, 'bob.net.slice'), 'no slice at all')
  const store = await openDesired(directory)
  t.same(store.list(), [])
  t.same([...store.unreadable], ['bob.net'])
  await store.set(slice({ vnet: 'bob.net' }))
  t.same([...store.unreadable], [])
  t.same([...(await openDesired(directory)).unreadable], [])
})

t.test('changes of one moment are all kept', async (t) => {
  const directory = t.testdir()
  const store = await openDesired(directory)
  const names = Array.from({ length: 20 }, (_, i) => `net${i}`)
  await Promise.all(names.map((vnet) => store.set(slice({ vnet }))))
  t.equal((await openDesired(directory)).list().length, 20)
  t.equal((await readdir(directory)).filter((name) => name.startsWith('.')).length, 0)
})
