/** Relays in Dom0 between two tunnels of a link: every technology, and data paths that differ along the way. */
import t from 'tap'
import { type TechnologyName, technologies, technologyNames } from '../../../proto/technologies.ts'
import { expectTransfer, guests, make, offers, relaySpecs, threeInARow } from './support/links.ts'
import { type DatapathName, ping, plan, problem, reaches, state } from './support/world.ts'

t.setTimeout(1_800_000)

let offered: (datapath: DatapathName, technology: TechnologyName) => boolean = () => false

await t.test('what the data paths say that they make here', { skip: problem }, async (t) => {
  offered = await offers(t)
})

const ways = [
  ['click', 'click', 'click'],
  ['bridge', 'click', 'bridge'],
  ['click', 'bridge', 'click'],
] as const

const only = process.env.WEFT_TECHNOLOGY?.split(',')

for (const technology of technologyNames) {
  if (only?.includes(technology) === false) continue
  for (const way of ways) {
    if (!way.every((datapath) => technologies[technology].datapaths.includes(datapath))) continue
    const lacking = way.find((datapath) => !offered(datapath, technology))
    const skip = problem || (lacking === undefined ? false : `${lacking} does not make ${technology} here`)
    t.test(`${technology} by ${way.join(', ')}`, { skip }, async (t) => {
      const row = await threeInARow(t, way)
      const { first, middle, last } = row
      const before = await state(middle.left)
      const [a, b] = await guests(t, first, last)
      const specs = relaySpecs(technology, row)
      await make(first, [specs.first])
      await make(middle.left, [specs.middle])
      await make(last, [specs.last])
      t.ok(await reaches(a, '10.0.0.2'), 'a ping comes back')
      t.ok(await ping(b, '10.0.0.1', 1472), 'a packet of the whole MTU passes')
      t.notOk(await ping(b, '10.0.0.1', 1473), 'no larger one does')
      await expectTransfer(t, a, b, '10.0.0.2')
      await expectTransfer(t, b, a, '10.0.0.1')
      t.same(await plan(middle.left.driver, [specs.middle]), [], 'nothing is left to do')

      await make(middle.left, [])
      t.equal(await state(middle.left), before, 'nothing is left behind')
      t.notOk(await ping(b, '10.0.0.1'))
    })
  }
}
