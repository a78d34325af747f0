import t from 'tap'
import { create } from '../../../proto/codec.ts'
import { explainText } from '../view/explain.ts'
import { plain, play, shop, weft } from './support.ts'

const explanation = (init: Parameters<typeof create<'Explanation'>>[1]) =>
  create('Explanation', { vnet: 'shop', ...init })
const full = { code: 'admission.not-now', message: 'h2 has most, 1 GiB free' }

t.test('of what stands each node says why it is there, and each link what is left on its way', async (t) => {
  const text = explainText(
    shop(),
    explanation({
      nodes: [
        { id: 'r1', host: 'h1', others: [{ provider: 'pip1', host: 'h2', error: full }] },
        {
          id: 'r2',
          host: 'h2',
          others: [
            { provider: 'pip1', host: 'h1', extraCost: 0 },
            { provider: 'pip1', host: 'host3', extraCost: 20 },
          ],
        },
        { id: 'r3', host: 'h2', others: [{ provider: 'pip1', host: 'h1', extraCost: 2.5 }] },
        { id: 'r4', host: 'h2', others: [{ provider: 'pip1', host: 'h1', extraCost: -2.5 }] },
        { id: 'r5', host: 'h2', others: [] },
      ],
      links: [
        {
          id: 'r1-r2',
          path: ['h1', 'core', 'h2'],
          delayMicroseconds: 200,
          tightestAToB: 'h1-core',
          leftAToBBitsPerSecond: 90e6,
          tightestBToA: 'h2-core',
          leftBToABitsPerSecond: 1e9,
        },
        { id: 'near', path: ['h2'] },
      ],
    }),
  )
  t.equal(
    text,
    `vnet/shop is ready
node/r1 is on h1: no other host would do
  h2  h2 has most, 1 GiB free [admission.not-now]
node/r2 is on h2: 2 other hosts would do, none at less cost: hosts are filled evenly
  h1     would do as well, at the same cost
  host3  would cost 20.0 more
node/r3 is on h2: each other host would cost more (1 host would do)
  h1  would cost 2.5 more
node/r4 is on h2: another host would cost less now: what runs is not moved for that
  h1  would cost 2.5 less
node/r5 is on h2: there is no other host
link/r1-r2 goes h1 - core - h2: 200 us; h1-core has 90 Mbit/s left that way, h2-core has 1 Gbit/s left back
link/near is within h2
`,
  )
})

t.test('of what waits it is said for what, and where each node could be', async (t) => {
  const text = explainText(
    shop({ phase: 'PHASE_POSTPONED', generation: 0 }),
    explanation({
      error: { ...full, hint: 'ask for less' },
      nodes: [
        {
          id: 'r1',
          others: [
            { provider: 'pip1', host: 'h1' },
            { provider: 'pip2', host: 'h1', error: full },
          ],
        },
        { id: 'r2', others: [{ provider: 'pip1', host: 'h1', error: full }] },
      ],
      incomplete: true,
    }),
  )
  t.equal(
    text,
    `vnet/shop is postponed: h2 has most, 1 GiB free [admission.not-now]
  ask for less
node/r1 by itself would fit on 1 host
  pip1/h1  would do
  pip2/h1  h2 has most, 1 GiB free [admission.not-now]
node/r2 by itself fits on no host
  pip1/h1  h2 has most, 1 GiB free [admission.not-now]
not every host was looked at for every node: there are too many
`,
  )
})

t.test('the command asks the role, and prints text or the message of the wire', async (t) => {
  const answer = explanation({ nodes: [{ id: 'r1', host: 'h1' }] })
  const { directory } = await play(t, 'vno', ({ get, explain }) => {
    if (explain) return { explanation: answer }
    return get ? { vnet: shop() } : {}
  })
  const text = await weft(['explain', 'shop', '--run-dir', directory])
  t.match({ ...text, stdout: plain(text.stdout) }, { status: 0, stdout: /^vnet\/shop is ready\nnode\/r1 is on h1/ })
  const json = await weft(['explain', 'shop', '-o', 'json', '--run-dir', directory])
  t.match(JSON.parse(json.stdout), { vnet: 'shop', nodes: [{ id: 'r1', host: 'h1' }] })
})
