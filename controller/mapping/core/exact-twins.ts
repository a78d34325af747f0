/**
 * What can be exchanged without a change to any cost: nodes of a task, and hosts on which nothing is. A search that leaves nothing out
 * needs to look at one of each only.
 */
import type { Model } from './model.ts'
import type { Task, TaskLink } from './task.ts'

/** By node: the one before it, by index, that it can be exchanged with; -1: none. */
export const equalNodesOf = (task: Task): Int32Array => {
  const before = new Int32Array(task.nodes.length).fill(-1)
  for (let node = 1; node < before.length; node++)
    for (let other = node - 1; other >= 0 && (before[node] as number) < 0; other--)
      if (areEqual(task, node, other)) before[node] = other
  return before
}

const areEqual = (task: Task, x: number, y: number): boolean => {
  const [one, two] = [task.nodes[x], task.nodes[y]]
  if (!one || !two || !isSame(one.needs, two.needs) || !isSame(one.hosts, two.hosts)) return false
  if (!isSame(one.prefer ?? [], two.prefer ?? [])) return false
  return isApartAlike(task, x, y) && isSameLinks(task, x, y)
}

/** Whether x and y may not share hosts with the same nodes. */
const isApartAlike = ({ apart = [] }: Task, x: number, y: number): boolean => {
  const others = (node: number): ReadonlySet<number> =>
    new Set(apart.flatMap((pair) => (pair.includes(node) ? pair.filter((n) => n !== x && n !== y) : [])))
  const [one, two] = [others(x), others(y)]
  return one.size === two.size && [...one].every((other) => two.has(other))
}

/** Whether the links are the same ones after x and y have changed places. */
const isSameLinks = ({ links }: Task, x: number, y: number): boolean => {
  const own = links.filter(({ a, b }) => a === x || a === y || b === x || b === y)
  const turned = (node: number): number => (node === x ? y : node === y ? x : node)
  const left = own.slice()
  for (const link of own) {
    const [a, b] = [turned(link.a), turned(link.b)]
    const found = left.findIndex(
      (one) =>
        (one.a === a && one.b === b && asks(one, link)) || (one.a === b && one.b === a && asks(one, mirrored(link))),
    )
    if (found < 0) return false
    left.splice(found, 1)
  }
  return true
}

const mirrored = ({ forward, backward, endsA, endsB, ...rest }: TaskLink): TaskLink => ({
  ...rest,
  forward: backward,
  backward: forward,
  ...(endsB && { endsA: endsB }),
  ...(endsA && { endsB: endsA }),
})

const asks = (one: TaskLink, two: TaskLink): boolean =>
  one.forward === two.forward &&
  one.backward === two.backward &&
  one.weight === two.weight &&
  one.delay === two.delay &&
  one.passable === two.passable &&
  one.usable === two.usable &&
  one.endsA === two.endsA &&
  one.endsB === two.endsB

const isSame = (one: ArrayLike<number>, two: ArrayLike<number>): boolean => {
  if (one === two) return true
  if (one.length !== two.length) return false
  for (let i = 0; i < one.length; i++) if (one[i] !== two[i]) return false
  return true
}

/** By host: the one before it, by index, that it can be exchanged with as long as nothing is on either; -1: none. */
export const equalHostsOf = (model: Model): Int32Array => {
  const { net } = model.task
  const before = new Int32Array(net.size).fill(-1)
  const byNeighbours = new Map<number, number[]>()
  for (let host = 0; host < net.size; host++) {
    const key = neighboursOf(model.task, host)
    const alike = byNeighbours.get(key)
    if (!alike) byNeighbours.set(key, [host])
    else {
      before[host] = alike.findLast((other) => areEqualHosts(model, host, other)) ?? -1
      alike.push(host)
    }
  }
  return before
}

/** A number that is the same for hosts with the same neighbours, and seldom for others. */
const neighboursOf = ({ net: { first, arcs, head } }: Task, host: number): number => {
  let sum = 0
  for (let i = first[host] as number; i < (first[host + 1] as number); i++)
    sum = (sum + Math.imul((head[arcs[i] as number] as number) + 1, 0x9e3779b1)) | 0
  return sum
}

const areEqualHosts = ({ task, alone }: Model, x: number, y: number): boolean => {
  if (!task.room.every((room) => room[x] === room[y])) return false
  if (!alone.every((costs) => Number.isFinite(costs[x]) === Number.isFinite(costs[y]))) return false
  if (!task.nodes.every(({ prefer }) => prefer?.[x] === prefer?.[y])) return false
  for (const { passable, endsA, endsB } of task.links)
    if (passable?.[x] !== passable?.[y] || endsA?.[x] !== endsA?.[y] || endsB?.[x] !== endsB?.[y]) return false
  const [own, others] = [wiresOf(task, x), wiresOf(task, y)]
  return own.length === others.length && own.every((wire, i) => wire === others[i])
}

/** What leaves a host, each with all that a path sees of it. */
const wiresOf = ({ net: { first, arcs, head, delay }, rates, links }: Task, host: number): readonly string[] =>
  Array.from(arcs.subarray(first[host], first[host + 1]), (arc) =>
    [
      head[arc],
      rates[arc],
      rates[arc ^ 1],
      delay[arc >> 1],
      ...links.map(({ usable }) => usable?.[arc >> 1] ?? 1),
    ].join(' '),
  ).sort()
