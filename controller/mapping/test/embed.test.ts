import t from 'tap'
import type { SubstrateNode } from '../../../proto/generated/weft.v1.ts'
import { embed } from '../embed.ts'
import type { Embedding, EmbedOptions, SubstrateGraph, Usage } from '../mapping.ts'
import { emptyUsage } from '../problem.ts'
import { fabric, gib, host, request, substrate, threeHosts } from './fixtures.ts'

const mapped = (
  graph: SubstrateGraph,
  asked: Parameters<typeof embed>[2],
  options: EmbedOptions = {},
  usage: Usage = emptyUsage,
): Embedding => {
  const result = embed(graph, usage, asked, options)
  if (result.outcome === 'refused') throw result.error
  return result.embedding
}
const used = (embedding: Embedding): Record<string, number> =>
  Object.fromEntries([...Map.groupBy(embedding.hosts.values(), (id) => id)].map(([id, all]) => [id, all.length]).sort())

const small = { memoryBytes: gib }
const ring = request(
  { a: small, b: small, c: small, d: small, e: small, f: small },
  { 'a-b': {}, 'b-c': {}, 'c-d': {}, 'd-e': {}, 'e-f': {}, 'f-a': {} },
)

t.test('six nodes on three equal hosts are two on each, neighbours together', async (t) => {
  const embedding = mapped(threeHosts(), ring)
  t.strictSame(used(embedding), { h1: 2, h2: 2, h3: 2 })
  const within = [...embedding.paths.values()].filter(({ links }) => links.length === 0)
  t.equal(within.length, 3)
  t.strictSame(
    [...embedding.paths.values()].find(({ links }) => links.length > 0),
    { nodes: ['h1', 'f', 'h2'], links: ['h1-f', 'h2-f'] },
    'a path between two hosts crosses the fabric',
  )
})

t.test('linked nodes are on hosts of their own where there are as many, whatever is between', async (t) => {
  const names = ['h1', 'h2', 'h3', 'h4', 'h5', 'h6']
  const three = request({ a: small, b: small, c: small }, { 'a-b': {}, 'b-c': {}, 'c-a': {} })
  const star = (centre: SubstrateNode) =>
    substrate([...names.map((id) => host(id)), centre], Object.fromEntries(names.map((id) => [`${id}-m`, {}])))
  const relay = host('m', { datapaths: ['click/vxlan'], hypervisors: [] })
  for (const centre of [fabric('m'), relay])
    t.equal(new Set(mapped(star(centre), three).hosts.values()).size, 3, centre.kind)
})

t.test('hosts get equally full, what they carry already included', async (t) => {
  const usage: Usage = { ...emptyUsage, memoryBytes: new Map([['h1', 4 * gib]]) }
  t.strictSame(used(mapped(threeHosts(), ring, {}, usage)), { h2: 3, h3: 3 })
})

t.test('forty containers without a guarantee fit on three hosts of two CPUs', async (t) => {
  const nodes = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`n${i}`, { memoryBytes: gib / 16 }]))
  const links = Object.fromEntries(Array.from({ length: 39 }, (_, i) => [`n${i}-n${i + 1}`, {}]))
  const embedding = mapped(threeHosts({ cpuMillis: 2000 }), request(nodes, links))
  t.strictSame(Object.values(used(embedding)).sort(), [13, 13, 14])
  t.equal(embedding.cost, 40 * 50)
})

t.test('a guarantee is reserved wholly, a node without one by its count of CPUs', async (t) => {
  const graph = substrate([host('h1', { cpuMillis: 1000 })], {})
  t.equal(mapped(graph, request({ a: { cpu: { quotaMillis: 900 } }, b: { cpu: { count: 2 } } })).cost, 1000)
  t.equal(
    embed(graph, emptyUsage, request({ a: { cpu: { quotaMillis: 901 } }, b: { cpu: { count: 2 } } })).outcome,
    'refused',
  )
})

