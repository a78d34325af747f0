import t from 'tap'
import { fabric, gib, host, request, substrate } from '../../mapping/test/fixtures.ts'
import { usageOf } from '../ledger.ts'

const graph = substrate([host('h1'), host('h2'), fabric('f')], { 'h1-f': {}, 'h2-f': {} })
const asked = request(
  {
    a: {
      memoryBytes: gib,
      cpu: { quotaMillis: 700 },
      interfaces: [
        { index: 0, physical: 'dedicated' },
        { index: 1, physical: 'shared' },
      ],
    },
    b: { memoryBytes: 2 * gib, diskBytes: 5, cpu: { count: 3 } },
  },
  { 'a-b': { rateAToBBitsPerSecond: 10, rateBToABitsPerSecond: 3 } },
)
const embedding = {
  hosts: new Map([
    ['a', 'h1'],
    ['b', 'h2'],
  ]),
  hypervisors: new Map(),
  nics: new Map([
    ['a.0', 'eth8'],
    ['a.1', 'eth7'],
  ]),
  paths: new Map([['a-b', { nodes: ['h1', 'f', 'h2'], links: ['h1-f', 'h2-f'] }]]),
  pools: new Map(),
  cost: 0,
}

t.test('a node that is taken from a pool has its room there', async (t) => {
  const pooled = { ...embedding, pools: new Map([['a', 'small']]) }
  const [whole, rest] = [embedding, pooled].map((one) => usageOf(graph, [{ request: asked, embedding: one }]))
  t.ok(whole?.memoryBytes.has('h1') && whole.cpuMillis.has('h1'))
  t.strictSame([rest?.memoryBytes.get('h1'), rest?.cpuMillis.get('h1')], [undefined, undefined])
  t.strictSame([rest?.nics, rest?.rateBitsPerSecond], [whole?.nics, whole?.rateBitsPerSecond])
})

t.test('what entries take is added up by host, and by direction of each link as declared', async (t) => {
  const usage = usageOf(graph, [
    { request: asked, embedding },
    { request: asked, embedding },
  ])
  t.strictSame(Object.fromEntries(usage.cpuMillis), { h1: 1400, h2: 300 })
  t.strictSame(Object.fromEntries(usage.memoryBytes), { h1: 2 * gib, h2: 4 * gib })
  t.strictSame(Object.fromEntries(usage.diskBytes), { h1: 0, h2: 10 })
  t.strictSame([...usage.nics], ['h1/eth8'], 'a shared interface is not taken')
  // The path crosses h1-f as it is declared and h2-f against it.
  t.strictSame(Object.fromEntries(usage.rateBitsPerSecond), {
    'h1-f/ab': 20,
    'h1-f/ba': 6,
    'h2-f/ba': 20,
    'h2-f/ab': 6,
  })
})

t.test('a link that is declared no longer counts for nothing', async (t) => {
  const { rateBitsPerSecond } = usageOf({ links: graph.links.slice(0, 1) }, [{ request: asked, embedding }])
  t.strictSame([...rateBitsPerSecond.keys()], ['h1-f/ab', 'h1-f/ba'])
})

t.test('nothing takes nothing', async (t) => {
  const { cpuMillis, nics, rateBitsPerSecond } = usageOf(graph, [])
  t.strictSame([cpuMillis.size, nics.size, rateBitsPerSecond.size], [0, 0, 0])
})
