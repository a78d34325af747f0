import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { firstSlotBesideXen, openSlots } from '../slots.ts'

const file = (t: { testdir(): string }): string => join(t.testdir(), 'slots.json')

t.test('the lowest free ones are handed out and kept', async (t) => {
  const path = file(t)
  const slots = await openSlots(path)
  t.same(
    [...(await slots.allot('a', ['x', 'y'], []))],
    [
      ['x', 1],
      ['y', 2],
    ],
  )
  t.same([...(await slots.allot('b', ['x'], []))], [['x', 3]])
  t.same(
    [...(await slots.allot('a', ['y', 'z'], []))],
    [
      ['y', 2],
      ['z', 4],
    ],
  )
  await slots.free('a', ['y'])
  const again = await openSlots(path)
  t.equal(again.get('a', 'x'), 1)
  t.equal(again.get('a', 'y'), undefined)
  t.same([...(await again.allot('c', ['q'], []))], [['q', 2]], 'a freed one is handed out again')
  t.same(again.nodesOf('a'), ['x', 'z'])
  t.same([...again.vnets()].sort(), ['a', 'b', 'c'])
})

t.test('names that exist in Dom0 are left alone, whatever their index', async (t) => {
  const slots = await openSlots(file(t))
  const existing = ['lo', 'eth0', 'vif1.0', 'vif3.7', 'vifx.0', 'vif2']
  t.same(
    [...(await slots.allot('a', ['x', 'y'], existing))],
    [
      ['x', 2],
      ['y', 4],
    ],
  )
})

t.test('none is ever handed out twice, also when many ask at once', async (t) => {
  const slots = await openSlots(file(t))
  const nodes = Array.from({ length: 5 }, (_, i) => `n${i}`)
  const all = await Promise.all(Array.from({ length: 10 }, (_, i) => slots.allot(`net${i}`, nodes, [])))
  const given = all.flatMap((one) => [...one.values()])
  t.equal(new Set(given).size, 50)
})

t.test('a damaged file loses nothing that runs: slots are adopted from what is found', async (t) => {
  const path = file(t)
  await writeFile(path, '{"a/x": 5, ')
  const slots = await openSlots(path)
  t.equal(await slots.adopt('a', 'x', 5), true)
  t.equal(await slots.adopt('a', 'x', 5), true)
  t.equal(await slots.adopt('a', 'y', 5), false, 'another holds it')
  t.equal(await slots.adopt('a', 'x', 6), false, 'it holds one already')
  t.equal(await slots.adopt('a', 'half', 0), false, 'of half a node nobody knows')
  t.equal((await openSlots(path)).get('a', 'x'), 5)
})

t.test('a node that was taken from a pool has its slot from then on, in place of its own', async (t) => {
  const path = file(t)
  const slots = await openSlots(path)
  await slots.allot('pool-small', ['n1', 'n2'], [])
  await slots.allot('a', ['x', 'y'], [])
  const from = { vnet: 'pool-small', id: 'n1' }
  t.equal(await slots.adopt('a', 'x', 2, from), false, 'another of the pool’s holds it')
  t.equal(await slots.adopt('a', 'x', 1, from), true)
  t.equal(await slots.adopt('a', 'x', 1, from), true)
  t.equal(await slots.adopt('pool-small', 'n1', 1), false, 'it is the pool’s no more')
  const again = await openSlots(path)
  t.same([again.get('a', 'x'), again.get('a', 'y'), again.get('pool-small', 'n1')], [1, 4, undefined])
  t.same([...(await again.allot('a', ['z'], []))], [['z', 3]], 'the one that it had is handed out again')
})

t.test('beside Xen the slots are no domain ids, and those that were handed out before stay', async (t) => {
  const path = file(t)
  const before = await openSlots(path)
  await before.allot('a', ['x'], [])
  const slots = await openSlots(path, firstSlotBesideXen)
  t.same(
    [...(await slots.allot('a', ['x', 'y'], ['vif32768.0']))],
    [
      ['x', 1],
      ['y', 32_769],
    ],
  )
})
