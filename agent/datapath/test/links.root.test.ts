/**
 * One suite for links between hosts: every technology, by every pair of data paths that the probes say make it here. Hosts are namespaces, wires are
 * veth pairs.
 */
import t, { type Test } from 'tap'
import type { FarEnd } from '../../../proto/generated/weft.v1.ts'
import { qinqIdentifier, type TechnologyName, technologies, technologyNames } from '../../../proto/technologies.ts'
import { dataHash, transfer } from '../../click/test/support/transfer.ts'
import type { LinkSpec } from '../driver.ts'
import {
  build,
  type DatapathName,
  datapaths,
  guest,
  type Host,
  host,
  link,
  macOf,
  type Namespace,
  ping,
  plan,
  problem,
  reaches,
  state,
  wire,
} from './support/world.ts'

t.setTimeout(1_800_000)

const bytes = 8 << 20
const patienceMs = Number(process.env.WEFT_PATIENCE_MS ?? 120_000)
const wanted = dataHash(bytes)

/** Tells what each data path can do here; asked once. */
const offers = async (): Promise<(datapath: DatapathName, technology: TechnologyName) => boolean> => {
  const made = new Map<DatapathName, readonly string[]>()
  await t.test('what the data paths say that they make here', { skip: problem }, async (t) => {
    for (const datapath of datapaths) {
      const { driver } = await host(t, 'probe', { datapath })
      const { technologies: offered, unavailable } = await driver.probe()
      t.comment(`${datapath}: ${offered.join(', ') || unavailable}`)
      made.set(datapath, offered)
    }
  })
  return (datapath, technology) => made.get(datapath)?.includes(technology) ?? false
}

const identifiers: Readonly<Record<TechnologyName, number>> = {
  vxlan: 7,
  gre: 4_000_000_001,
  etherip: 0,
  ipip: 0,
  vlan: 100,
  qinq: qinqIdentifier({ service: 200, customer: 300 }),
  mpls: 16,
}

interface Side extends Host {
  /** Of the NIC. */
  readonly address: string
  /** Of its tunnel prefix. */
  readonly tunnel: string
  readonly nicMac: string
}

/** Room for every tunnel beside a guest's 1500. */
const underlayMtu = 1600

const side = async (t: Test, role: string, datapath: DatapathName, number: number): Promise<Side> => ({
  ...(await host(t, role, { datapath })),
  address: `192.0.2.${number}`,
  tunnel: `198.18.${number}.1`,
  nicMac: '',
})

const withMac = async (one: Side): Promise<Side> => {
  const nicMac = /link\/ether (\S+)/.exec(await one.ip('link', 'show', 'eth1'))?.[1] ?? ''
  return { ...one, nicMac }
}

const twoSides = async (
  t: Test,
  [first, second]: readonly [DatapathName, DatapathName],
): Promise<readonly [Side, Side]> => {
  const [one, two] = [await side(t, 'h1', first, 1), await side(t, 'h2', second, 2)]
  const end = (at: Side) => ({ at, nic: 'eth1', address: `${at.address}/24` })
  await wire(end(one), end(two), underlayMtu)
  return [await withMac(one), await withMac(two)]
}

/** A segment from one host to another over the NIC eth1, or the ones named. */
const segmentOf = (technology: TechnologyName, from: Side, to: Side, rate = 0) => {
  const { crosses, needsTunnelPrefix } = technologies[technology]
  const outer = (one: Side): string => (!crosses ? '' : needsTunnelPrefix ? one.tunnel : one.address)
  return {
    technology,
    identifier: identifiers[technology],
    local: outer(from),
    remote: outer(to),
    nic: 'eth1',
    rate,
    peer: to.name,
    nextHop: needsTunnelPrefix ? to.address : '',
    remoteMac: to.nicMac,
  }
}

const far = (address: string): FarEnd => ({ mac: macOf('vif1.0'), addresses: [address] })

/** The link between a guest of each host, as each is told of it. */
const linkSpecs = (technology: TechnologyName, one: Side, two: Side, rate = 0): readonly [LinkSpec, LinkSpec] => {
  const at = (from: Side, to: Side, address: string): LinkSpec =>
    link({ mtu: 1500, vifs: ['vif1.0'], segments: [segmentOf(technology, from, to, rate)], far: far(address) })
  return [at(one, two, '10.0.0.2/24'), at(two, one, '10.0.0.1/24')]
}

const guests = async (t: Test, one: Side, two: Side): Promise<readonly [Namespace, Namespace]> => [
  await guest(t, one, { vif: 'vif1.0', address: '10.0.0.1/24', mtu: 1500 }),
  await guest(t, two, { vif: 'vif1.0', address: '10.0.0.2/24', mtu: 1500 }),
]

/** Builds until there is nothing left to do. */
const make = async (at: Host, specs: readonly LinkSpec[]): Promise<void> => {
  for (let round = 0; round < 4 && (await build(at.driver, specs)).length > 0; round++);
}

const expectTransfer = async (t: Test, from: Namespace, to: Namespace, address: string): Promise<void> => {
  const result = await transfer(from.name, to.name, address, bytes, patienceMs)
  t.equal(result?.sha256, wanted, 'all bytes came as they were sent')
  if (result) t.comment(`${Math.round((bytes * 8) / result.durationMs / 1000)} Mbit/s`)
}

const pairs = [
  ['click', 'click'],
  ['click', 'bridge'],
  ['bridge', 'bridge'],
] as const

const only = process.env.WEFT_TECHNOLOGY
const offered = await offers()

for (const technology of technologyNames) {
  if (only !== undefined && only !== technology) continue
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
      t.same(await plan(one.driver, [first]), [], 'nothing is left to do')
      t.same(await plan(two.driver, [second]), [])

      await make(one, [])
      await make(two, [])
      for (const at of [one, two]) await at.ip('link', 'del', 'vif1.0')
      t.same([await state(one), await state(two)], before, 'nothing is left behind')
    })
  }
}
