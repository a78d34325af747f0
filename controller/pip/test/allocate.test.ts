import t from 'tap'
import type { Init } from '../../../proto/codec.ts'
import type { VNetRequest } from '../../../proto/generated/weft.v1.ts'
import { embed } from '../../mapping/embed.ts'
import { emptyUsage } from '../../mapping/problem.ts'
import { fabric, host, request, substrate } from '../../mapping/test/fixtures.ts'
import { type Allocation, allocate, type Taken } from '../allocate.ts'
import { takenOf } from './taken-of.ts'

const graph = substrate([host('h1'), host('h2'), host('h3'), fabric('f')], { 'h1-h2': {}, 'h2-f': {}, 'f-h3': {} })
const nothing: Taken = { macs: new Set(), claims: new Set() }
const places = new Map([
  ['a', 'h1'],
  ['b', 'h2'],
  ['c', 'h3'],
  ['d', 'h3'],
])

const allocated = (
  asked: VNetRequest,
  options: { taken?: Taken; previous?: Allocation; vnet?: string; fixed?: ReadonlyMap<string, string> } = {},
): Allocation => {
  const { taken = nothing, previous, vnet = 'alice.net', fixed = places } = options
  const ids = new Set(asked.nodes.map(({ id }) => id))
  const result = embed(graph, emptyUsage, asked, { fixed: new Map([...fixed].filter(([id]) => ids.has(id))) })
  if (result.outcome === 'refused') throw result.error
  return allocate({ vnet, request: asked, embedding: result.embedding, substrate: graph, taken, previous })
}
const net = (links: Parameters<typeof request>[1], changes: Init<VNetRequest> = { prefix: '10.1.0.0/24' }) =>
  request({ a: {}, b: {}, c: {}, d: {} }, links, changes)
const addressesOf = ({ request: { nodes } }: Allocation) =>
  Object.fromEntries(
    nodes.flatMap(({ id, interfaces }) => interfaces.map((one) => [`${id}.${one.index}`, one.addresses.join()])),
  )
const macsOf = ({ request: { nodes } }: Allocation) =>
  nodes.flatMap(({ interfaces }) => interfaces.map(({ mac }) => mac))

t.test('links without addresses get a /30 each, end a the lower address', async (t) => {
  t.strictSame(addressesOf(allocated(net({ 'a-b': {}, 'b-c': {}, 'c-d': {} }))), {
    'a.0': '10.1.0.1/30',
    'b.0': '10.1.0.2/30',
    'b.1': '10.1.0.5/30',
    'c.0': '10.1.0.6/30',
    'c.1': '10.1.0.9/30',
    'd.0': '10.1.0.10/30',
  })
})

t.test('what the request uses itself is left out', async (t) => {
  const asked = request(
    {
      a: { interfaces: [{ index: 0, addresses: ['10.1.0.1/29'] }] },
      b: { interfaces: [{ index: 0, addresses: ['10.1.0.2/29'] }] },
    },
    {
      own: { a: { node: 'a', interface: 0 }, b: { node: 'b', interface: 0 } },
      'a-b': {},
    },
    { prefix: '10.1.0.0/28' },
  )
  t.strictSame(addressesOf(allocated(asked)), {
    'a.0': '10.1.0.1/29',
    'a.1': '10.1.0.9/30',
    'b.0': '10.1.0.2/29',
    'b.1': '10.1.0.10/30',
  })
})

t.test('without a prefix interfaces stay without addresses, and one that is too small says so', async (t) => {
  t.strictSame(Object.values(addressesOf(allocated(net({ 'a-b': {} }, {})))), ['', ''])
  t.throws(() => allocated(net({ 'a-b': {}, 'b-c': {} }, { prefix: '10.1.0.0/30' })), {
    code: 'request.invalid',
    object: 'link/b-c',
  })
})

t.test('interfaces get locally administered addresses, the same each time, none twice', async (t) => {
  const one = allocated(net({ 'a-b': {}, 'b-c': {}, 'c-d': {} }))
  t.strictSame(macsOf(allocated(net({ 'a-b': {}, 'b-c': {}, 'c-d': {} }))), macsOf(one))
  t.equal(new Set(macsOf(one)).size, 6)
  for (const mac of macsOf(one)) t.match(mac, /^02(:[0-9a-f]{2}){5}$/)
  const beside = allocated(net({ 'a-b': {}, 'b-c': {}, 'c-d': {} }), { taken: takenOf(graph, [one]) })
  t.strictSame(
    macsOf(beside).filter((mac) => macsOf(one).includes(mac)),
    [],
  )
})

