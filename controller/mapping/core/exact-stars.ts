/**
 * What the links of a node cost together on a host at least, beyond their floor, where hosts are all different: each leaves by one arc, what
 * leaves by the same arc has to fit on it, and of that one link at most ends at the next node.
 */
import type { Floor } from './exact-tree.ts'
import type { Model } from './model.ts'
import type { Task, TaskLink } from './task.ts'
import type { Work } from './work.ts'

/** Choices after which the best way to part links among arcs is left open; what was proven until then stands. */
const mostChoices = 400

/** By node, then host; Infinity: its links do not fit there. */
export const starsOf = (model: Model, floor: Floor, work: Work): readonly Float64Array[] => {
  const { task, ties, candidates } = model
  const { size, first } = task.net
  if (task.perHost > 1) return task.nodes.map(() => new Float64Array(size))
  const wires = wiresOf(task)
  return ties.map((_, node) => {
    const costs = new Float64Array(size)
    const links = linksOf(model, floor, node)
    const kept = new Float64Array(links.length)
    const part = partOf(links, wires)
    let steps = 0
    for (const host of candidates[node] as Int32Array) {
      const begin = first[host] as number
      const end = first[host + 1] as number
      let arcs = begin
      let count = 0
      let cost = 0
      // The widest arcs first: of the links seen so far as many can have one hop as there are arcs that carry the last.
      for (const { out, weight } of links) {
        while (arcs < end && (out === 0 || (wires.out[arcs] as number) >= out)) arcs++
        kept[count++] = weight
        if (count > arcs - begin) cost += dropLeast(kept, count--)
      }
      steps += links.length + 2
      if (cost > 0) {
        const choices = part.least(begin, end)
        if (choices < mostChoices) cost = part.cost()
        steps += choices
      }
      costs[host] = cost
    }
    work.add(steps)
    return costs
  })
}

/** One link of a star: what it sends and receives, and what a second hop costs. */
interface Ray {
  readonly out: number
  readonly back: number
  readonly weight: number
}

/** The widest first. Of links to the same node, which may share an arc, and of those that have more than a hop anyhow, no hop is counted. */
const linksOf = ({ task, ties }: Model, floor: Floor, node: number): readonly Ray[] => {
  const own = ties[node] ?? []
  return own
    .map(({ link, other, side, weight }, index): Ray => {
      const { forward, backward } = task.links[link] as TaskLink
      const isCounted = floor.ofLink[link] === 1 && own.findIndex((tie) => tie.other === other) === index
      return {
        out: side === 1 ? forward : backward,
        back: side === 1 ? backward : forward,
        weight: isCounted ? weight : 0,
      }
    })
    .sort((x, y) => y.out - x.out)
}

/** Removes the least of the first values and returns it. */
const dropLeast = (values: Float64Array, count: number): number => {
  let at = 0
  for (let i = 1; i < count; i++) if ((values[i] as number) < (values[at] as number)) at = i
  const least = values[at] as number
  values[at] = values[count - 1] as number
  return least
}

/** What is free of arcs, in the order of `first`, of each host the widest first. */
interface Wires {
  readonly out: Float64Array
  readonly back: Float64Array
}

const wiresOf = ({ net: { size, first, arcs }, rates }: Task): Wires => {
  const [out, back] = [new Float64Array(arcs.length), new Float64Array(arcs.length)]
  for (let host = 0; host < size; host++) {
    const begin = first[host] as number
    for (let i = begin; i < (first[host + 1] as number); i++) {
      const arc = arcs[i] as number
      const rate = rates[arc] as number
      let j = i
      for (; j > begin && (out[j - 1] as number) < rate; j--) {
        out[j] = out[j - 1] as number
        back[j] = back[j - 1] as number
      }
      out[j] = rate
      back[j] = rates[arc ^ 1] as number
    }
  }
  return { out, back }
}

/** Links parted among the arcs of a host so that they cost least: depth first. */
const partOf = (links: readonly Ray[], { out, back }: Wires) => {
  /** By arc: the greatest weight of what leaves by it. */
  const greatest = new Float64Array(out.length)
  let [best, choices, begin, end] = [0, 0, 0, 0]
  const next = (index: number, cost: number): void => {
    if (index === links.length) {
      best = cost
      return
    }
    const link = links[index] as Ray
    for (let i = begin; i < end; i++) {
      const before = greatest[i] as number
      const more = cost + Math.min(before, link.weight)
      const [free, freeBack] = [out[i] as number, back[i] as number]
      if (more >= best || (link.out > 0 && free < link.out) || (link.back > 0 && freeBack < link.back)) continue
      if (++choices > mostChoices) return
      greatest[i] = Math.max(before, link.weight)
      out[i] = free - link.out
      back[i] = freeBack - link.back
      next(index + 1, more)
      greatest[i] = before
      out[i] = free
      back[i] = freeBack
    }
  }
  return {
    /** How many choices it took; with `mostChoices` or more it was given up. */
    least: (from: number, to: number): number => {
      ;[best, choices, begin, end] = [Number.POSITIVE_INFINITY, 0, from, to]
      next(0, 0)
      return choices
    },
    cost: (): number => best,
  }
}
