/** Random tasks from a seed, small ones with every kind of constraint. */
import type { Random } from '../../../simulation/random.ts'
import type { Net, Task, TaskLink, TaskNode } from '../task.ts'

export const netOf = (size: number, ends: readonly (readonly [number, number])[], delay: Float64Array): Net => {
  const head = Int32Array.from(ends.flatMap(([a, b]) => [b, a]))
  const leaving = Array.from({ length: size }, (_, node) => [...head.keys()].filter((arc) => head[arc ^ 1] === node))
  const first = new Int32Array(size + 1)
  for (const [node, arcs] of leaving.entries()) first[node + 1] = (first[node] as number) + arcs.length
  return { size, first, arcs: Int32Array.from(leaving.flat()), head, delay }
}

export interface TaskSizes {
  /** Nodes of the substrate, at most, and of the task. */
  readonly net: number
  readonly nodes: number
  /** Whether nodes of the task may share hosts. */
  readonly shared?: boolean
}

export const randomTask = (random: Random, sizes: TaskSizes): Task => {
  const { integer, next } = random
  const chance = (probability: number): boolean => next() < probability
  const size = integer(1, sizes.net)
  const ends: [number, number][] = []
  const join = (a: number, b: number): void => {
    if (a !== b) ends.push([a, b])
  }
  for (let node = 1; node < size; node++) if (chance(0.95)) join(integer(0, node - 1), node)
  for (let more = integer(0, size); more > 0; more--) join(integer(0, size - 1), integer(0, size - 1))
  const net = netOf(
    size,
    ends,
    Float64Array.from(ends, () => integer(0, 5)),
  )
  const all = Array.from({ length: size }, (_, node) => node)
  const hosts = all.filter(() => chance(0.8))
  const room = [0, 1].map(() => Float64Array.from(all, () => integer(2, 10)))
  const rates = Float64Array.from(net.head, () => integer(2, 12))
  const count = integer(1, sizes.nodes)
  const nodes = Array.from({ length: count }, (): TaskNode => {
    const some = chance(0.8) ? hosts : hosts.filter(() => chance(0.5))
    return {
      needs: [integer(0, 5), chance(0.5) ? 0 : integer(0, 4)],
      hosts: Int32Array.from(some),
      ...(chance(0.2) && { prefer: Float64Array.from(all, () => integer(0, 3)) }),
    }
  })
  const flags = (length: number): Uint8Array => Uint8Array.from({ length }, () => (chance(0.8) ? 1 : 0))
  const links = Array.from({ length: count > 1 ? integer(0, 2 * count) : 0 }, (): TaskLink => {
    const a = integer(0, count - 1)
    const forward = integer(0, 5)
    return {
      a,
      b: (a + integer(1, count - 1)) % count,
      forward,
      backward: chance(0.6) ? forward : integer(0, 5),
      weight: integer(1, 9),
      delay: chance(0.3) ? integer(0, 8) : Number.POSITIVE_INFINITY,
      ...(chance(0.2) && { passable: flags(size) }),
      ...(chance(0.2) && { usable: flags(ends.length) }),
      ...(chance(0.1) && { endsA: flags(size) }),
      ...(chance(0.1) && { endsB: flags(size) }),
    }
  })
  const perHost = sizes.shared ? integer(1, 3) : 1
  const isApart = perHost > 1 && count > 1 && chance(0.5)
  return { net, room, rates, nodes, links, perHost, ...(isApart && { apart: [[0, 1]] }) }
}