t.test('a MAC that was asked for is kept, and not given to another', async (t) => {
  const [given = ''] = macsOf(allocated(net({ 'a-b': {} })))
  const asked = request(
    { a: {}, b: { interfaces: [{ index: 0 }, { index: 1, mac: given.toUpperCase() }] } },
    { 'a-b': {} },
  )
  const macs = macsOf(allocated(asked))
  t.ok(macs.includes(given))
  t.equal(new Set(macs).size, 4)
})

t.test('every tunnel between two hosts of a path has an identifier of its own', async (t) => {
  const one = allocated(net({ 'a-c': {}, 'c-d': {}, 'b-a': {} }))
  t.strictSame(
    one.segments.map(({ link, from, to, identifier }) => [link, from, to, identifier]),
    [
      ['a-c', 'h1', 'h2', 4096],
      ['a-c', 'h2', 'h3', 4097],
      ['b-a', 'h2', 'h1', 4098],
    ],
    'and a link within a host has none',
  )
  const other = allocated(net({ 'a-b': {} }), { taken: takenOf(graph, [one]) })
  t.strictSame(
    other.segments.map(({ identifier }) => identifier),
    [4099],
  )
  const released = allocated(net({ 'a-b': {} }), { taken: takenOf(graph, [other]) })
  t.equal(released.segments[0]?.identifier, 4096, 'what a deleted VNet had is free')
})

t.test('a change keeps what was given to objects that stay', async (t) => {
  const before = allocated(net({ 'a-b': {}, 'b-c': {} }))
  const without = request({ b: {}, c: {} }, {}, { prefix: '10.1.0.0/24' })
  const asked = {
    ...net({ 'b-c': {}, 'd-c': {} }),
    // As in the first version: the link b-c ends at the second interface of b.
    links: [...before.request.links.slice(1), ...request({ c: {}, d: {} }, { 'd-c': {} }).links].map((link) => ({
      ...link,
      b: link.id === 'd-c' ? { node: 'c', interface: 1 } : link.b,
    })),
  }
  const after = allocated(asked, { previous: before })
  t.match(addressesOf(after), {
    'b.1': '10.1.0.5/30',
    'c.0': '10.1.0.6/30',
    'd.0': '10.1.0.1/30',
    'c.1': '10.1.0.2/30',
  })
  const mac = (of: Allocation, node: string, index: number) =>
    of.request.nodes.find(({ id }) => id === node)?.interfaces.find((one) => one.index === index)?.mac
  t.equal(mac(after, 'c', 0), mac(before, 'c', 0))
  t.equal(after.segments.find(({ link }) => link === 'b-c')?.identifier, 4097)
  t.equal(after.segments.find(({ link }) => link === 'd-c')?.identifier, undefined, 'it is within h3')
  t.equal(allocated(without, { previous: before }).segments.length, 0)

  const elsewhere = allocated(
    { ...before.request, prefix: '10.9.0.0/24', nodes: net({ 'a-b': {}, 'b-c': {} }).nodes },
    {
      previous: before,
    },
  )
  t.match(
    addressesOf(elsewhere),
    { 'a.0': '10.9.0.1/30', 'b.1': '10.9.0.5/30' },
    'another prefix gives other addresses',
  )
})

t.test('a link that moves keeps the identifier only between hosts that stay', async (t) => {
  const before = allocated(net({ 'a-c': {} }))
  const moved = allocated(net({ 'a-c': {} }), {
    previous: before,
    fixed: new Map([
      ['a', 'h3'],
      ['c', 'h2'],
    ]),
  })
  t.strictSame(
    moved.segments.map(({ from, to, identifier }) => [from, to, identifier]),
    [['h3', 'h2', 4097]],
    'the tunnel between h2 and h3, the other way round',
  )
})

t.test('a new link gets no identifier of a link that goes: hosts may still have its tunnel', async (t) => {
  const before = allocated(net({ 'a-b': {} }))
  const after = allocated(net({ 'b-a': {} }), { previous: before })
  t.strictSame(
    [...before.segments, ...after.segments].map(({ link, identifier }) => [link, identifier]),
    [
      ['a-b', 4096],
      ['b-a', 4097],
    ],
  )
})
