/** Links between hosts by any technology and data path, for tests: hosts are namespaces, the underlay between them is veth pairs. */
import type { Test } from 'tap'
import type { FarEnd } from '../../../../proto/generated/weft.v1.ts'
import { qinqIdentifier, type TechnologyName, technologies } from '../../../../proto/technologies.ts'
import { dataHash, transfer } from '../../../click/test/support/transfer.ts'
import type { LinkSpec } from '../../driver.ts'
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
  wire,
} from './world.ts'

const bytes = 3 << 20
const patienceMs = Number(process.env.WEFT_PATIENCE_MS ?? 120_000)
const wanted = dataHash(bytes)

/** Tells what each data path can do here; asked once. */
export const offers = async (t: Test): Promise<(datapath: DatapathName, technology: TechnologyName) => boolean> => {
  const made = new Map<DatapathName, readonly string[]>()
  for (const datapath of datapaths) {
    const { driver } = await host(t, 'probe', { datapath })
    const { technologies: offered, unavailable } = await driver.probe()
    t.comment(`${datapath}: ${offered.join(', ') || unavailable}`)
    made.set(datapath, offered)
  }
  return (datapath, technology) => made.get(datapath)?.includes(technology) ?? false
}

export const identifiers: Readonly<Record<TechnologyName, number>> = {
  vxlan: 7,
  gre: 4_000_000_001,
  etherip: 0,
  ipip: 0,
  vlan: 100,
  qinq: qinqIdentifier({ service: 200, customer: 300 }),
  mpls: 16,
}

/** A host at a NIC of its. */
export interface Side extends Host {
  readonly nic: string
  /** Of the NIC. */
  readonly address: string
  /** Of its tunnel prefix. */
  readonly tunnel: string
  readonly nicMac: string
}

/** Room for every tunnel beside a guest's 1500. */
const underlayMtu = 1600

export const sideOf = async (at: Host, nic: string, address: string, tunnel: string): Promise<Side> => {
  const nicMac = /link\/ether (\S+)/.exec(await at.ip('link', 'show', nic))?.[1] ?? ''
  return { ...at, nic, address, tunnel, nicMac }
}

export interface SidesOptions {
  readonly nicRates?: Readonly<Record<string, number>>
}

export const twoSides = async (
  t: Test,
  [first, second]: readonly [DatapathName, DatapathName],
  options: SidesOptions = {},
): Promise<readonly [Side, Side]> => {
  const [one, two] = [
    await host(t, 'h1', { datapath: first, ...options }),
    await host(t, 'h2', { datapath: second, ...options }),
  ]
  const end = (at: Host, address: string) => ({ at, nic: 'eth1', address })
  await wire(end(one, '192.0.2.1/24'), end(two, '192.0.2.2/24'), underlayMtu)
  return [await sideOf(one, 'eth1', '192.0.2.1', '198.18.1.1'), await sideOf(two, 'eth1', '192.0.2.2', '198.18.2.1')]
}

/** Three hosts in a row; the one in the middle as the others see it, each at its own NIC. */
export interface Row {
  readonly first: Side
  readonly middle: { readonly left: Side; readonly right: Side }
  readonly last: Side
}

export const threeInARow = async (
  t: Test,
  [first, middle, last]: readonly [DatapathName, DatapathName, DatapathName],
): Promise<Row> => {
  const one = await host(t, 'h1', { datapath: first })
  const two = await host(t, 'h2', { datapath: middle })
  const three = await host(t, 'h3', { datapath: last })
  const end = (at: Host, nic: string, address: string) => ({ at, nic, address })
  await wire(end(one, 'eth1', '192.0.2.1/30'), end(two, 'eth1', '192.0.2.2/30'), underlayMtu)
  await wire(end(two, 'eth2', '192.0.2.5/30'), end(three, 'eth1', '192.0.2.6/30'), underlayMtu)
  return {
    first: await sideOf(one, 'eth1', '192.0.2.1', '198.18.1.1'),
    middle: {
      left: await sideOf(two, 'eth1', '192.0.2.2', '198.18.2.1'),
      right: await sideOf(two, 'eth2', '192.0.2.5', '198.18.2.2'),
    },
    last: await sideOf(three, 'eth1', '192.0.2.6', '198.18.3.1'),
  }
}

