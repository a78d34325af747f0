/**
 * One step of the search around a mapping: some linked nodes are taken out and put back where they cost least. Whether that can pay is first
 * looked up in the distances, so that most of what does not is given up before a path is taken.
 */
import type { Model } from './model.ts'
import { addPull, addPulls } from './pull.ts'
import type { Random } from './random.ts'
import type { Reach } from './reach.ts'
import type { Routed, Snapshot } from './routed.ts'
import type { Work } from './work.ts'

/**
 * From a mapping, which `routed` holds: tries another one that costs at most the limit and misses no more nodes. False, and nothing changed,
 * where it cannot; else what `routed` holds then may be that.
 */
export type Ruin = (now: Snapshot, limit: number) => boolean

/** Most nodes that are taken out of a mapping at a time. */
const mostOut = 3

export const ruinOf = (model: Model, reach: Reach, routed: Routed, { below }: Random, work: Work): Ruin => {
  const { task, ties, alone, candidates } = model
  const { occupancy } = routed
  const { hosts } = occupancy
  const count = task.nodes.length
  const isDistinct = task.perHost === 1
  /** By place in `out`: what each host costs towards all that is placed, and the least of that. */
  const tables: Float64Array[] = []
  const least = new Float64Array(count)
  let out: number[] = []

  /** One node, and then what it is linked with, or any other. */
  const choose = (missing: readonly number[]): void => {
    out = [missing.length > 0 ? (missing[below(missing.length)] as number) : below(count)]
    const size = 1 + below(Math.min(mostOut, count))
    while (out.length < size) {
      const near = ties[out[below(out.length)] as number] as Model['ties'][number]
      const other = near.length > 0 && below(4) > 0 ? (near[below(near.length)]?.other ?? 0) : below(count)
      if (!out.includes(other)) out.push(other)
      else if (below(8) === 0) break
    }
  }

  /** What is there of the mapping with these nodes. */
  const costOf = (nodes: readonly number[], paths: Snapshot['paths']): number => {
    let cost = 0
    for (let i = 0; i < nodes.length; i++) {
      const node = nodes[i] as number
      const host = hosts[node] as number
      if (host < 0) continue
      cost += (alone[node] as Float64Array)[host] as number
      const own = ties[node] as Model['ties'][number]
      for (let t = 0; t < own.length; t++) {
        const { link, other, weight } = own[t] as Model['ties'][number][number]
        const before = nodes.indexOf(other)
        if (before < 0 || before > i) cost += weight * (paths[link] as readonly number[]).length
      }
    }
    return cost
  }

  const leastOf = (own: Int32Array, table: Float64Array): number => {
    let low = Number.POSITIVE_INFINITY
    for (let i = 0; i < own.length; i++) {
      const cost = table[own[i] as number] as number
      if (cost < low) low = cost
    }
    return low
  }

  const fillTable = (at: number, avoid: number): void => {
    const node = out[at] as number
    const own = candidates[node] as Int32Array
    tables[at] ??= new Float64Array(task.net.size)
    const table = tables[at]
    table.set(alone[node] as Float64Array)
    const steps = addPulls(model, reach, hosts, node, table)
    for (let other = 0; other < count; other++) {
      const host = hosts[other] as number
      if (host >= 0 && !occupancy.fits(node, host)) table[host] = Number.POSITIVE_INFINITY
    }
    if (avoid >= 0) table[avoid] = Number.POSITIVE_INFINITY
    least[at] = leastOf(own, table)
    work.add((own.length * 2 + steps) >> 2)
  }

  /** What links between nodes of `out` from a place on cost at least, and with those the nodes from the next on. */
  const restOf = (at: number): number => {
    let sum = 0
    for (let i = at; i < out.length; i++) {
      if (i > at) sum += least[i] as number
      if (!isDistinct) continue
      const own = ties[out[i] as number] as Model['ties'][number]
      for (let t = 0; t < own.length; t++) {
        const { other, weight } = own[t] as Model['ties'][number][number]
        if (out.indexOf(other) > i) sum += weight
      }
    }
    return sum
  }

  /** After a node was placed. */
  const adjust = (at: number, host: number): void => {
    const placed = out[at] as number
    for (let i = at + 1; i < out.length; i++) {
      const node = out[i] as number
      const table = tables[i] as Float64Array
      const own = candidates[node] as Int32Array
      const links = ties[node] as Model['ties'][number]
      for (let t = 0; t < links.length; t++) {
        const { link, other, side, weight } = links[t] as Model['ties'][number][number]
        if (other !== placed) continue
        addPull(own, reach.row(link, side, host), weight, table)
        work.add(own.length >> 2)
      }
      if (!occupancy.fits(node, host)) table[host] = Number.POSITIVE_INFINITY
      least[i] = leastOf(own, table)
    }
  }

  return (now, limit) => {
    const missing: number[] = []
    for (let node = 0; node < count; node++) if ((hosts[node] as number) < 0) missing.push(node)
    choose(missing)
    const avoided = below(2) === 0 ? below(out.length) : -1
    const olds = out.map((node) => hosts[node] as number)
    const isWhole = missing.length === 0
    const kept = now.cost - costOf(out, now.paths)
    for (let i = 0; i < out.length; i++) occupancy.lift(out[i] as number)
    for (const node of missing) if (!out.includes(node)) out.push(node)
    for (let i = 0; i < out.length; i++) fillTable(i, i === avoided ? (olds[i] as number) : -1)
    for (let i = 0; i < olds.length; i++)
      if ((olds[i] as number) >= 0) occupancy.put(out[i] as number, olds[i] as number)
    if (isWhole && kept + (least[0] as number) + restOf(0) > limit + 1e-9) return false
    for (let i = 0; i < olds.length; i++) routed.lift(out[i] as number)
    for (let i = 0; i < out.length; i++) {
      const node = out[i] as number
      const rest = isWhole ? restOf(i) : 0
      if (routed.insert(node, tables[i] as Float64Array, limit - rest)) adjust(i, hosts[node] as number)
      else if (isWhole) return true
    }
    return true
  }
}
