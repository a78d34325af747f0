import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parseSubstrate } from '../parse.ts'

const folder = new URL('../../../examples/substrates/', import.meta.url).pathname

t.test('every substrate among the examples is one', async (t) => {
  const pools = readdirSync(folder).map((name) => {
    const { nodes } = parseSubstrate(readFileSync(join(folder, name), 'utf8'), name)
    return [name, nodes.flatMap((node) => node.pools.map((pool) => `${node.id}: ${pool.nodes} ${pool.name}`))]
  })
  t.same(Object.fromEntries(pools), { 'pool.yaml': ['west: 2 small', 'east: 2 small'] })
})
