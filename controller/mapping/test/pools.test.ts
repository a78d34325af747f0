import t from 'tap'
import { create, type Init } from '../../../proto/codec.ts'
import type { Node, PoolShape } from '../../../proto/generated/weft.v1.ts'
import { embed } from '../embed.ts'
import type { Embedding, SubstrateGraph, Usage } from '../mapping.ts'
import { chooseShapes, ofMake, serves } from '../pools.ts'
import { emptyUsage } from '../problem.ts'
import { optionsBy } from '../standing.ts'
import { gib, host, request, substrate } from './fixtures.ts'

const small: Init<PoolShape> = { name: 'small', hypervisor: 'lxc', cpu: { count: 1 }, memoryBytes: gib / 4, nodes: 2 }
const large: Init<PoolShape> = { name: 'large', hypervisor: 'lxc', cpu: { count: 2 }, memoryBytes: gib, nodes: 1 }

/** All of h1's memory is the pools' and others'. */
const graph: SubstrateGraph = substrate([host('h1', { pools: [small, large], memoryBytes: gib }), host('h2')], {})
const full: Usage = { ...emptyUsage, memoryBytes: new Map([['h1', gib]]) }
const pooled: Init<Node> = { allocation: 'preallocated', memoryBytes: 0 }

const asked = (count: number, changes: Init<Node> = {}) =>
  request(Object.fromEntries(Array.from({ length: count }, (_, i) => [`r${i + 1}`, { ...pooled, ...changes }])))

const mapped = (...[nodes, usage]: [ReturnType<typeof request>, Usage]): Embedding => {
  const result = embed(graph, usage, nodes)
  if (result.outcome === 'refused') throw result.error
  return result.embedding
}

const refused = (nodes: ReturnType<typeof request>, usage: Usage, of = graph) => {
  const result = embed(of, usage, nodes)
  if (result.outcome === 'mapped') throw new Error('it was mapped')
  const { code, object, message, hint } = result.error
  return { code, object, message, hint }
}

t.test('a make serves what asks for the same, or leaves it open', async (t) => {
  const make = create('PoolShape', { ...large, image: 'host', cpu: { count: 2, quotaMillis: 500 } })
  const served: readonly Init<Node>[] = [
    {},
    { hypervisor: 'any' },
    { hypervisor: 'lxc', image: 'host', memoryBytes: gib },
    { cpu: { count: 2 } },
    { cpu: { quotaMillis: 500 } },
  ]
  const others: readonly Init<Node>[] = [
    { hypervisor: 'qemu' },
    { image: 'debian-12' },
    { memoryBytes: gib / 2 },
    { diskBytes: gib },
    { cpu: { count: 1 } },
    { cpu: { count: 2, shares: 512 } },
    { cpu: { quotaMillis: 400 } },
    { cpu: { pins: '0-1' } },
    { cpu: { pins: '0-1' } },
  ]
  for (const node of served) t.ok(serves(make, create('Node', node)), JSON.stringify(node))
  for (const node of others) t.notOk(serves(make, create('Node', node)), JSON.stringify(node))
  t.match(ofMake(create('Node', { id: 'r1', image: '' }), make), { id: 'r1', image: 'host', memoryBytes: gib })
})

t.test('a pooled node takes an idle one, whose room is taken already', async (t) => {
  const embedding = mapped(asked(3), full)
  t.strictSame([...embedding.hosts.values()], ['h1', 'h1', 'h1'])
  t.strictSame([...embedding.pools.values()].sort(), ['large', 'small', 'small'])
  t.strictSame([...new Set(embedding.hypervisors.values())], ['lxc'])
  t.equal(embedding.cost, 50 + 50 + 100, 'it costs what the shapes take')
})

t.test('of makes that serve alike it takes what has the interfaces that it wants', async (t) => {
  const two = { ...small, name: 'two', interfaces: 2 }
  const four = { ...small, name: 'four', interfaces: 4 }
  const shapesFor = (counts: readonly number[], usage: Usage = emptyUsage): readonly string[] => {
    const nodes = counts.map((count, index) =>
      create('Node', {
        id: `r${index}`,
        allocation: 'preallocated',
        interfaces: Array.from({ length: count }, (_, interfaceIndex) => ({ index: interfaceIndex })),
      }),
    )
    const shapes = chooseShapes(substrate([host('h1', { pools: [two, four] })], {}).nodes, usage, nodes)
    return nodes.map(({ id }) => shapes.get(id) ?? '')
  }
  t.strictSame(shapesFor([1, 2, 3]), ['two', 'two', 'four'])
  t.strictSame(shapesFor([4, 4]), ['four', 'four'])
  t.strictSame(shapesFor([5]), ['four'], 'what is missing is plugged in')
  t.strictSame(shapesFor([1, 1, 1]), ['two', 'two', 'four'], 'too many rather than none')
  t.strictSame(shapesFor([2, 2, 4]), ['two', 'two', 'four'])
  t.strictSame(shapesFor([2, 3, 4], { ...emptyUsage, pools: new Map([['h1/four', 1]]) }), ['two', 'two', 'four'])
})

t.test('it never fits where no pool has such, and the pools are told', async (t) => {
  t.match(refused(asked(1, { memoryBytes: gib / 2 }), full), {
    code: 'admission.never-fits',
    object: 'node/r1',
    message: 'node r1 is to be taken from a pool, and none has what it asks for',
    hint: 'what pools have: small (lxc, 256 MiB), large (lxc, 1 GiB); or allocation on-demand',
  })
  t.match(refused(asked(1), full, substrate([host('h1')], {})), {
    code: 'admission.never-fits',
    hint: 'allocation on-demand: the provider has no pools',
  })
  t.match(refused(asked(4), emptyUsage), { code: 'admission.never-fits' }, 'more than all pools ever keep')
})

t.test('one that was taken stays as it is, whatever is idle or free', async (t) => {
  const nothing: Usage = {
    ...full,
    cpuMillis: new Map([['h1', 4000]]),
    pools: new Map([
      ['h1/small', 2],
      ['h1/large', 1],
    ]),
  }
  const part = asked(1)
  const before = mapped(part, full)
  const standing = optionsBy({ part, embedding: before }, part)
  t.strictSame(embed(graph, nothing, part, standing), { outcome: 'mapped', embedding: before })
  const grown = embed(graph, nothing, asked(2), standing)
  t.match(grown, { outcome: 'refused', error: { code: 'admission.not-now', object: 'node/r2' } })
  const remade = asked(1, { memoryBytes: gib / 4 })
  t.equal(embed(graph, nothing, remade, optionsBy({ part, embedding: before }, remade)).outcome, 'refused')
})

t.test('it does not fit now where none is idle', async (t) => {
  const taken = (small: number): Usage => ({ ...full, pools: new Map([['h1/small', small]]) })
  const two = { memoryBytes: gib / 4 }
  t.match(refused(asked(1, two), taken(2)), {
    code: 'admission.not-now',
    object: 'node/r1',
    message: /needs an idle node of the pool small; none of h1/,
    hint: /wait until the pool is filled again/,
  })
  t.equal(mapped(asked(1, two), taken(1)).pools.get('r1'), 'small')
})
