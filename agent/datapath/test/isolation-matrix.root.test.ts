/**
 * What one VNet sends reaches no other VNet and no host, whatever its guest forges: each technology, both data paths, on one host, between two, and
 * relayed by a third. What is tried and where it is looked for: support/isolation.ts.
 */
import t from 'tap'
import { type TechnologyName, technologies, technologyNames } from '../../../proto/technologies.ts'
import { captureProblem } from './support/capture.ts'
import {
  bothOf,
  expectIsolated,
  expectStrangersUnheard,
  kindOf,
  type Mix,
  makePlace,
  vlans,
} from './support/isolation.ts'
import { type DatapathName, datapaths, host, problem } from './support/world.ts'

t.setTimeout(1_800_000)

const skip = problem || captureProblem
const chosen = process.env.WEFT_TECHNOLOGY?.split(',')
const isChosen = (what: string): boolean => chosen?.includes(what) ?? true
/** Where it is given, cases of that data path alone. */
const onlyWay = process.env.WEFT_DATAPATH
const isWay = (ways: readonly string[]): boolean => onlyWay === undefined || ways.every((way) => way === onlyWay)

/** What each data path says that it makes here, or why not. */
const offers = async (): Promise<(datapath: DatapathName, technology: TechnologyName) => string | false> => {
  const made = new Map<DatapathName, { readonly technologies: readonly string[]; readonly unavailable: string }>()
  await t.test('what the data paths say that they make here', { skip: problem }, async (t) => {
    for (const datapath of datapaths) made.set(datapath, await (await host(t, 'probe', { datapath })).driver.probe())
  })
  return (datapath, technology) =>
    made.get(datapath)?.technologies.includes(technology)
      ? false
      : `${datapath} does not make ${technology} here ${made.get(datapath)?.unavailable}`.trim()
}

for (const datapath of datapaths) {
  if (!isWay([datapath])) continue
  t.test(`${datapath}, on one host`, { skip }, async (t) => {
    await expectIsolated(t, await makePlace(t, { ways: [datapath] }))
  })
}

for (const forwarding of [
  ['click', 'bridge'],
  ['bridge', 'click'],
] as const) {
  if (!isWay(forwarding)) continue
  t.test(`${forwarding[0]} and ${forwarding[1]}, on one host`, { skip }, async (t) => {
    await expectIsolated(t, await makePlace(t, { ways: ['bridge'], forwarding }))
  })
}

const lacks = await offers()

/** Why it cannot be tried; false where it can. */
const lacking = (ways: readonly DatapathName[], mix: Mix): string | false =>
  skip ||
  (ways.flatMap((way) => mix.map(({ technology }) => lacks(way, technology))).find((why) => why !== false) ?? false)

const ends = [
  ['bridge', 'bridge'],
  ['click', 'click'],
  ['click', 'bridge'],
] as const

for (const technology of technologyNames) {
  if (!isChosen(technology)) continue
  const isMade = (datapath: DatapathName): boolean => technologies[technology].datapaths.includes(datapath)
  const mix = bothOf(technology)
  for (const ways of ends) {
    if (!ways.every(isMade) || !isWay(ways)) continue
    t.test(`${technology}, from ${ways[0]} to ${ways[1]}`, { skip: lacking(ways, mix) }, async (t) => {
      const place = await makePlace(t, { ways, mix })
      await t.test('forgeries of a guest', (t) => expectIsolated(t, place))
      await t.test('packets of strangers', (t) => expectStrangersUnheard(t, place))
    })
  }
  for (const datapath of datapaths.filter(isMade)) {
    const ways = [datapath, datapath, datapath]
    if (!isWay(ways)) continue
    t.test(`${technology} relayed by ${datapath}, with a rate`, { skip: lacking(ways, mix) }, async (t) => {
      await expectIsolated(t, await makePlace(t, { ways, mix, rate: 50e6 }))
    })
  }
}

// What is one technology's whole identifier is half of the other's, on the same NIC.
const confusable: readonly (readonly [what: string, Mix])[] = [
  ['a VLAN of the number of a service', [kindOf('vlan', 0, vlans.service), kindOf('qinq', 1)]],
  ['a service of the number of a VLAN', [kindOf('qinq', 0), kindOf('vlan', 1, vlans.service)]],
  ['a GRE key of the number of a VNI', [kindOf('gre', 0, 8), kindOf('vxlan', 1)]],
  ['EtherIP beside IP in IP', [kindOf('etherip', 0), kindOf('ipip', 1)]],
]

for (const [what, mix] of confusable) {
  if (!isChosen('mix') || !isWay(['click'])) continue
  t.test(`${what}, click`, { skip: lacking(['click', 'click'], mix) }, async (t) => {
    await expectIsolated(t, await makePlace(t, { ways: ['click', 'click'], mix }))
  })
}
