/** Which reading a look at a VNet gets: never one that began before what happened to it. */
import t from 'tap'
import { readings } from '../readings.ts'

/** Readings are numbers in the order in which they begin; a thorough one is `100 + n`. */
const counted = () => {
  let count = 0
  return readings(async ({ thorough = false }) => (thorough ? 100 : 0) + ++count)
}

t.test('without a sweep each look reads', async (t) => {
  const all = counted()
  t.equal(await all.of('a'), 1)
  t.equal(await all.of('a'), 2)
  t.same(await Promise.all([all.of('a'), all.of('b')]), [3, 3], 'at the same time they share one')
})

t.test("a sweep's thorough reading serves the looks that follow it, each VNet's once", async (t) => {
  const all = counted()
  t.equal(await all.sweep(), 101)
  t.equal(await all.of('a'), 101)
  t.equal(await all.of('b'), 101)
  t.equal(await all.of('a'), 2)
})

t.test('a VNet to which something happened since the reading began gets a new one', async (t) => {
  const begun = Promise.withResolvers<number>()
  const all = readings(async ({ thorough }) => (thorough ? begun.promise : 2))
  all.happened('before')
  const sweep = all.sweep()
  await new Promise((resolve) => setImmediate(resolve))
  all.happened('meanwhile')
  begun.resolve(1)
  await sweep
  all.happened('after')
  t.equal(await all.of('before'), 1)
  t.equal(await all.of('meanwhile'), 2)
  t.equal(await all.of('after'), 2)
})

t.test('a sweep that fails leaves looks to read for themselves', async (t) => {
  const all = readings(async ({ thorough }) => {
    if (thorough) throw new Error('no')
    return 1
  })
  await t.rejects(all.sweep(), /no/)
  t.equal(await all.of('a'), 1)
})

t.test('a reading is told of which VNets it is for', async (t) => {
  const asked: (readonly string[])[] = []
  const all = readings(async ({ vnets }) => asked.push([...(vnets ?? [])]))
  await Promise.all([all.of('a'), all.of('b')])
  const first = all.of('c')
  await Promise.resolve()
  await Promise.resolve()
  await Promise.all([first, all.of('d')])
  t.same(asked, [['a', 'b'], ['c'], ['d']])
})
