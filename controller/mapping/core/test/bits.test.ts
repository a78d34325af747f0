import t from 'tap'
import { bitNetOf, bitNetsOf, fillHops, mostBits } from '../bits.ts'
import { randomFrom } from '../random.ts'
import type { Task } from '../task.ts'

const { below } = randomFrom(7)

/** Links between random nodes, with rates free that differ by direction; arcs are in the order of `head`. */
const taskOf = (size: number, links: number): Task => {
  const head = Int32Array.from({ length: 2 * links }, () => below(size))
  const rates = Float64Array.from(head, () => below(6) - 1)
  const net = {
    size,
    first: new Int32Array(size + 1),
    arcs: new Int32Array(head.length),
    head,
    delay: new Float64Array(links),
  }
  return { net, room: [], rates, nodes: [], links: [], perHost: 1 }
}

/** Hops by what is one hop farther, again and again. */
const hopsFrom = (
  { net: { size, head }, rates }: Task,
  from: number,
  rate: number,
  passable?: Uint8Array,
): number[] => {
  const hops = new Array<number>(size).fill(255)
  hops[from] = 0
  for (let level = 0; level < size; level++)
    for (const [arc, to] of head.entries()) {
      const tail = head[arc ^ 1] as number
      const isFree = rate === 0 || ((rates[arc] as number) >= rate && (rates[arc ^ 1] as number) >= rate)
      if (!isFree || hops[tail] !== level || hops[to] !== 255) continue
      if (level === 0 || !passable || passable[tail]) hops[to] = level + 1
    }
  return hops
}

t.test('hops are the fewest over arcs with the rate free and through nodes that may be crossed', async (t) => {
  for (const size of [2, 31, 33, 64, 100, mostBits]) {
    const task = taskOf(size, 2 * size)
    for (const passable of [undefined, Uint8Array.from({ length: size }, () => (below(4) > 0 ? 1 : 0))]) {
      const asked = [0, 1, 2, 2.5, 3, 9]
      const nets = bitNetsOf(task, { passable }, asked)
      for (const [index, rate] of asked.entries()) {
        const from = below(size)
        const expected = hopsFrom(task, from, rate, passable)
        for (const net of [nets[index] as (typeof nets)[0], bitNetOf(task, { passable }, rate, rate)]) {
          const row = new Uint8Array(size).fill(255)
          fillHops(net, from, row)
          t.strictSame([...row], expected, `${size} nodes, rate ${rate}`)
        }
      }
      t.equal(nets[3], nets[4], 'where the same is open to two rates their nets are one')
    }
  }
})
