import t from 'tap'
import type { Init } from '../../../proto/codec.ts'
import type { SubstrateNode, VNetRequest } from '../../../proto/generated/weft.v1.ts'
import { randomFrom } from '../../simulation/random.ts'
import { randomTask } from '../core/test/random-task.ts'
import { embed } from '../embed.ts'
import { evenLimitOf, limited } from '../even.ts'
import type { EmbedOptions } from '../mapping.ts'
import { emptyUsage } from '../problem.ts'
import { fabric, gib, host, request, substrate, threeHosts } from './fixtures.ts'

type Nodes = Readonly<Record<string, Init<VNetRequest['nodes'][number]>>>

const line = (count: number): Nodes =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`n${i}`, { memoryBytes: gib / 4 }]))
const inLine = (nodes: Nodes, rate = 0): VNetRequest => {
  const ids = Object.keys(nodes)
  return request(
    nodes,
    Object.fromEntries(ids.slice(1).map((id, i) => [`${ids[i]}-${id}`, { rateAToBBitsPerSecond: rate }])),
  )
}
const hostsOf = (graph: ReturnType<typeof threeHosts>, asked: VNetRequest, options: EmbedOptions = {}) => {
  const result = embed(graph, emptyUsage, asked, options)
  if (result.outcome === 'refused') throw result.error
  return result.embedding.hosts
}
const counts = (hosts: ReadonlyMap<string, string>): readonly number[] =>
  [...Map.groupBy(hosts.values(), (id) => id).values()].map(({ length }) => length).sort((x, y) => x - y)

t.test('no host has a node more of equal ones than it need have', async (t) => {
  for (const [count, expected] of [
    [4, [1, 1, 2]],
    [5, [1, 2, 2]],
    [7, [2, 2, 3]],
    [17, [5, 6, 6]],
  ] as const)
    t.strictSame(counts(hostsOf(threeHosts(), inLine(line(count)))), expected, `${count} nodes`)
})

t.test('a host with twice as much takes twice as many', async (t) => {
  const large = { cpuMillis: 8000, memoryBytes: 16 * gib }
  const graph = substrate([host('h1', large), host('h2'), fabric('f')], { 'h1-f': {}, 'f-h2': {} })
  t.strictSame(counts(hostsOf(graph, inLine(line(12)))), [4, 8])
})

t.test('linked nodes are together as far as an even spread lets them', async (t) => {
  const hosts = hostsOf(threeHosts(), inLine(line(12)))
  t.strictSame(counts(hosts), [4, 4, 4])
  const ids = [...hosts.keys()]
  t.equal(ids.slice(1).filter((id, i) => hosts.get(id) !== hosts.get(ids[i] as string)).length, 2)
})

t.test('nodes are spread as evenly as links leave it', async (t) => {
  const wired: Partial<SubstrateNode>[] = [{}, {}]
  const graph = substrate(
    wired.map((node, i) => host(`h${i + 1}`, node)),
    { 'h1-h2': { rate: 1e6 } },
  )
  // All but the pairs at the ends have links that no wire carries.
  const star = request(line(6), Object.fromEntries([1, 2, 3].map((i) => [`n0-n${i}`, { rateAToBBitsPerSecond: 2e6 }])))
  t.strictSame(counts(hostsOf(graph, star)), [2, 4])
})

t.test('a node is where it was, or nearest to where it is wanted, also where others are emptier', async (t) => {
  const nodes = line(5)
  const before = new Map(Object.keys(nodes).map((id) => [id, 'h1']))
  const previous = {
    hosts: before,
    hypervisors: new Map(),
    nics: new Map(),
    paths: new Map(),
    pools: new Map(),
    cost: 0,
  }
  t.strictSame(counts(hostsOf(threeHosts(), inLine(nodes), { previous })), [5])
  const london = { location: { name: 'eu/london', latitude: 51.5, longitude: -0.1 } }
  const paris = { location: { name: 'eu/paris', latitude: 48.9, longitude: 2.4 } }
  const graph = substrate([host('h1', london), host('h2', paris), fabric('f')], { 'h1-f': {}, 'f-h2': {} })
  const wanted = Object.fromEntries(
    Object.entries(nodes).map(([id, node]) => [id, { ...node, location: { latitude: 51, longitude: 0 } }]),
  )
  t.strictSame([...new Set(hostsOf(graph, inLine(wanted)).values())], ['h1'])
})

t.test('an even limit has room for the nodes that it was found by, and never more than is free', async (t) => {
  let found = 0
  for (let seed = 1; seed <= 500; seed++) {
    const task = { ...randomTask(randomFrom(seed), { net: 8, nodes: 10, shared: true }), perHost: 10 }
    const capacities = task.room.slice(0, 2).map((room) => room.map((free) => free + (seed % 4)))
    const even = evenLimitOf(task, capacities, new Float64Array(task.net.size))
    if (!even?.start) continue
    found++
    const { room, perHost } = limited(task, even, 0)
    const left = room.map((free) => free.slice())
    for (const [node, at] of even.start.entries())
      for (const [kind, free] of left.entries()) free[at] = (free[at] as number) - (task.nodes[node]?.needs[kind] ?? 0)
    const most = Math.max(...[...Map.groupBy(even.start, (at) => at).values()].map(({ length }) => length))
    if (left.some((free) => free.some((rest) => rest < 0)) || most > perHost) t.fail(`seed ${seed}: it does not fit`)
    if (room.some((free, kind) => free.some((rest, at) => rest > (task.room[kind]?.[at] ?? 0))))
      t.fail(`seed ${seed}: more than is free`)
  }
  t.ok(found > 200, `${found} limits`)
})
