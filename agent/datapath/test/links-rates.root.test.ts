/** Rates of links between hosts, of every technology: guests' frames are counted, whatever the tunnel adds. */
import t from 'tap'
import { type TechnologyName, technologies, technologyNames } from '../../../proto/technologies.ts'
import {
  endSpec,
  expectTransfer,
  guests,
  linkSpecs,
  make,
  offers,
  relaySpecs,
  threeInARow,
  twoSides,
} from './support/links.ts'
import { cases, countFrames, flood, keeps, measure } from './support/rates.ts'
import { type DatapathName, datapaths, guest, plan, problem, reaches, state } from './support/world.ts'

t.setTimeout(1_800_000)

let offered: (datapath: DatapathName, technology: TechnologyName) => boolean = () => false

await t.test('what the data paths say that they make here', { skip: problem }, async (t) => {
  offered = await offers(t)
})

const rate = 40e6
/** Of a window: long beside a bucket's 10 ms, short since there are many. */
const seconds = 2
const only = process.env.WEFT_TECHNOLOGY?.split(',')

for (const technology of technologyNames) {
  if (only?.includes(technology) === false) continue
  for (const datapath of datapaths) {
    if (!technologies[technology].datapaths.includes(datapath)) continue
    const skip = problem || (offered(datapath, technology) ? false : `${datapath} does not make ${technology} here`)
    t.test(`${datapath} keeps the rate of ${technology}`, { skip }, async (t) => {
      const [one, two] = await twoSides(t, [datapath, datapath])
      const before = [await state(one), await state(two)]
      const [a, b] = await guests(t, one, two)
      const [first, second] = linkSpecs(technology, one, two, { rate })
      await make(one, [first])
      await make(two, [second])
      t.ok(await reaches(a, '10.0.0.2'))
      t.same(await plan(one.driver, [first]), [], 'nothing is left to do')
      await expectTransfer(t, a, b, '10.0.0.2')
      await countFrames(a, b)
      for (const [position, { name, how }] of cases.entries()) {
        await t.test(name, async (t) => {
          await flood(t, a, b, '10.0.0.2', 5000 + position, ...how)
          await keeps(t, rate, () => measure(b, seconds))
        })
      }

      const [unlimited] = linkSpecs(technology, one, two)
      await make(one, [unlimited])
      t.same(await plan(one.driver, [unlimited]), [], 'a rate can be taken away')
      t.ok(await reaches(a, '10.0.0.2'))
      await make(one, [first])
      t.ok(await reaches(a, '10.0.0.2'))

      await make(one, [])
      await make(two, [])
      for (const at of [one, two]) await at.ip('link', 'del', 'vif1.0')
      t.same([await state(one), await state(two)], before, 'nothing is left behind')
    })
  }
}

for (const technology of technologyNames) {
  if (only?.includes(technology) === false) continue
  for (const datapath of datapaths) {
    if (!technologies[technology].datapaths.includes(datapath)) continue
    const skip = problem || (offered(datapath, technology) ? false : `${datapath} does not make ${technology} here`)
    t.test(`${datapath}: ${technology} keeps what it was promised while others flood the NIC`, { skip }, async (t) => {
      const [one, two] = await twoSides(t, [datapath, datapath], { nicRates: { eth1: 100e6 } })
      const pairs = []
      for (const { vnet, vif, number, rate } of [
        { vnet: 'a.promised', vif: 'vif1.0', number: 0, rate: 30e6 },
        { vnet: 'b.flood', vif: 'vif2.0', number: 1, rate: 0 },
      ]) {
        const a = await guest(t, one, { vnet, vif, address: '10.0.0.1/24', mtu: 1500 })
        const b = await guest(t, two, { vnet, vif, address: '10.0.0.2/24', mtu: 1500 })
        await countFrames(a, b)
        const options = { number, rate, vnet, vif }
        await make(one, [endSpec(technology, one, two, '10.0.0.2/24', options)], vnet)
        await make(two, [endSpec(technology, two, one, '10.0.0.1/24', options)], vnet)
        t.ok(await reaches(a, '10.0.0.2'))
        pairs.push({ a, b })
      }
      const [promised, other] = pairs
      if (promised === undefined || other === undefined) throw new Error('no guests')
      await flood(t, other.a, other.b, '10.0.0.2', 5000, '-u', '-b', '0', '-l', '1400')
      await flood(t, promised.a, promised.b, '10.0.0.2', 5001, '-u', '-b', '0', '-l', '1400')
      await keeps(t, 30e6, () => measure(promised.b, seconds))
      const rest = await measure(other.b, seconds)
      t.ok(rest < 75e6, `the others have ${(rest / 1e6).toFixed(1)} Mbit/s of 100`)
      const answers = await one.exec('ping', '-n', '-q', '-i', '0.05', '-c', '40', '-W', '5', two.address)
      t.match(answers, / 0% packet loss/, 'management loses nothing')
    })
  }
}

for (const technology of technologyNames) {
  if (only?.includes(technology) === false) continue
  const skip = problem || (offered('click', technology) ? false : `click does not make ${technology} here`)
  t.test(`a relay keeps the rate of ${technology} that is its own host's`, { skip }, async (t) => {
    const row = await threeInARow(t, ['click', 'click', 'click'])
    const { first, middle, last } = row
    const [a, b] = await guests(t, first, last)
    const specs = relaySpecs(technology, row)
    await make(first, [specs.first])
    await make(middle.left, [specs.middle])
    await make(last, [specs.last])
    t.ok(await reaches(a, '10.0.0.2'))
    const limited = relaySpecs(technology, row, 20e6).middle
    await make(middle.left, [limited])
    t.same(await plan(middle.left.driver, [limited]), [])
    await countFrames(a, b)
    await flood(t, a, b, '10.0.0.2', 5000)
    await keeps(t, 20e6, () => measure(b, seconds))
  })
}
