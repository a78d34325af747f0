import t from 'tap'
import { create, type Init } from '../../../proto/codec.ts'
import type { Phase, Reported } from '../../../proto/generated/weft.v1.ts'
import { embed } from '../../mapping/embed.ts'
import { emptyUsage } from '../../mapping/problem.ts'
import { host, request, substrate } from '../../mapping/test/fixtures.ts'
import { allocate } from '../allocate.ts'
import { type MergeInput, mergeReports } from '../merge.ts'
import { takenOf } from './taken-of.ts'

/** a on h1, b and c on h3, the link a-b relayed by h2, b-c within h3. */
const graph = substrate([host('h1'), host('h2'), host('h3', { nics: ['eth8'] })], { 'h1-h2': {}, 'h2-h3': {} })
const asked = request(
  { a: {}, b: { interfaces: [{ index: 0, physical: 'dedicated' }] }, c: {} },
  { 'a-b': {}, 'b-c': {} },
)
const fixed = new Map([
  ['a', 'h1'],
  ['b', 'h3'],
  ['c', 'h3'],
])
const mapped = embed(graph, emptyUsage, asked, { fixed })
if (mapped.outcome === 'refused') throw mapped.error
const { embedding } = mapped
const allocation = allocate({ vnet: 'v', request: asked, embedding, substrate: graph, taken: takenOf(graph, []) })

const ready = 'OBJECT_STATE_READY' as const
const base: Record<string, Init<Reported>> = {
  h1: {
    nodes: [{ id: 'a', state: ready, hypervisor: 'lxc', domain: 'weft-1', vifs: [{ index: 0, name: 'vif1.0' }] }],
    links: [{ id: 'a-b', state: ready, mtu: 1450 }],
  },
  h2: { links: [{ id: 'a-b', state: ready, mtu: 1450 }] },
  h3: {
    nodes: [
      { id: 'b', state: ready },
      { id: 'c', state: ready },
    ],
    links: [
      { id: 'a-b', state: ready, mtu: 1450 },
      { id: 'b-c', state: ready, mtu: 1500 },
      { id: 'b.0@eth8', state: ready, mtu: 1500 },
    ],
  },
}
const reportsOf = (changes: Record<string, Init<Reported> | undefined> = {}): Map<string, Reported> =>
  new Map(
    Object.entries(base).flatMap(([id, report]) =>
      id in changes && changes[id] === undefined
        ? []
        : [
            [
              id,
              create('Reported', {
                vnet: 'v',
                generation: 3,
                epoch: 2,
                phase: 'PHASE_READY',
                ...report,
                ...changes[id],
              }),
            ] as const,
          ],
    ),
  )
const merged = (changes: Record<string, Init<Reported> | undefined> = {}, input: Partial<MergeInput> = {}) =>
  mergeReports({
    embedding,
    allocation,
    provider: 'pip1',
    reports: reportsOf(changes),
    expectedGeneration: 3,
    expectedEpoch: 2,
    ...input,
  })
const states = ({ nodes, links }: ReturnType<typeof merged>) =>
  Object.fromEntries([...nodes, ...links].map(({ id, state }) => [id, state.replace('OBJECT_STATE_', '')]))

t.test('a VNet is ready once every host is, relays too', async (t) => {
  const all = merged()
  t.equal(all.phase, 'PHASE_READY')
  t.equal(all.error, undefined)
  t.strictSame(states(all), { a: 'READY', b: 'READY', c: 'READY', 'a-b': 'READY', 'b-c': 'READY' })
  t.match(all.nodes[0], {
    provider: 'pip1',
    host: 'h1',
    hypervisor: 'lxc',
    domain: 'weft-1',
    vifs: [{ name: 'vif1.0' }],
  })
  t.match(all.links[0], { technology: 'vxlan', mtu: 1450, path: ['h1', 'h2', 'h3'] })
  t.match(all.links[1], { technology: '', mtu: 1500, path: ['h3'] })
})

t.test('how a node ended, how often it came back and when it is tried again is passed on', async (t) => {
  const told = {
    restarts: 3,
    lastEnd: { how: 'crashed', reason: 'its process 1 was killed', unixMs: 5 },
    nextTryUnixMs: 9,
  }
  const { nodes } = merged({ h1: { nodes: [{ id: 'a', state: 'OBJECT_STATE_FAILED', ...told }] } })
  t.match(
    nodes.find(({ id }) => id === 'a'),
    told,
  )
  t.match(
    nodes.find(({ id }) => id === 'b'),
    { restarts: 0, lastEnd: undefined, nextTryUnixMs: 0 },
  )
})

t.test('a host that has not answered yet leaves it building', async (t) => {
  const missing = merged({ h2: undefined })
  t.equal(missing.phase, 'PHASE_BUILDING')
  t.strictSame(states(missing), { a: 'READY', b: 'READY', c: 'READY', 'a-b': 'PENDING', 'b-c': 'READY' })
  const none = mergeReports({
    embedding,
    allocation,
    provider: 'pip1',
    reports: new Map(),
    expectedGeneration: 1,
    expectedEpoch: 1,
  })
  t.equal(none.phase, 'PHASE_BUILDING')
  t.strictSame(Object.values(states(none)), Array(5).fill('PENDING'))
})

