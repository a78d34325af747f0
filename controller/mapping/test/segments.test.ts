import t from 'tap'
import { segmentsOf } from '../segments.ts'
import { fabric, host } from './fixtures.ts'

const substrate = { nodes: [host('h1'), host('h2'), host('h3'), fabric('f'), fabric('g')] }

t.test('consecutive hosts are joined by one segment each, what is between is crossed', async (t) => {
  t.strictSame(segmentsOf(substrate, { nodes: ['h1', 'f', 'g', 'h2', 'h3'], links: ['a', 'b', 'c', 'd'] }), [
    { from: 'h1', to: 'h2', firstLink: 'a', lastLink: 'c', crossesFabric: true },
    { from: 'h2', to: 'h3', firstLink: 'd', lastLink: 'd', crossesFabric: false },
  ])
})

t.test('a path within a host has no segment', async (t) => {
  t.strictSame(segmentsOf(substrate, { nodes: ['h1'], links: [] }), [])
})