t.test('a host on the way relays, unless it is excluded or has no tunnels', async (t) => {
  const line = substrate([host('h1'), host('h2'), host('h3')], { 'h1-h2': {}, 'h2-h3': {} })
  const fixed = new Map([
    ['a', 'h1'],
    ['b', 'h3'],
  ])
  const asked = request({ a: {}, b: {} }, { 'a-b': { rateAToBBitsPerSecond: 1e6 } })
  const { paths, cost } = mapped(line, asked, { fixed })
  t.strictSame(paths.get('a-b'), { nodes: ['h1', 'h2', 'h3'], links: ['h1-h2', 'h2-h3'] })
  t.equal(cost, 100 + 2 * 1000, 'CPU in thousandths, and kbit/s for each hop')
  t.equal(embed(line, emptyUsage, asked, { fixed, excluded: new Set(['h2']) }).outcome, 'refused')
  const plain = substrate([host('h1'), host('h2', { datapaths: [] }), host('h3')], { 'h1-h2': {}, 'h2-h3': {} })
  t.equal(embed(plain, emptyUsage, asked, { fixed }).outcome, 'refused')
})

t.test('a path has the fewest links that keep the delay', async (t) => {
  const graph = substrate([host('h1'), host('h2'), fabric('f')], {
    'h1-h2': { delay: 9000 },
    'h1-f': { delay: 1000 },
    'f-h2': { delay: 1000 },
  })
  const fixed = new Map([
    ['a', 'h1'],
    ['b', 'h2'],
  ])
  const path = (delayMicroseconds: number) =>
    mapped(graph, request({ a: {}, b: {} }, { 'a-b': { delayMicroseconds } }), { fixed }).paths.get('a-b')?.nodes
  t.strictSame(path(0), ['h1', 'h2'])
  t.strictSame(path(9000), ['h1', 'h2'])
  t.strictSame(path(8999), ['h1', 'f', 'h2'])
})

t.test('each direction of a link has its own capacity', async (t) => {
  const graph = substrate([host('h1'), host('h2')], { 'h1-h2': { rate: 1e7 } })
  const fixed = new Map([
    ['a', 'h1'],
    ['b', 'h2'],
  ])
  const links = { 'a-b': { rateAToBBitsPerSecond: 1e7 }, 'b-a': { rateAToBBitsPerSecond: 1e7 } }
  t.equal(embed(graph, emptyUsage, request({ a: {}, b: {} }, links), { fixed }).outcome, 'mapped')
  const usage: Usage = { ...emptyUsage, rateBitsPerSecond: new Map([['h1-h2/ba', 1]]) }
  t.match(embed(graph, usage, request({ a: {}, b: {} }, links), { fixed }), {
    outcome: 'refused',
    error: { code: 'admission.not-now', object: 'link/b-a' },
  })
})

t.test('a link gives way to one that has no other path', async (t) => {
  // The link that asks for more in all is routed first, and would take the direct way by itself.
  const graph = substrate([host('h1'), host('h2'), fabric('f')], {
    'h1-h2': { rate: 3e6 },
    'h1-f': { rate: 2e6 },
    'f-h2': { rate: 2e6 },
  })
  const fixed = new Map([
    ['a', 'h1'],
    ['b', 'h2'],
  ])
  const asked = request(
    { a: {}, b: {} },
    { 'a-b': { rateAToBBitsPerSecond: 2e6, rateBToABitsPerSecond: 2e6 }, 'b-a': { rateAToBBitsPerSecond: 3e6 } },
  )
  const { paths } = mapped(graph, asked, { fixed })
  t.strictSame(
    [paths.get('a-b')?.nodes, paths.get('b-a')?.nodes],
    [
      ['h1', 'f', 'h2'],
      ['h2', 'h1'],
    ],
  )
})

