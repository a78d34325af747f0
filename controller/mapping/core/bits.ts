/**
 * Fewest hops from a node of a small net to all others: sets of nodes are bits of words, and what is one hop farther is the union of what
 * is next to what was reached last.
 */
import type { Task } from './task.ts'

/** Most nodes of such a net: four words, which stay in registers. */
export const mostBits = 128

export interface BitNet {
  /** By node, four words: the nodes that arcs which may be taken lead to. */
  readonly near: Int32Array
  /** The nodes that a path may lead through, and all nodes. */
  readonly through: Int32Array
  readonly all: Int32Array
}

/** What is open of the substrate to a link of the task. */
export interface Ground {
  readonly passable?: Uint8Array | undefined
  readonly usable?: Uint8Array | undefined
}

/** What asks for nothing is carried also where more was promised than there is. */
export const leastFree = (rate: number): number => (rate === 0 ? Number.NEGATIVE_INFINITY : rate)

/** The net of the arcs with the rates free. */
export const bitNetOf = ({ net, rates }: Task, ground: Ground, out: number, back: number): BitNet => {
  const { head, size } = net
  const near = new Int32Array(4 * size)
  const [least, leastBack] = [leastFree(out), leastFree(back)]
  for (let arc = 0; arc < head.length; arc++) {
    if ((rates[arc] as number) < least || (rates[arc ^ 1] as number) < leastBack) continue
    if (!ground.usable || ground.usable[arc >> 1]) join(near, head[arc ^ 1] as number, head[arc] as number)
  }
  return { near, ...masksOf(size, ground.passable) }
}

/**
 * The nets of the links of a substrate that have each of these rates, ascending, free in both directions. Where the same is open
 * to two rates their nets are one.
 */
export const bitNetsOf = ({ net, rates }: Task, ground: Ground, asked: readonly number[]): readonly BitNet[] => {
  const { head, size } = net
  const count = head.length >> 1
  // Links by how many of the rates they carry, the most first, so that each net adds some to the one before.
  const carried = new Uint16Array(count)
  const least = Float64Array.from(asked, leastFree)
  const begins = new Int32Array(least.length + 2)
  for (let link = 0; link < count; link++) {
    if (ground.usable && !ground.usable[link]) continue
    const free = Math.min(rates[2 * link] as number, rates[2 * link + 1] as number)
    let [low, high] = [0, least.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((least[middle] as number) <= free) low = middle + 1
      else high = middle
    }
    carried[link] = low
    begins[low] = (begins[low] as number) + 1
  }
  let end = 0
  for (let number = least.length; number >= 0; number--) {
    const own = begins[number] as number
    begins[number] = end
    end += own
  }
  const sorted = new Int32Array(count)
  const next = begins.slice()
  for (let link = 0; link < count; link++) {
    const number = carried[link] as number
    sorted[next[number] as number] = link
    next[number] = (next[number] as number) + 1
  }
  const masks = masksOf(size, ground.passable)
  const nets: BitNet[] = new Array(least.length)
  let last: BitNet = { near: new Int32Array(4 * size), ...masks }
  for (let number = least.length; number > 0; number--) {
    const [from, to] = [begins[number] as number, next[number] as number]
    if (to > from) {
      const near = last.near.slice()
      for (let i = from; i < to; i++) {
        const arc = 2 * (sorted[i] as number)
        join(near, head[arc] as number, head[arc + 1] as number)
        join(near, head[arc + 1] as number, head[arc] as number)
      }
      last = { near, ...masks }
    }
    nets[number - 1] = last
  }
  return nets
}

const join = (near: Int32Array, from: number, to: number): void => {
  const at = 4 * from + (to >> 5)
  near[at] = (near[at] as number) | (1 << (to & 31))
}

const masksOf = (size: number, passable: Uint8Array | undefined): Pick<BitNet, 'through' | 'all'> => {
  const all = new Int32Array(4)
  for (let node = 0; node < size; node++) all[node >> 5] = (all[node >> 5] as number) | (1 << (node & 31))
  if (!passable) return { through: all, all }
  const through = new Int32Array(4)
  for (let node = 0; node < size; node++)
    if (passable[node]) through[node >> 5] = (through[node >> 5] as number) | (1 << (node & 31))
  return { through, all }
}

/** The nodes that were reached last. */
const wave = new Int32Array(4)

/** Into a row that says everywhere that no path leads there: the hops from a node. */
export const fillHops = ({ near, through, all }: BitNet, from: number, row: Uint8Array): void => {
  const [a0, a1, a2, a3] = [all[0] as number, all[1] as number, all[2] as number, all[3] as number]
  wave.fill(0)
  wave[from >> 5] = 1 << (from & 31)
  let v0 = wave[0] as number
  let v1 = wave[1] as number
  let v2 = wave[2] as number
  let v3 = wave[3] as number
  for (let hops = 0; ; hops++) {
    const isAll = v0 === a0 && v1 === a1 && v2 === a2 && v3 === a3
    let n0 = 0
    let n1 = 0
    let n2 = 0
    let n3 = 0
    for (let word = 0; word < 4; word++) {
      const open = isAll ? 0 : hops === 0 ? -1 : (through[word] as number)
      for (let bits = wave[word] as number; bits !== 0; ) {
        const bit = 31 - Math.clz32(bits)
        bits ^= 1 << bit
        const node = (word << 5) + bit
        row[node] = hops
        if (((open >>> bit) & 1) === 0) continue
        const at = node << 2
        n0 |= near[at] as number
        n1 |= near[at + 1] as number
        n2 |= near[at + 2] as number
        n3 |= near[at + 3] as number
      }
    }
    n0 &= ~v0
    n1 &= ~v1
    n2 &= ~v2
    n3 &= ~v3
    if ((n0 | n1 | n2 | n3) === 0) return
    v0 |= n0
    v1 |= n1
    v2 |= n2
    v3 |= n3
    wave[0] = n0
    wave[1] = n1
    wave[2] = n2
    wave[3] = n3
  }
}
