/**
 * Hops between all nodes of a small net at once: sets of nodes are bits of words, and what a node reaches with one hop more is the union of
 * what its neighbours reach.
 */
import type { Work } from './work.ts'

/** Nodes that arcs lead to which may be taken, by node that they leave: head[first[n]] up to, without, head[first[n + 1]]. */
export interface Open {
  readonly first: Int32Array
  readonly head: Int32Array
}

/** By hops less one: what each node reaches with at most so many; the w-th word of node n is at [w * size + n]. */
export interface Rings {
  readonly size: number
  readonly within: readonly Int32Array[]
}

/** @param passable by node: 1 where a path may lead through it; undefined: through all. */
export const ringsOf = (size: number, { first, head }: Open, passable: Uint8Array | undefined, work: Work): Rings => {
  const words = (size + 31) >> 5
  const direct = new Int32Array(words * size)
  for (let node = 0; node < size; node++)
    for (let i = first[node] as number; i < (first[node + 1] as number); i++) {
      const at = ((head[i] as number) >> 5) * size + node
      direct[at] = (direct[at] as number) | (1 << ((head[i] as number) & 31))
    }
  const within: Int32Array[] = [direct]
  // What finds nothing new with one hop more finds nothing with two.
  const growing = Int32Array.from({ length: size }, (_, node) => node)
  let steps = (first[size] as number) * 2
  const through = passable ? passableOf(size, { first, head }, passable) : { first, head }
  const heads = through.head
  for (let [count, before] = [size, direct]; ; ) {
    const after = before.slice()
    let left = 0
    for (let at = 0; at < count; at++) {
      const node = growing[at] as number
      const begin = through.first[node] as number
      const end = through.first[node + 1] as number
      steps += (end - begin) * words
      let isGrown = false
      for (let plane = 0; plane < before.length; plane += size) {
        const own = before[plane + node] as number
        let all = own
        for (let i = begin; i < end; i++) all |= before[plane + (heads[i] as number)] as number
        if (all === own) continue
        after[plane + node] = all
        isGrown = true
      }
      if (isGrown) growing[left++] = node
    }
    if (left === 0) break
    within.push(after)
    before = after
    count = left
  }
  work.add(steps >> 3)
  return { size, within }
}

const passableOf = (size: number, { first, head }: Open, passable: Uint8Array): Open => {
  const open: Open = { first: new Int32Array(size + 1), head: new Int32Array(head.length) }
  let count = 0
  for (let node = 0; node < size; node++) {
    for (let i = first[node] as number; i < (first[node + 1] as number); i++)
      if (passable[head[i] as number]) open.head[count++] = head[i] as number
    open.first[node + 1] = count
  }
  return open
}

/** The hops from a node into a row that says `unreached` everywhere. */
export const fillRow = ({ size, within }: Rings, node: number, row: Uint8Array, most: number): void => {
  for (let level = within.length - 1; level >= 0; level--) {
    const now = within[level] as Int32Array
    const inner = within[level - 1]
    const hops = Math.min(level + 1, most)
    for (let at = node, base = 0; at < now.length; at += size, base += 32) {
      let bits = now[at] as number
      if (inner) bits &= ~(inner[at] as number)
      while (bits !== 0) {
        const bit = 31 - Math.clz32(bits)
        row[base + bit] = hops
        bits ^= 1 << bit
      }
    }
  }
  row[node] = 0
}