t.test('of right places the nearest is taken', async (t) => {
  const at = (name: string, latitude: number, longitude: number) => ({ location: { name, latitude, longitude } })
  const graph = substrate(
    [host('h1', at('us/denver', 39.7, -105)), host('h2', at('eu/london', 51.5, -0.1)), host('h3')],
    {},
  )
  const placed = (location: object) => mapped(graph, request({ a: { location } })).hosts.get('a')
  t.equal(placed({ latitude: 48.9, longitude: 2.4 }), 'h2')
  t.equal(placed({ name: 'Los Angeles', latitude: 34, longitude: -118.2 }), 'h1', 'the coordinates decide')
  t.equal(placed({ name: 'eu' }), 'h2')
  t.equal(placed({ name: 'eu/london' }), 'h2')
  t.equal(embed(graph, emptyUsage, request({ a: { location: { name: 'eu/lon' } } })).outcome, 'refused')
})

t.test('"any" becomes the lightest hypervisor that the host has', async (t) => {
  const chosen = (...hypervisors: string[]) =>
    mapped(substrate([host('h1', { hypervisors })], {}), request({ a: { hypervisor: 'any' } })).hypervisors.get('a')
  t.equal(chosen('qemu', 'lxc', 'kvm'), 'lxc')
  t.equal(chosen('qemu', 'xen', 'fake'), 'xen')
  t.equal(chosen('fake'), 'fake')
})

t.test('dedicated interfaces are given once, shared ones to several', async (t) => {
  const graph = substrate([host('h1', { nics: ['eth8', 'eth9'], sharedNics: ['eth7'] })], {})
  const physical = (...kinds: string[]) => ({ interfaces: kinds.map((one, index) => ({ index, physical: one })) })
  const { nics } = mapped(graph, request({ a: physical('dedicated', 'shared'), b: physical('shared', 'dedicated') }))
  t.strictSame(Object.fromEntries(nics), { 'a.0': 'eth8', 'a.1': 'eth7', 'b.0': 'eth7', 'b.1': 'eth9' })
  const usage: Usage = { ...emptyUsage, nics: new Set(['h1/eth8']) }
  t.strictSame(Object.fromEntries(mapped(graph, request({ a: physical('dedicated') }), {}, usage).nics), {
    'a.0': 'eth9',
  })
})

t.test('a change leaves in place what it does not concern', async (t) => {
  const graph = substrate(
    [
      host('h1', { nics: ['eth8', 'eth9'], hypervisors: ['lxc', 'qemu'] }),
      host('h2'),
      host('h3'),
      fabric('f'),
      fabric('g'),
    ],
    { 'h1-f': {}, 'f-h2': {}, 'h1-g': {}, 'g-h2': {}, 'h3-f': {} },
  )
  const a = { interfaces: [{ index: 0, physical: 'dedicated' }] }
  const before: Embedding = {
    hosts: new Map([
      ['a', 'h1'],
      ['b', 'h2'],
    ]),
    hypervisors: new Map([
      ['a', 'qemu'],
      ['b', 'lxc'],
    ]),
    nics: new Map([['a.0', 'eth9']]),
    paths: new Map([['a-b', { nodes: ['h1', 'g', 'h2'], links: ['h1-g', 'g-h2'] }]]),
    pools: new Map(),
    cost: 0,
  }
  const asked = request({ a, b: {}, c: {} }, { 'a-b': {}, 'b-c': {} })
  const after = mapped(graph, asked, { fixed: before.hosts, previous: before })
  t.strictSame(after.paths.get('a-b'), before.paths.get('a-b'))
  t.equal(after.hypervisors.get('a'), 'qemu')
  t.equal(after.nics.get('a.0'), 'eth9')
  t.equal(after.hosts.get('c'), 'h3', 'what is new goes where most is free')
  t.equal(
    mapped(graph, request({ b: {} }), { previous: before }).hosts.get('b'),
    'h2',
    'and is where it was, if it may be',
  )

  const narrow = mapped(graph, request({ a, b: {} }, { 'a-b': { rateAToBBitsPerSecond: 1e6 } }), {
    fixed: before.hosts,
    previous: before,
  })
  t.strictSame(narrow.paths.get('a-b'), before.paths.get('a-b'), 'a path that still holds')
  const full: Usage = { ...emptyUsage, rateBitsPerSecond: new Map([['h1-g/ab', 1e9]]) }
  const moved = mapped(
    graph,
    request({ a, b: {} }, { 'a-b': { rateAToBBitsPerSecond: 1e6 } }),
    { fixed: before.hosts, previous: before },
    full,
  )
  t.strictSame(moved.paths.get('a-b')?.nodes, ['h1', 'f', 'h2'], 'a path that holds no more')
})