export interface SegmentOptions {
  /** Into the tunnel, bits per second. */
  readonly rate?: number
  /** Which of several segments of the technology it is. */
  readonly number?: number
  readonly vnet?: string
  readonly id?: string
  readonly vif?: string
}

/** A segment from one host to the next. */
export const segmentOf = (
  technology: TechnologyName,
  from: Side,
  to: Side,
  { rate = 0, number = 0 }: SegmentOptions = {},
) => {
  const { crosses, needsTunnelPrefix, identifier } = technologies[technology]
  // Of the tunnel prefix each segment has an address of its own.
  const tunnel = (one: Side): string => one.tunnel.replace(/\d+$/, (last) => `${Number(last) + 16 * number}`)
  const outer = (one: Side): string => (!crosses ? '' : needsTunnelPrefix ? tunnel(one) : one.address)
  return {
    technology,
    identifier: identifier === undefined ? 0 : identifiers[technology] + number,
    local: outer(from),
    remote: outer(to),
    nic: from.nic,
    rate,
    peer: to.name,
    nextHop: needsTunnelPrefix ? to.address : '',
    remoteMac: to.nicMac,
  }
}

const far = (address: string): FarEnd => ({ mac: macOf('vif1.0'), addresses: [address] })

/** The link of a guest at a host's vif1.0, by a segment to the next. */
export const endSpec = (
  technology: TechnologyName,
  from: Side,
  to: Side,
  farAddress: string,
  { vnet = 'a.v', id = 'l1', vif = 'vif1.0', ...options }: SegmentOptions = {},
): LinkSpec =>
  link({
    vnet,
    id,
    mtu: 1500,
    vifs: [vif],
    segments: [segmentOf(technology, from, to, options)],
    far: far(farAddress),
  })

/** The link between a guest of each host, as each is told of it. */
export const linkSpecs = (
  technology: TechnologyName,
  one: Side,
  two: Side,
  options: SegmentOptions = {},
): readonly [LinkSpec, LinkSpec] => [
  endSpec(technology, one, two, '10.0.0.2/24', options),
  endSpec(technology, two, one, '10.0.0.1/24', options),
]

export const guests = async (t: Test, one: Host, two: Host): Promise<readonly [Namespace, Namespace]> => [
  await guest(t, one, { vif: 'vif1.0', address: '10.0.0.1/24', mtu: 1500 }),
  await guest(t, two, { vif: 'vif1.0', address: '10.0.0.2/24', mtu: 1500 }),
]

/** Builds until there is nothing left to do. */
export const make = async (at: Host, specs: readonly LinkSpec[], vnet = 'a.v'): Promise<void> => {
  for (let round = 0; round < 4 && (await build(at.driver, specs, vnet)).length > 0; round++);
}

export const expectTransfer = async (t: Test, from: Namespace, to: Namespace, address: string): Promise<void> => {
  const result = await transfer(from.name, to.name, address, bytes, patienceMs)
  t.equal(result?.sha256, wanted, 'all bytes came as they were sent')
  if (result) t.comment(`${Math.round((bytes * 8) / result.durationMs / 1000)} Mbit/s`)
}

/** A link from the first to the last, as each of the three is told of it; `rate` into the second segment. */
export const relaySpecs = (technology: TechnologyName, { first, middle, last }: Row, rate = 0) => {
  const second = { number: 1 }
  return {
    first: endSpec(technology, first, middle.left, '10.0.0.2/24'),
    middle: link({
      mtu: 1500,
      segments: [
        segmentOf(technology, middle.left, first),
        segmentOf(technology, middle.right, last, { ...second, rate }),
      ],
    }),
    last: endSpec(technology, last, middle.right, '10.0.0.1/24', second),
  }
}
