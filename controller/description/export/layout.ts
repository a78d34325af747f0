/**
 * Places for the nodes of a graph: linked ones near each other, none upon another. Forces between them (T. Fruchterman, E. Reingold, Graph
 * Drawing by Force-directed Placement, 1991), from a circle, without chance: the same graph always gives the same picture.
 */

export interface Point {
  readonly x: number
  readonly y: number
}

/** Work of one picture in pairs of nodes: about a second. */
const maxPairs = 4e7
const maxRounds = 300

/**
 * In units in which 1 is a good distance between linked nodes; the least x and y are 0. `edges` are pairs of indices. Where a start is given
 * (coordinates of the nodes, in any unit), it is kept as far as it goes.
 */
export const layOut = (
  count: number,
  edges: readonly (readonly [number, number])[],
  start?: readonly Point[],
): readonly Point[] => {
  if (count === 0) return []
  const x = new Float64Array(count)
  const y = new Float64Array(count)
  const radius = Math.max(0.6, Math.sqrt(count) / 2)
  for (let i = 0; i < count; i++) {
    const angle = (2 * Math.PI * i) / count - Math.PI / 2
    x[i] = start?.[i]?.x ?? radius * Math.cos(angle)
    y[i] = start?.[i]?.y ?? radius * Math.sin(angle)
  }
  const rounds = Math.max(10, Math.min(maxRounds, Math.floor(maxPairs / (count * count))))
  for (let round = 0; round < rounds; round++) relax(x, y, edges, (radius / 4) * (1 - round / rounds))
  return atOrigin(x, y)
}

/** One step along the forces, each node by `reach` at most. */
const relax = (
  x: Float64Array,
  y: Float64Array,
  edges: readonly (readonly [number, number])[],
  reach: number,
): void => {
  const count = x.length
  const forceX = new Float64Array(count)
  const forceY = new Float64Array(count)
  const push = (i: number, j: number, dx: number, dy: number, force: number): void => {
    forceX[i] = (forceX[i] ?? 0) + dx * force
    forceY[i] = (forceY[i] ?? 0) + dy * force
    forceX[j] = (forceX[j] ?? 0) - dx * force
    forceY[j] = (forceY[j] ?? 0) - dy * force
  }
  for (let i = 0; i < count; i++) {
    for (let j = i + 1; j < count; j++) {
      // Two at one place are parted, in a direction that their numbers give.
      const dx = (x[i] ?? 0) - (x[j] ?? 0) || 1e-3 * Math.cos(i + 2 * j)
      const dy = (y[i] ?? 0) - (y[j] ?? 0) || 1e-3 * Math.sin(i + 2 * j)
      push(i, j, dx, dy, 1 / Math.max(1e-4, dx * dx + dy * dy))
    }
  }
  for (const [i, j] of edges) {
    const dx = (x[i] ?? 0) - (x[j] ?? 0)
    const dy = (y[i] ?? 0) - (y[j] ?? 0)
    push(i, j, dx, dy, -Math.hypot(dx, dy))
  }
  for (let i = 0; i < count; i++) {
    // Towards the middle, so that parts without links between them stay on the page.
    const fx = (forceX[i] ?? 0) - 0.1 * (x[i] ?? 0)
    const fy = (forceY[i] ?? 0) - 0.1 * (y[i] ?? 0)
    const length = Math.hypot(fx, fy)
    const scale = length > reach ? reach / length : 1
    x[i] = (x[i] ?? 0) + fx * scale
    y[i] = (y[i] ?? 0) + fy * scale
  }
}

const atOrigin = (x: Float64Array, y: Float64Array): readonly Point[] => {
  const left = x.reduce((least, each) => Math.min(least, each), Number.POSITIVE_INFINITY)
  const top = y.reduce((least, each) => Math.min(least, each), Number.POSITIVE_INFINITY)
  return [...x].map((each, i) => ({ x: each - left, y: (y[i] ?? 0) - top }))
}
