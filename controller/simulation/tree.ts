/**
 * One shortest-path tree over a whole substrate, by Dijkstra's algorithm with a binary heap on typed arrays: the unit in which the time of a
 * mapping is told, since it grows with the machine and the substrate as the mapping does. It is a clock, not a part of the mapper.
 */

/** Adjacency as in mapping/topology.ts: arcs 2l and 2l + 1 of link l, those that leave n from first[n] on. */
export interface TreeNet {
  readonly size: number
  readonly first: Int32Array
  readonly arcs: Int32Array
  readonly head: Int32Array
}

/** `lengths` by link, `rates` free by arc; only arcs with `rate` free are used. Gives the distances, valid until the next call. */
export const treeOver = ({ size, first, arcs, head }: TreeNet) => {
  const distance = new Float64Array(size)
  const heap = new Int32Array(size)
  const place = new Int32Array(size)
  return (root: number, lengths: Float64Array, rates: Float64Array, rate: number): Float64Array => {
    distance.fill(Number.POSITIVE_INFINITY)
    place.fill(-1)
    let count = 1
    heap[0] = root
    place[root] = 0
    distance[root] = 0
    const rise = (node: number, from: number): void => {
      const key = distance[node] as number
      let at = from
      while (at > 0) {
        const parent = (at - 1) >> 1
        const above = heap[parent] as number
        if ((distance[above] as number) <= key) break
        heap[at] = above
        place[above] = at
        at = parent
      }
      heap[at] = node
      place[node] = at
    }
    while (count > 0) {
      const node = heap[0] as number
      place[node] = -2
      const last = heap[--count] as number
      if (count > 0) {
        const key = distance[last] as number
        let at = 0
        for (let child = 1; child < count; child = 2 * at + 1) {
          if (
            child + 1 < count &&
            (distance[heap[child + 1] as number] as number) < (distance[heap[child] as number] as number)
          )
            child++
          const below = heap[child] as number
          if ((distance[below] as number) >= key) break
          heap[at] = below
          place[below] = at
          at = child
        }
        heap[at] = last
        place[last] = at
      }
      const base = distance[node] as number
      for (let i = first[node] as number; i < (first[node + 1] as number); i++) {
        const arc = arcs[i] as number
        if ((rates[arc] as number) < rate) continue
        const next = head[arc] as number
        const total = base + (lengths[arc >> 1] as number)
        if (total >= (distance[next] as number)) continue
        distance[next] = total
        rise(next, (place[next] as number) >= 0 ? (place[next] as number) : count++)
      }
    }
    return distance
  }
}
