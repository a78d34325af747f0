import t from 'tap'
import { randomFrom } from '../random.ts'
import { treeOver } from '../tree.ts'

/** By Bellman and Ford: every arc until nothing changes. */
const slowly = (
  size: number,
  ends: readonly (readonly [number, number])[],
  lengths: Float64Array,
  rates: Float64Array,
  rate: number,
) => {
  const distance = new Float64Array(size).fill(Number.POSITIVE_INFINITY)
  distance[0] = 0
  for (let round = 0; round < size; round++)
    for (const [link, [a, b]] of ends.entries())
      for (const [arc, from, to] of [
        [2 * link, a, b],
        [2 * link + 1, b, a],
      ] as const)
        if ((rates[arc] as number) >= rate)
          distance[to] = Math.min(distance[to] as number, (distance[from] as number) + (lengths[link] as number))
  return distance
}

t.test('distances are the shortest over what has the rate free', async (t) => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = randomFrom(seed)
    const size = random.integer(1, 30)
    const ends = Array.from({ length: size > 1 ? random.integer(0, 3 * size) : 0 }, () => {
      const a = random.integer(0, size - 1)
      return [a, (a + random.integer(1, size - 1)) % size] as const
    })
    const head = Int32Array.from(ends.flatMap(([a, b]) => [b, a]))
    const leaving = Array.from({ length: size }, (_, node) => [...head.keys()].filter((arc) => head[arc ^ 1] === node))
    const first = Int32Array.from([0, ...leaving.map((_, node) => leaving.slice(0, node + 1).flat().length)])
    const lengths = Float64Array.from(ends, () => random.integer(0, 9))
    const rates = Float64Array.from(head, () => random.integer(0, 10))
    const tree = treeOver({ size, first, arcs: Int32Array.from(leaving.flat()), head })
    t.strictSame([...tree(0, lengths, rates, 4)], [...slowly(size, ends, lengths, rates, 4)], `seed ${seed}`)
  }
})
