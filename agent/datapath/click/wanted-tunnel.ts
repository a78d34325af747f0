/** Pure: links to other hosts: what goes into a tunnel and comes out of one, at an end and at a relay. */
import { takesBoth } from '../../../click/own.ts'
import type { Segment, SliceInterface } from '../../../proto/generated/weft.v1.ts'
import { overheadBytes, technologyNamed } from '../../../proto/technologies.ts'
import type { Link } from '../../netlink/link/link.ts'
import { ownVif } from '../check.ts'
import type { LinkSpec } from '../driver.ts'
import { type Egress, egressOf, isImpaired } from '../egress.ts'
import { linkMark } from '../mark.ts'
import { hasQueue } from '../nics.ts'
import { flowOf } from '../underlay/flow.ts'
import { planAtNic, type SegmentPlan } from '../underlay/plan.ts'
import { underlayNic } from './check.ts'
import { type PortEnd, portEnds, portName, type RouterPlace, routerName } from './names.ts'
import type { ClickSnapshot } from './snapshot.ts'
import { type Ethers, relayEthers, tableKey, tableValue } from './table.ts'
import { ipv4Only, ipv4WithArp } from './text/ipv4-only.ts'
import { makesCopies } from './text/own.ts'
import { segmentIn, toInterface, toTunnel } from './text/tunnel.ts'
import type { WantedEnd, WantedLink, WantedPorts } from './wanted.ts'
import { byKernel, endName, lossWay, namedPort, namesOf, portRouter, vifRouter } from './wanted-parts.ts'

/** A link to another host. */
export const fromVif = (spec: LinkSpec, snapshot: ClickSnapshot, mtu: number, asked: Segment): WantedLink => {
  const segment = { ...asked, impairment: byKernel(asked.impairment, snapshot) }
  const nic = underlayNic(spec, segment, snapshot)
  const [vif] = spec.vifs.map((name) => ownVif(spec, name, snapshot))
  const [own] = spec.interfaces
  const far = spec.link.far ?? { mac: '', addresses: [] }
  const place = { vnet: spec.vnet, link: spec.link.id }
  const leads = [
    { ...place, end: 'b' },
    { ...place, end: endName(spec, 0) },
  ]
  const atNic = segmentAtNic(segment, nic, mtu, snapshot, leads)
  const tunnel = toTunnel({ segment, nic, saidClass: atNic.saidClass })
  const ports =
    needsPorts(segment) || (own !== undefined && makesCopies(own))
      ? wantedPorts(spec, [segment], { a: segment, b: undefined }, mtu)
      : undefined
  const [a, b] = portEnds.map((end) => ports && namedPort(ports, end, snapshot))
  const way = [
    ...(carriesIpv4(segment) && vif && own ? [ipv4WithArp(vif, own, far)] : []),
    ...lossWay(asked.impairment, snapshot),
  ]
  const to = a === undefined ? tunnel : toInterface(a)
  const ends: readonly WantedEnd[] =
    vif && own
      ? [
          {
            vif,
            egress: egressOf(0, undefined, mtu),
            router: vifRouter(spec, snapshot, { position: 0, vif, own, way, to }),
          },
        ]
      : []
  const portRouters =
    b === undefined
      ? []
      : [portRouter(spec, snapshot, { end: 'b', port: b, peer: segment.peer, parts: [], to: tunnel })]
  const ethers: Ethers = { guest: own?.mac ?? '', far: far.mac }
  const value = vif && tableValue(segment, vif, ethers, isDirect(spec, vif, own))
  return {
    mtu,
    names: namesOf(spec),
    ends,
    ports,
    routers: [...portRouters, ...ends.map(({ router }) => router)],
    entries: [{ segment, nic, atNic, key: tableKey(segment), value }],
  }
}

/**
 * Whether the guest is right behind the vif: not where that is a tap, nor where Dom0 forwards for the node, before the vif, or its operator's Click looks at what comes, at the
 * vif's egress. What is handed over does not ask whether the vif is up.
 */