t.test('a node that stays on a drained host may stay there', async (t) => {
  const options = { fixed: new Map([['a', 'h1']]), excluded: new Set(['h1']) }
  const { hosts, paths } = mapped(threeHosts(), request({ a: {}, b: {} }, { 'a-b': {} }), options)
  t.equal(hosts.get('a'), 'h1')
  t.not(hosts.get('b'), 'h1')
  t.equal(paths.get('a-b')?.nodes[0], 'h1')
})

t.test('a request of nothing is mapped to nothing', async (t) => {
  t.equal(mapped(threeHosts(), request({})).hosts.size, 0)
})

t.test('a link to a node that is not there is no request', async (t) => {
  t.throws(() => embed(threeHosts(), emptyUsage, request({ a: {} }, { 'a-b': {} })), { code: 'request.invalid' })
})

t.test('a search that has no time left refuses, and says that it did not try everything', async (t) => {
  // Three fit on a host, no two are equal, and there is one more than that.
  const nodes = Object.fromEntries(
    Array.from({ length: 31 }, (_, i) => [`n${i}`, { memoryBytes: 2.1 * gib + i * 2 ** 20 }]),
  )
  const hosts = Array.from({ length: 10 }, (_, i) => host(`h${i}`))
  t.match(embed(substrate(hosts, {}), emptyUsage, request(nodes), { budgetMs: 0 }), {
    outcome: 'refused',
    error: { code: 'admission.never-fits', message: /not every one was tried/ },
  })
})

t.test('a hundred nodes on a substrate of a hundred take far less than a second', async (t) => {
  const hosts = Array.from({ length: 80 }, (_, i) => host(`h${i}`))
  const fabrics = Array.from({ length: 20 }, (_, i) => fabric(`f${i}`))
  const wires = Object.fromEntries([
    ...hosts.flatMap((_, i) => [[`h${i}-f${i % 20}`, {}] as const, [`f${(i * 7 + 3) % 20}-h${i}`, {}] as const]),
    ...fabrics.map((_, i) => [`f${i}-f${(i + 1) % 20}`, { delay: 500 }] as const),
  ])
  const nodes = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`n${i}`, small]))
  const links = Object.fromEntries(
    Array.from({ length: 100 }, (_, i) => [`n${i}-n${(i * 3 + 1) % 100}`, { rateAToBBitsPerSecond: 1e7 }]).filter(
      ([id]) => new Set(String(id).split('-')).size === 2,
    ),
  )
  const begin = performance.now()
  mapped(substrate([...hosts, ...fabrics], wires), request(nodes, links))
  const took = performance.now() - begin
  t.comment(`${Math.round(took)} ms`)
  t.ok(took < 5_000, 'with room for a loaded machine')
})

t.test('a node is pinned to CPUs that its host has; a host whose CPUs are not known may have them', async (t) => {
  const pinned = request({ r1: { cpu: { pins: '3' } } })
  t.strictSame(
    [...mapped(substrate([host('h1', { cpus: 3 }), host('h2', { cpus: 4 })], {}), pinned).hosts.values()],
    ['h2'],
  )
  t.strictSame([...mapped(substrate([host('h1')], {}), pinned).hosts.values()], ['h1'])
})
