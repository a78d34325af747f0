/** Random tasks where much is alike and little differs: hosts at the switches of a small fabric, and nodes of a request. */
import type { Random } from '../../../simulation/random.ts'
import type { Task, TaskLink } from '../task.ts'
import { netOf } from './random-task.ts'

export const regularTask = ({ integer, next }: Random): Task => {
  const chance = (probability: number): boolean => next() < probability
  const leaves = integer(2, 3)
  const spines = integer(1, 2)
  const hostsEach = integer(1, 3)
  const hostCount = leaves * hostsEach
  const size = hostCount + leaves + spines
  const ends: [number, number][] = []
  for (let host = 0; host < hostCount; host++) ends.push([host, hostCount + Math.floor(host / hostsEach)])
  for (let leaf = 0; leaf < leaves; leaf++)
    for (let spine = 0; spine < spines; spine++) ends.push([hostCount + leaf, hostCount + leaves + spine])
  const net = netOf(
    size,
    ends,
    Float64Array.from(ends, () => 1),
  )
  const hosts = Int32Array.from({ length: hostCount }, (_, host) => host)
  // Few levels of what is free, so that some hosts differ and most do not.
  const room = Float64Array.from({ length: size }, () => (chance(0.7) ? 4 : 2))
  const rate = integer(3, 8)
  const odd = (): number => (chance(0.15) ? integer(-2, 2) : 0)
  const rates = Float64Array.from(net.head, (_, arc) => (arc >> 1 < hostCount ? rate + odd() : rate + integer(0, 4)))
  const count = integer(2, 4)
  const need = integer(1, 3)
  const nodes = Array.from({ length: count }, () => ({
    needs: [chance(0.8) ? need : 1],
    hosts: chance(0.85) ? hosts : hosts.filter(() => chance(0.6)),
    ...(chance(0.25) && { prefer: Float64Array.from({ length: size }, () => (chance(0.3) ? integer(1, 3) : 0)) }),
  }))
  const [weight, forward] = [integer(1, 5), integer(1, 3)]
  const link = (a: number, b: number): TaskLink => ({
    a,
    b,
    forward,
    backward: forward,
    weight: chance(0.9) ? weight : weight + 1,
    delay: chance(0.1) ? 2 : Number.POSITIVE_INFINITY,
  })
  const isStar = chance(0.5)
  const links = nodes.flatMap((_, b) =>
    isStar ? (b > 0 ? [link(0, b)] : []) : nodes.flatMap((_, a) => (a < b && chance(0.6) ? [link(a, b)] : [])),
  )
  return { net, room: [room], rates, nodes, links, perHost: chance(0.3) ? 2 : 1 }
}
