/**
 * Instances of the literature's standard setting from a seed: a Waxman substrate (B. M. Waxman, "Routing of multipoint connections",
 * 1988) and random requests, distributed as in the published generators; and, beside that, constraints of ours.
 */
import type { Instance, InstanceHost, InstanceRequest, InstanceWire, RequestLink, RequestNode } from './instance.ts'
import { type Random, randomFrom } from './random.ts'

export interface Setting {
  readonly hosts: number
  /** Links of the substrate, about; missing: as many as a Waxman graph of alpha 0.2, beta 0.5 has. */
  readonly links?: number
  readonly requests: number
  /** Arrivals a unit of time. */
  readonly arrivalRate: number
  readonly meanLifetime: number
  /** Greatest CPU of a node, and bandwidth of a link; both are uniform from 0. */
  readonly cpu: number
  readonly bandwidth: number
  /** Nodes of a request: least and greatest. */
  readonly nodes: readonly [least: number, most: number]
  /** Whether delays, locations, hypervisors and NICs are asked for too. */
  readonly constrained?: boolean
}

const usual = { hosts: 100, requests: 1000, meanLifetime: 500, cpu: 20, bandwidth: 50, nodes: [2, 10] } as const

export const settings = {
  'wx100-eta0.16': { ...usual, arrivalRate: 0.16 },
  'wx100-eta0.28': { ...usual, arrivalRate: 0.28 },
  classic: { ...usual, arrivalRate: 0.04, meanLifetime: 1000, cpu: 50, requests: 2000 },
  constrained: { ...usual, arrivalRate: 0.16, constrained: true },
  wx10000: { ...usual, hosts: 10_000, links: 50_000, requests: 200, arrivalRate: 0.16 },
} as const satisfies Readonly<Record<string, Setting>>

const alpha = 0.2
const beta = 0.5
/** Every host has at least this of CPU, and every link of bandwidth, and at most twice. */
const leastCapacity = 50

const places = ['eu/london', 'eu/paris', 'us/denver', 'us/boston']

interface Point {
  readonly x: number
  readonly y: number
}

/** Pairs of points, each joined with a probability that falls with its distance; then what is apart is joined by its nearest. */
const waxman = (random: Random, points: readonly Point[], links: number | undefined): readonly [number, number][] => {
  const distance = (i: number, j: number): number => {
    const [p, q] = [points[i] as Point, points[j] as Point]
    return Math.hypot(p.x - q.x, p.y - q.y)
  }
  let widest = 0
  let sum = 0
  const scale = (): number => alpha * widest
  for (let i = 0; i < points.length; i++) for (let j = 0; j < i; j++) widest = Math.max(widest, distance(i, j))
  if (links !== undefined)
    for (let i = 0; i < points.length; i++) for (let j = 0; j < i; j++) sum += Math.exp(-distance(i, j) / scale())
  const factor = links === undefined ? beta : links / sum
  const pairs: [number, number][] = []
  for (let i = 0; i < points.length; i++)
    for (let j = 0; j < i; j++) if (random.next() < factor * Math.exp(-distance(i, j) / scale())) pairs.push([j, i])
  const part = points.map((_, i) => i)
  const root = (i: number): number => {
    let at = i
    while (part[at] !== at) at = part[at] = part[part[at] as number] as number
    return at
  }
  for (const [i, j] of pairs) part[root(i)] = root(j)
  for (let i = 1; i < points.length; i++) {
    if (root(i) === root(0)) continue
    const others = points.flatMap((_, j) => (root(j) === root(i) ? [] : [j]))
    const nearest = others.reduce((best, j) => (distance(i, j) < distance(i, best) ? j : best))
    pairs.push([Math.min(i, nearest), Math.max(i, nearest)])
    part[root(i)] = root(nearest)
  }
  return pairs
}

const substrateOf = (random: Random, { hosts, links, constrained }: Setting): Instance['substrate'] => {
  const points = Array.from({ length: hosts }, (): Point => ({ x: random.next(), y: random.next() }))
  const nodes = points.map(
    ({ x, y }, id): InstanceHost => ({
      id,
      cpu: random.integer(leastCapacity, 2 * leastCapacity),
      ...(constrained && {
        location: places[(x < 0.5 ? 0 : 2) + (y < 0.5 ? 0 : 1)] as string,
        hypervisors: ['lxc', ...(random.next() < 0.6 ? ['qemu'] : []), ...(random.next() < 0.3 ? ['xen'] : [])],
        nics: random.integer(0, 2),
      }),
    }),
  )
  const wires = waxman(random, points, links).map(([a, b]): InstanceWire => {
    const [p, q] = [points[a] as Point, points[b] as Point]
    const bw = random.integer(leastCapacity, 2 * leastCapacity)
    return { a, b, bw, ...(constrained && { delay: Math.ceil(10_000 * Math.hypot(p.x - q.x, p.y - q.y)) }) }
  })
  return { nodes, links: wires }
}

const isConnected = (size: number, links: readonly RequestLink[]): boolean => {
  const reached = new Set([0])
  for (const node of reached)
    for (const { a, b } of links) {
      if (a === node) reached.add(b as number)
      if (b === node) reached.add(a as number)
    }
  return reached.size === size
}

/** Every two nodes are linked with probability one half; drawn again until all are connected. */
const requestLinks = (random: Random, size: number, { bandwidth, constrained }: Setting): readonly RequestLink[] => {
  for (;;) {
    const links: RequestLink[] = []
    for (let a = 0; a < size; a++)
      for (let b = a + 1; b < size; b++)
        if (random.next() < 0.5) {
          const bw = random.integer(0, bandwidth)
          const isHurried = constrained && random.next() < 0.3
          links.push({ a, b, bw, ...(isHurried && { delay: random.integer(4000, 12_000) }) })
        }
    if (isConnected(size, links)) return links
  }
}

export const generate = (setting: Setting, seed: number): Instance => {
  const random = randomFrom(seed)
  const substrate = substrateOf(random, setting)
  const { requests, arrivalRate, meanLifetime, constrained } = setting
  let arrival = 0
  const drawn = Array.from({ length: requests }, (_, id): InstanceRequest => {
    arrival += random.poisson(1 / arrivalRate)
    const size = random.integer(...setting.nodes)
    const nodes = Array.from({ length: size }, (_, node): RequestNode => {
      const kind = constrained ? random.next() : 1
      return {
        id: node,
        cpu: random.integer(0, setting.cpu),
        ...(kind < 0.1 && { location: places[random.integer(0, places.length - 1)] as string }),
        ...(kind >= 0.1 && kind < 0.15 && { location: 'eu' }),
        ...(kind >= 0.15 && kind < 0.35 && { hypervisor: kind < 0.2 ? 'xen' : 'qemu' }),
        ...(kind >= 0.35 && kind < 0.4 && { nics: 1 }),
      }
    })
    return {
      id,
      arrival,
      lifetime: random.exponential(meanLifetime),
      nodes,
      links: requestLinks(random, size, setting),
    }
  })
  return { substrate, requests: drawn }
}