const isDirect = (
  { link, forwarded }: LinkSpec,
  { info, lowerNamespace }: Link,
  own: SliceInterface | undefined,
): boolean =>
  info?.kind === 'veth' &&
  lowerNamespace !== undefined &&
  forwarded?.[0] !== true &&
  !(own && own.click !== '' && takesBoth(own.click)) &&
  !link.down

/** Segment `a` comes in at port a, and what comes in there goes out by the other. */
export const relay = (
  spec: LinkSpec,
  snapshot: ClickSnapshot,
  mtu: number,
  segments: Readonly<Record<PortEnd, Segment>>,
): WantedLink => {
  const ports = wantedPorts(spec, [segments.a, segments.b], { a: segments.b, b: segments.a }, mtu)
  const ways = portEnds.map((end) => {
    const segment = segments[end]
    const nic = underlayNic(spec, segment, snapshot)
    const port = namedPort(ports, end, snapshot)
    const parts = carriesIpv4(segment) ? [ipv4Only] : []
    const atNic = segmentAtNic(segment, nic, mtu, snapshot, [{ vnet: spec.vnet, link: spec.link.id, end }])
    const to = toTunnel({ segment, nic, saidClass: atNic.saidClass })
    const value = tableValue(segment, port, relayEthers)
    return {
      router: portRouter(spec, snapshot, { end, port, peer: segment.peer, parts, to }),
      entry: { segment, nic, atNic, key: tableKey(segment), value },
    }
  })
  return {
    mtu,
    names: [],
    ends: [],
    ports,
    routers: ways.map(({ router }) => router),
    entries: ways.map(({ entry }) => entry),
  }
}

/** `leads`: where a router may lead into it, and say the class of its packets, now. */
const segmentAtNic = (
  segment: Segment,
  nic: Link,
  mtu: number,
  { traffic, nicRates, routers }: ClickSnapshot,
  leads: readonly RouterPlace[],
): SegmentPlan => {
  const found = leads.flatMap((place) => segmentIn(routers.get(routerName(place))?.info.text ?? '') ?? [])
  const told = found.find(({ nic: name, flow }) => name === nic.name && tableKey(flow) === tableKey(segment))
  return planAtNic({
    nic: nic.name,
    nicRate: nicRates.get(nic.name),
    state: traffic.get(nic.index),
    flow: flowOf(segment),
    rateBitsPerSecond: segment.rateBitsPerSecond,
    mtu,
    overheadBytes: overheadBytes(segment.technology, segment.local) ?? 0,
    toldClass: told?.saidClass,
    saysBestEffort: true,
    hasQueue: hasQueue(nic),
  })
}

const carriesIpv4 = ({ technology }: Segment): boolean => technologyNamed(technology)?.carries === 'ipv4'

/** Technologies behind whose headers Linux cuts no segments. */
const uncut: readonly string[] = ['etherip']

const needsPorts = ({ technology, rateBitsPerSecond, impairment }: Segment): boolean =>
  rateBitsPerSecond > 0 || isImpaired(impairment) || uncut.includes(technology)

/** `into`: the segment that what leaves each port goes into. */
const wantedPorts = (
  { vnet, link }: LinkSpec,
  segments: readonly Segment[],
  into: Readonly<Record<PortEnd, Segment | undefined>>,
  mtu: number,
): WantedPorts => {
  // Of a packet out of one tunnel the kernel would still cut segments as of that one.
  const cut = segments.some(({ technology }) => uncut.includes(technology) || technology !== segments[0]?.technology)
  const egress = (segment: Segment | undefined): Egress =>
    egressOf(segment?.rateBitsPerSecond ?? 0, segment?.impairment, mtu)
  return {
    names: { a: portName(vnet, link.id, 'a'), b: portName(vnet, link.id, 'b') },
    alias: linkMark(vnet, link.id, cut ? 'port cut' : 'port'),
    cut,
    egress: { a: egress(into.a), b: egress(into.b) },
  }
}
