/**
 * One suite for links between hosts: every technology, by every pair of data paths that the probes say make it here. Hosts are namespaces, wires are
 * veth pairs.
 */
import t from 'tap'
import { type TechnologyName, technologies, technologyNames } from '../../../proto/technologies.ts'
import { checksums, segmentation, turnOff } from '../../click/test/support/offloads.ts'
import { expectTransfer, guests, linkSpecs, make, offers, twoSides } from './support/links.ts'
import { type DatapathName, ping, plan, problem, reaches, state } from './support/world.ts'

t.setTimeout(1_800_000)

const pairs = [
  ['click', 'click'],
  ['click', 'bridge'],
  ['bridge', 'bridge'],
] as const

const only = process.env.WEFT_TECHNOLOGY?.split(',')
let offered: (datapath: DatapathName, technology: TechnologyName) => boolean = () => false

await t.test('what the data paths say that they make here', { skip: problem }, async (t) => {
  offered = await offers(t)
})

for (const technology of technologyNames) {
  if (only?.includes(technology) === false) continue
  for (const pair of pairs) {
    const lacking = pair.find((datapath) => !offered(datapath, technology))
    const skip = problem || (lacking === undefined ? false : `${lacking} does not make ${technology} here`)
    if (!pair.every((datapath) => technologies[technology].datapaths.includes(datapath))) continue
    t.test(`${technology} from ${pair[0]} to ${pair[1]}`, { skip }, async (t) => {
      const [one, two] = await twoSides(t, pair)
      const before = [await state(one), await state(two)]
      const [a, b] = await guests(t, one, two)
      const [first, second] = linkSpecs(technology, one, two)
      await make(one, [first])
      await make(two, [second])
      t.ok(await reaches(a, '10.0.0.2'), 'a ping comes back')
      t.ok(await ping(b, '10.0.0.1', 1472), 'a packet of the whole MTU passes')
      t.notOk(await ping(b, '10.0.0.1', 1473), 'no larger one does')
      await expectTransfer(t, a, b, '10.0.0.2')
      await expectTransfer(t, b, a, '10.0.0.1')
      for (const at of [one, two]) await turnOff(at.path, 'eth1', [...segmentation, ...checksums])
      t.comment('NICs that cut no segments and sum nothing themselves')
      await expectTransfer(t, a, b, '10.0.0.2')
      t.same(await plan(one.driver, [first]), [], 'nothing is left to do')
      t.same(await plan(two.driver, [second]), [])

      await make(one, [])
      await make(two, [])
      for (const at of [one, two]) await at.ip('link', 'del', 'vif1.0')
      t.same([await state(one), await state(two)], before, 'nothing is left behind')
    })
  }
}
