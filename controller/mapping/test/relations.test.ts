import t from 'tap'
import type { Init } from '../../../proto/codec.ts'
import type { VNetRequest } from '../../../proto/generated/weft.v1.ts'
import { embed } from '../embed.ts'
import type { EmbedOptions } from '../mapping.ts'
import { emptyUsage } from '../problem.ts'
import { fabric, gib, host, request, substrate, threeHosts } from './fixtures.ts'

const four = { a: {}, b: {}, c: {}, d: {} }
const ring = { 'a-b': {}, 'b-c': {}, 'c-d': {}, 'd-a': {} }

const placed = (
  changes: Init<VNetRequest>,
  nodes: Parameters<typeof request>[0] = four,
  options: EmbedOptions = {},
) => {
  const result = embed(threeHosts(), emptyUsage, request(nodes, nodes === four ? ring : {}, changes), options)
  return result.outcome === 'mapped'
    ? Object.fromEntries(result.embedding.hosts)
    : { code: result.error.code, message: result.error.message, hint: result.error.hint }
}
const hostsUsed = (changes: Init<VNetRequest>, nodes?: Parameters<typeof request>[0]): number =>
  new Set(Object.values(placed(changes, nodes))).size

t.test('nodes are spread over different hosts where there are as many, else evenly', async (t) => {
  t.equal(hostsUsed({}, { a: {}, b: {}, c: {} }), 3)
  t.equal(hostsUsed({ placement: 'spread' }), 3)
})

t.test('packed nodes are on one host where they fit', async (t) => {
  t.equal(hostsUsed({ placement: 'packed' }), 1)
  const large = Object.fromEntries(Object.keys(four).map((id) => [id, { memoryBytes: 4 * gib }]))
  const result = embed(threeHosts(), emptyUsage, request(large, ring, { placement: 'packed' }))
  t.equal(result.outcome, 'mapped')
  if (result.outcome === 'mapped') {
    t.equal(new Set(result.embedding.hosts.values()).size, 2)
    t.equal([...result.embedding.paths.values()].filter(({ links }) => links.length > 0).length, 2)
  }
})

t.test('hosts that have to be different are, or the request is refused for it', async (t) => {
  t.equal(hostsUsed({ placement: 'distinct' }, { a: {}, b: {}, c: {} }), 3)
  t.match(placed({ placement: 'distinct' }), {
    code: 'admission.never-fits',
    message: /the 4 nodes need a host of their own each/,
    hint: /spread/,
  })
  t.match(placed({ placement: 'distinct' }, { a: {}, b: {}, c: {} }, { excluded: new Set(['h2']) }), {
    code: 'admission.not-now',
    message: /away or drained/,
  })
})

t.test('nodes that have to be together are, whatever the placement', async (t) => {
  for (const placement of ['spread', 'distinct', 'packed']) {
    const hosts = placed({ placement, affinity: [{ kind: 'together', nodes: ['a', 'c'] }] }) as Record<string, string>
    t.equal(hosts['a'], hosts['c'], placement)
  }
  const large = { memoryBytes: 5 * gib }
  t.match(placed({ affinity: [{ kind: 'together', nodes: ['a', 'c'] }] }, { ...four, a: large, c: large }), {
    code: 'admission.never-fits',
    message: /memory/,
  })
  const elsewhere = { hypervisor: 'xen' }
  const graph = substrate([host('h1'), host('h2', { hypervisors: ['xen'] }), fabric('f')], { 'h1-f': {}, 'f-h2': {} })
  const asked = request(
    { a: { hypervisor: 'lxc' }, c: elsewhere },
    {},
    {
      affinity: [{ kind: 'together', nodes: ['a', 'c'] }],
    },
  )
  const result = embed(graph, emptyUsage, asked)
  t.match(result, { outcome: 'refused', error: { code: 'admission.never-fits', message: /hypervisor/ } })
})

t.test('nodes that have to be apart are, also where others share hosts', async (t) => {
  const hosts = placed({
    placement: 'packed',
    affinity: [{ kind: 'apart', nodes: ['a', 'b', 'c'] }],
  }) as Record<string, string>
  t.equal(new Set([hosts['a'], hosts['b'], hosts['c']]).size, 3)
  t.match(placed({ affinity: [{ kind: 'apart', nodes: ['a', 'b', 'c', 'd'] }] }), {
    code: 'admission.never-fits',
    message: /a, b, c, d have to be on different hosts/,
  })
})
