import t from 'tap'
import { create } from '../../../proto/codec.ts'
import { emptyUsage } from '../../mapping/problem.ts'
import { type VNetRow, vnetKind } from '../rows.ts'

const request = create('VNetRequest', { name: 'alice.net', nodes: [{ id: 'a' }] })
const row: VNetRow = {
  vnet: 'alice.net',
  client: 'vnp1',
  generation: 3,
  version: {
    part: request,
    embedding: {
      hosts: new Map([['a', 'h1']]),
      hypervisors: new Map(),
      nics: new Map(),
      paths: new Map(),
      pools: new Map(),
      cost: 50,
    },
    allocation: {
      request,
      segments: [
        {
          link: 'l',
          from: 'h1',
          to: 'h2',
          technology: 'ipip',
          identifier: 0,
          addresses: { from: '198.18.1.1', to: '198.18.2.1' },
          nics: { from: 'eth1', to: 'eth1' },
        },
      ],
    },
    slices: new Map([['h1', create('Slice', { vnet: 'alice.net' })]]),
  },
  removing: false,
  leaving: new Set(),
  held: {
    usage: emptyUsage,
    segments: [
      { link: 'm', from: 'h1', to: 'h2', technology: 'gre', identifier: 4096, nics: { from: 'eth1', to: 'eth1' } },
    ],
  },
  reservation: 'r1',
  timings: [],
}
const throughText = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

t.test('a row is read back as it was stored', async (t) => {
  t.strictSame(vnetKind.fromJson(throughText(vnetKind.toJson(row))), row)
})

t.test('a row of a version before, which numbered vxlan alone, is read', async (t) => {
  const stored = throughText(vnetKind.toJson(row)) as {
    version: { allocation: { segments: unknown[] } }
    held: Record<string, unknown>
  }
  stored.version.allocation.segments = [{ link: 'l', from: 'h1', to: 'h2', technology: 'vxlan', identifier: 4097 }]
  stored.held = { usage: stored.held.usage, identifiers: [4096, 4098] }
  const read = vnetKind.fromJson(stored)
  t.strictSame(
    read.held?.segments.map(({ technology, identifier }) => [technology, identifier]),
    [
      ['vxlan', 4096],
      ['vxlan', 4098],
    ],
  )
  t.match(read.version.allocation.segments, [{ technology: 'vxlan', identifier: 4097 }])
})
