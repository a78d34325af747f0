import t from 'tap'
import { embeddingFromJson, embeddingToJson } from '../json.ts'
import type { Embedding } from '../mapping.ts'

t.test('an embedding comes back from JSON as it was', async (t) => {
  const embedding: Embedding = {
    hosts: new Map([['a', 'h1']]),
    hypervisors: new Map([['a', 'lxc']]),
    nics: new Map([['a.0', 'eth8']]),
    paths: new Map([['l', { nodes: ['h1', 'f', 'h2'], links: ['x', 'y'] }]]),
    pools: new Map([['a', 'small']]),
    cost: 1250.5,
  }
  t.strictSame(embeddingFromJson(JSON.parse(JSON.stringify(embeddingToJson(embedding)))), embedding)
})
