import t from 'tap'
import { delayOf, findPath, holds, type Route } from '../route.ts'
import { topologyOf } from '../topology.ts'
import { fabric, host, substrate } from './fixtures.ts'

/** A diamond a-b-d, a-c-d with a slow direct link a-d, and e behind d. */
const graph = substrate([host('a'), fabric('b'), fabric('c'), host('d'), host('e'), host('z')], {
  'a-b': { delay: 1, rate: 5 },
  'b-d': { delay: 1, rate: 5 },
  'c-a': { delay: 2, rate: 50 },
  'c-d': { delay: 2, rate: 50 },
  'a-d': { delay: 9, rate: 50 },
  'd-e': { delay: 1, rate: 50 },
})
const topology = topologyOf(graph)
const node = (id: string): number => topology.indexOf.get(id) as number
const all = new Uint8Array(topology.nodes.length).fill(1)
const route = (from: string, to: string, changes: Partial<Route> = {}): Route => ({
  from: node(from),
  to: node(to),
  forward: 0,
  backward: 0,
  delay: Number.POSITIVE_INFINITY,
  passable: all,
  usable: new Uint8Array(topology.links.length).fill(1),
  ...changes,
})
const names = (arcs: readonly number[] | undefined): string | undefined =>
  arcs?.map((arc) => topology.nodes[topology.head[arc] as number]?.id).join('')
const found = (of: Route, least?: 'links' | 'delay') => names(findPath(topology, topology.capacity, of, least))

t.test('the path with the fewest links that keeps all constraints is found', async (t) => {
  t.equal(found(route('a', 'd')), 'd')
  t.equal(found(route('a', 'd', { delay: 8 })), 'bd')
  t.equal(found(route('a', 'd', { delay: 8, forward: 6 })), 'cd')
  t.equal(found(route('a', 'd', { delay: 8, backward: 6 })), 'cd')
  t.equal(found(route('a', 'd', { delay: 2 })), 'bd')
  t.equal(found(route('a', 'd', { delay: 2, forward: 6 })), undefined)
  t.equal(found(route('a', 'd', { delay: 1 })), undefined)
  t.equal(found(route('a', 'd', { forward: 51 })), undefined)
  t.equal(found(route('a', 'e', { delay: 3 })), 'bde')
  t.equal(found(route('a', 'e', { delay: 9 })), 'bde', 'the two-link path is too slow by one')
  t.equal(found(route('a', 'e', { delay: 10 })), 'de')
  t.equal(found(route('a', 'z')), undefined)
  t.equal(found(route('a', 'a')), '')
})

t.test('the quickest path is found where delay is what counts', async (t) => {
  t.equal(found(route('a', 'e'), 'delay'), 'bde')
  t.equal(delayOf(topology, findPath(topology, topology.capacity, route('a', 'e'), 'delay') ?? []), 3)
})

t.test('a path leads only through nodes that let it', async (t) => {
  const passable = all.slice()
  passable[node('d')] = 0
  t.equal(found(route('a', 'e', { passable })), undefined)
  t.equal(found(route('a', 'd', { passable })), 'd', 'an end need not be passable')
})

t.test('a path given holds only if it is a simple way that keeps the constraints', async (t) => {
  const arcs = findPath(topology, topology.capacity, route('a', 'e')) ?? []
  const check = (of: Route, path = arcs) => holds(topology, topology.capacity, of, path)
  t.equal(check(route('a', 'e')), true)
  t.equal(check(route('a', 'd')), false, 'it ends elsewhere')
  t.equal(check(route('b', 'e')), false, 'it begins elsewhere')
  t.equal(check(route('a', 'e', { delay: 9 })), false)
  t.equal(check(route('a', 'e', { backward: 51 })), false)
  t.equal(check(route('a', 'e', { passable: new Uint8Array(all.length) })), false)
  const [there = 0] = findPath(topology, topology.capacity, route('a', 'd')) ?? []
  t.equal(check(route('a', 'd'), [there, there ^ 1, there]), false, 'it crosses itself')
})
