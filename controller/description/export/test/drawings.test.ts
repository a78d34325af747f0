import t from 'tap'
import { create } from '../../../../proto/codec.ts'
import { createRandom, randomRequest } from '../../test/random.ts'
import { draw } from '../draw.ts'
import { linkLabel, shortRate } from '../labels.ts'
import { layOut } from '../layout.ts'

t.test('no two nodes of a layout are at one place, and linked ones are nearer', async (t) => {
  const edges = [
    [0, 1],
    [1, 2],
    [2, 3],
    [3, 4],
    [4, 5],
  ] as const
  const points = layOut(6, edges)
  const distance = (i: number, j: number) =>
    Math.hypot((points[i]?.x ?? 0) - (points[j]?.x ?? 0), (points[i]?.y ?? 0) - (points[j]?.y ?? 0))
  for (let i = 0; i < 6; i++) for (let j = 0; j < i; j++) t.ok(distance(i, j) > 0.3, `${i} ${j}`)
  t.ok(distance(0, 1) < distance(0, 5))
  t.same(layOut(6, edges), points, 'it is the same each time')
  t.same(layOut(0, []), [])
  for (const { x, y } of layOut(3, [[0, 0]])) t.ok(Number.isFinite(x) && Number.isFinite(y), 'a loop')
})

t.test('every request can be drawn, on hosts or on none', async (t) => {
  for (let seed = 1; seed <= 40; seed++) {
    const request = randomRequest(createRandom(seed))
    const state = create('VNetState', {
      vnet: request.name,
      nodes: request.nodes.map(({ id }, i) => ({ id, host: i % 3 === 2 ? '' : `h${i % 2}` })),
      links: request.links.map(({ id }) => ({ id, path: ['h0', 'h9', 'h1'] })),
    })
    for (const form of ['dot', 'mermaid', 'svg'] as const) {
      for (const over of [false, true]) {
        const text = await draw({ request, state }, form, over)
        if (/NaN|undefined|Infinity/.test(text)) t.fail(`${form}: seed ${seed}`, { text })
        for (const { id } of request.nodes) if (!text.includes(id)) t.fail(`${form}: seed ${seed}: no ${id}`, { text })
      }
    }
  }
  t.pass('all')
})

t.test('boxes of nodes do not cover each other', async (t) => {
  const nodes = Array.from({ length: 40 }, (_, i) => ({ id: `a-long-name-of-a-node-${i}` }))
  const links = nodes.slice(1).map((_, i) => ({
    id: `l${i}`,
    a: { node: nodes[0]?.id ?? '', interface: i },
    b: { node: nodes[i + 1]?.id ?? '', interface: 0 },
  }))
  const svg = await draw({ request: create('VNetRequest', { name: 'star', nodes, links }) }, 'svg', false)
  const boxes = [...svg.matchAll(/<rect x="([^"]*)" y="([^"]*)" width="([^"]*)" height="([^"]*)" rx/g)].map((match) =>
    match.slice(1).map(Number),
  )
  t.equal(boxes.length, 40)
  for (const [i, [x = 0, y = 0, width = 0, height = 0]] of boxes.entries()) {
    for (const [left = 0, top = 0, right = 0, bottom = 0] of boxes.slice(0, i)) {
      if (x < left + right && left < x + width && y < top + bottom && top < y + height) t.fail(`box ${i}`)
    }
  }
})

t.test('rates as people read them', async (t) => {
  t.equal(shortRate(2_488_320_000), '2.49 Gbit/s')
  t.equal(shortRate(999), '999 bit/s')
  const link = create('Link', { rateAToBBitsPerSecond: 1e7, rateBToABitsPerSecond: 0 })
  t.equal(linkLabel(link), '10 Mbit/s, best effort')
  t.equal(linkLabel(create('Link', {})), '')
})