t.test('a report of an older generation or epoch does not count as ready', async (t) => {
  for (const old of [{ generation: 2 }, { epoch: 1 }]) {
    const result = merged({ h3: old })
    t.equal(result.phase, 'PHASE_BUILDING')
    t.strictSame(states(result), { a: 'READY', b: 'BUILDING', c: 'BUILDING', 'a-b': 'BUILDING', 'b-c': 'BUILDING' })
    t.equal(result.nodes[1]?.host, 'h3')
  }
  const failed = merged({ h3: { generation: 2, phase: 'PHASE_DEGRADED', error: { code: 'internal', message: 'old' } } })
  t.equal(failed.phase, 'PHASE_BUILDING', 'nor an older failure as one of now')
  t.equal(failed.error, undefined)
})

t.test('a failure of one host degrades it, and the error names host and object', async (t) => {
  const error = { code: 'datapath.failed', message: 'no buffer space', object: 'link/a-b' }
  const result = merged({
    h2: { phase: 'PHASE_DEGRADED', links: [{ id: 'a-b', state: 'OBJECT_STATE_FAILED', error }] },
    h3: { phase: 'PHASE_BUILDING' },
  })
  t.equal(result.phase, 'PHASE_DEGRADED')
  t.match(result.error, { code: 'datapath.failed', message: 'host h2: no buffer space', object: 'link/a-b' })
  t.equal(states(result)['a-b'], 'FAILED')
  t.match(result.links[0]?.error, { message: 'host h2: no buffer space' })
  t.equal(states(result)['b-c'], 'READY')
})

t.test('a physical interface that failed is the failure of its node', async (t) => {
  const links = [
    ...(base['h3']?.links ?? []).slice(0, 2),
    { id: 'b.0@eth8', state: 'OBJECT_STATE_FAILED' as const, error: { code: 'nic.taken', message: 'eth8 is in use' } },
  ]
  const result = merged({ h3: { phase: 'PHASE_DEGRADED', links } })
  t.strictSame(states(result), { a: 'READY', b: 'FAILED', c: 'READY', 'a-b': 'READY', 'b-c': 'READY' })
  t.match(result.nodes[1]?.error, { code: 'nic.taken', message: 'host h3: eth8 is in use' })
})

t.test('a host that refuses its slice fails all of it there', async (t) => {
  const error = { code: 'slice.invalid', message: 'no' }
  const result = merged({ h3: { phase: 'PHASE_REJECTED', error, nodes: [], links: [] } })
  t.equal(result.phase, 'PHASE_DEGRADED')
  t.strictSame(states(result), { a: 'READY', b: 'FAILED', c: 'FAILED', 'a-b': 'FAILED', 'b-c': 'FAILED' })
  t.match(result.error, { code: 'slice.invalid', message: 'host h3: no' })
})

t.test('a host that is away degrades it, and what it carries keeps its last state', async (t) => {
  const result = merged({}, { away: new Set(['h1']) })
  t.equal(result.phase, 'PHASE_DEGRADED')
  t.match(result.error, { code: 'call.unreachable', object: 'host/h1' })
  t.equal(states(result)['a'], 'READY')
  t.match(result.nodes[0]?.error, { code: 'call.unreachable' })
  t.equal(result.nodes[1]?.error, undefined)
  t.match(result.links[0]?.error, { code: 'call.unreachable' }, 'also a link that ends there')
  t.equal(states(merged({ h1: undefined }, { away: new Set(['h1']) }))['a'], 'PENDING')
})

t.test('a removal is over once every host reports that all is gone', async (t) => {
  const gone = { phase: 'PHASE_GONE' as Phase, nodes: [], links: [] }
  const half = merged({ h1: gone, h2: gone, h3: { phase: 'PHASE_REMOVING' } }, { removing: true })
  t.equal(half.phase, 'PHASE_REMOVING')
  t.strictSame(Object.values(states(half)), Array(5).fill('REMOVING'))
  t.equal(merged({ h1: gone, h2: gone, h3: gone }, { removing: true }).phase, 'PHASE_GONE')
  t.equal(merged({ h1: gone, h2: gone, h3: { ...gone, generation: 2 } }, { removing: true }).phase, 'PHASE_REMOVING')
  t.equal(merged({ h1: gone, h2: gone, h3: gone }).phase, 'PHASE_BUILDING', 'what is wanted is not gone')
  const away = merged({}, { removing: true, away: new Set(['h1']) })
  t.equal(states(away)['a'], 'REMOVING', 'a host that is away has not failed to remove')
  t.match(away.error, { code: 'call.unreachable' })
  const stuck = merged(
    {
      h1: {
        phase: 'PHASE_REMOVING',
        nodes: [{ id: 'a', state: 'OBJECT_STATE_FAILED', error: { code: 'hypervisor.failed', message: 'busy' } }],
      },
    },
    { removing: true },
  )
  t.match(stuck.error, { code: 'hypervisor.failed', message: 'host h1: busy' })
  t.equal(states(stuck)['a'], 'FAILED')
})
