/**
 * Pure: what a link consists of on this host: vifs and their routers, a pair of ports and theirs, and lines in the tables of underlay NICs.
 *
 *     two ends          vif1 ─router─▶ vif2, and back
 *     the same, ports   vif1 ─router─▶ port a ═ port b ─router─▶ vif2, and back
 *     end and segment   vif ─router, tunnel─▶ NIC               NIC ─table─▶ vif
 *     the same, ports   vif ─router─▶ port a ═ port b ─router, tunnel─▶ NIC
 *     two segments      NIC 1 ─table─▶ port a ═ port b ─router, tunnel 2─▶ NIC 2
 *                       NIC 2 ─table─▶ port b ═ port a ─router, tunnel 1─▶ NIC 1
 *
 * Between two ends they are there where Dom0 forwards for one: what it takes before the vif has to be limited before, too.
 * Ports are where guests' frames are limited: what leaves a is what the link lets go, exact to the byte, whatever the tunnel adds.
 */
import { takesBoth } from '../../../click/own.ts'
import type { Impairment, Segment, SliceInterface } from '../../../proto/generated/weft.v1.ts'
import { overheadBytes, technologyNamed } from '../../../proto/technologies.ts'
import { type Link, linkFlag } from '../../netlink/link/link.ts'
import { isNoteOf, noteOf } from '../bridge/note.ts'
import { uplinkName } from '../bridge/uplink.ts'
import { ownVif } from '../check.ts'
import type { LinkSpec } from '../driver.ts'
import { type Egress, egressOf, isImpaired } from '../egress.ts'
import { linkMark } from '../mark.ts'
import { hasQueue } from '../nics.ts'
import { flowOf } from '../underlay/flow.ts'
import { planAtNic, type SegmentPlan } from '../underlay/plan.ts'
import { freeNic, linkMtu, underlayNic } from './check.ts'
import { nicRouterName, type PortEnd, portEnds, portName, type RouterPlace, routerName } from './names.ts'
import type { ClickSnapshot } from './snapshot.ts'
import { type Ethers, relayEthers, type TableValue, tableKey, tableValue } from './table.ts'
import { givenText, noteIn } from './text/given.ts'
import { ipv4Only, ipv4WithArp } from './text/ipv4-only.ts'
import { isLoss, lossPart } from './text/loss.ts'
import { makesCopies } from './text/own.ts'
import type { Named, Part, Sink } from './text/part.ts'
import { portText } from './text/port.ts'
import { nowhereYet, segmentIn, toInterface, toTunnel } from './text/tunnel.ts'
import { vifText } from './text/vif.ts'

export interface WantedLink {
  readonly mtu: number
  /** `NODE.IF` of the ends that this driver has, there or not. */
  readonly names: readonly string[]
  /** Vifs of them that are there. */
  readonly ends: readonly WantedEnd[]
  readonly ports: WantedPorts | undefined
  readonly routers: readonly WantedRouter[]
  readonly entries: readonly WantedEntry[]
  /** A physical interface that the link has for itself, and its router. */
  readonly given?: { readonly nic: Link; readonly router: WantedRouter }
}

export interface WantedEnd {
  readonly router: WantedRouter
  readonly vif: Link
  /** undefined where another data path joins the vif, and sets and limits it. */
  readonly egress: Egress | undefined
}

export interface WantedPorts {
  readonly names: Readonly<Record<PortEnd, string>>
  readonly alias: string
  /** Whether segments are cut before them. */
  readonly cut: boolean
  readonly egress: Readonly<Record<PortEnd, Egress>>
}

export interface WantedRouter {
  readonly place: RouterPlace
  /** Interface whose packets it takes. */
  readonly device: string
  readonly text: string
}

export interface WantedEntry {
  readonly segment: Segment
  readonly nic: Link
  /** Its queueing. */
  readonly atNic: SegmentPlan
  readonly key: string
  /** undefined while its vif is not there. */
  readonly value: TableValue | undefined
}

/** Throws as DatapathDriver.plan says. */
export const wantedLink = (spec: LinkSpec, snapshot: ClickSnapshot): WantedLink => {
  const mtu = linkMtu(spec, snapshot)
  if (spec.shared) return beside(spec, snapshot, mtu)
  if (spec.nic !== '') return onNic(spec, snapshot, mtu)
  const [first, second] = spec.link.segments
  if (first === undefined) return betweenVifs(spec, snapshot, mtu)
  return second === undefined
    ? fromVif(spec, snapshot, mtu, first)
    : relay(spec, snapshot, mtu, { a: first, b: second })
}

const ours = 'click'

/** Of two ends that ask for different data paths this one has a router alone: the bridge joins both vifs. */
const isMixed = ({ interfaces }: LinkSpec): boolean =>
  interfaces.length === 2 && interfaces.filter(({ forwarding }) => forwarding === ours).length === 1

const isOurs = (spec: LinkSpec, position: number): boolean =>
  !isMixed(spec) || spec.interfaces[position]?.forwarding === ours

const namesOf = (spec: LinkSpec): readonly string[] =>
  spec.link.ends.flatMap((_, position) => (isOurs(spec, position) ? [endName(spec, position)] : []))

const endName = ({ link }: LinkSpec, position: number): string => {
  const end = link.ends[position]
  return `${end?.node}.${end?.interface}`
}

const betweenVifs = (spec: LinkSpec, snapshot: ClickSnapshot, mtu: number): WantedLink => {
  if (isLimitedBefore(spec)) return betweenPorts(spec, snapshot, mtu)
  const vifs = spec.vifs.map((vif) => ownVif(spec, vif, snapshot))
  const mixed = isMixed(spec)
  const ends = vifs.flatMap((vif, position): WantedEnd[] => {
    const own = spec.interfaces[position]
    if (vif === undefined || own === undefined || !isOurs(spec, position)) return []
    const peer = vifs[1 - position]
    const end = spec.link.ends[position]
    const egress = mixed ? undefined : egressOf(end?.rateBitsPerSecond ?? 0, byKernel(end?.impairment, snapshot), mtu)
    const to = peer === undefined ? nowhereYet : toInterface(peer)
    const way = mixed ? [] : lossWay(spec.link.ends[1 - position]?.impairment, snapshot)
    return [{ vif, egress, router: vifRouter(spec, snapshot, { position, vif, own, way, to }) }]
  })
  return { mtu, names: namesOf(spec), ends, ports: undefined, routers: ends.map(({ router }) => router), entries: [] }
}

/** Of a direction towards a node that Dom0 forwards for: what it takes does not come to the vif's queueing. */
const isLimitedBefore = (spec: LinkSpec): boolean =>
  !isMixed(spec) &&
  spec.link.ends.some(
    ({ rateBitsPerSecond, impairment }, position) =>
      spec.forwarded?.[position] === true && (rateBitsPerSecond > 0 || isImpaired(impairment)),
  )

/** What the first end sends goes in by port a and out by b's router; what the second one sends the other way. */
const betweenPorts = (spec: LinkSpec, snapshot: ClickSnapshot, mtu: number): WantedLink => {
  const { vnet, link } = spec
  const towards = (position: number): Egress => {
    const end = link.ends[position]
    return egressOf(end?.rateBitsPerSecond ?? 0, byKernel(end?.impairment, snapshot), mtu)
  }
  const ports: WantedPorts = {
    names: { a: portName(vnet, link.id, 'a'), b: portName(vnet, link.id, 'b') },
    alias: linkMark(vnet, link.id, 'port'),
    cut: false,
    egress: { a: towards(1), b: towards(0) },
  }
  const vifs = spec.vifs.map((vif) => ownVif(spec, vif, snapshot))
  const ends = vifs.flatMap((vif, position): WantedEnd[] => {
    const own = spec.interfaces[position]
    if (vif === undefined || own === undefined) return []
    const to = toInterface(namedPort(ports, position === 0 ? 'a' : 'b', snapshot))
    const way = lossWay(link.ends[1 - position]?.impairment, snapshot)
    const egress = egressOf(0, undefined, mtu)
    return [{ vif, egress, router: vifRouter(spec, snapshot, { position, vif, own, way, to }) }]
  })
  const portRouters = portEnds.map((end, position) => {
    const vif = vifs[position]
    const to = vif === undefined ? nowhereYet : toInterface(vif)
    const port = namedPort(ports, end, snapshot)
    return portRouter(spec, snapshot, { end, port, peer: endName(spec, position), parts: [], to })
  })
  return {
    mtu,
    names: namesOf(spec),
    ends,
    ports,
    routers: [...portRouters, ...ends.map(({ router }) => router)],
    entries: [],
  }
}

/** What an interface's queueing does of it. */
const byKernel = (impairment: Impairment | undefined, { noNetem }: ClickSnapshot): Impairment | undefined =>
  impairment && noNetem !== undefined && isLoss(impairment) ? undefined : impairment

/** What the router of who sends does of it. */
const lossWay = (impairment: Impairment | undefined, snapshot: ClickSnapshot): readonly Part[] =>
  impairment && isImpaired(impairment) && byKernel(impairment, snapshot) === undefined ? [lossPart(impairment)] : []

interface VifPlace {
  readonly position: number
  readonly vif: Named
  readonly own: SliceInterface
  readonly way: readonly Part[]
  readonly to: Sink
}

const vifRouter = (
  spec: LinkSpec,
  { attach }: ClickSnapshot,
  { position, vif, own, way, to }: VifPlace,
): WantedRouter => {
  const place = { vnet: spec.vnet, link: spec.link.id, end: endName(spec, position) }
  return { place, device: vif.name, text: vifText({ ...place, vif, own, way, to, attach }) }
}

/** Of a NIC that links share a bridge joins all: the vif has its router, which leads into the link's way there. */
const beside = (spec: LinkSpec, snapshot: ClickSnapshot, mtu: number): WantedLink => {
  const [vif] = spec.vifs.map((name) => ownVif(spec, name, snapshot))
  const [own] = spec.interfaces
  const way = snapshot.byName.get(uplinkName(spec.vnet, spec.link.id, 'a'))
  const to = way === undefined ? nowhereYet : toInterface(way)
  const ends: readonly WantedEnd[] =
    vif && own
      ? [{ vif, egress: undefined, router: vifRouter(spec, snapshot, { position: 0, vif, own, way: [], to }) }]
      : []
  const routers = ends.map(({ router }) => router)
  return { mtu, names: namesOf(spec), ends, ports: undefined, routers, entries: [] }
}

/** A link to whatever the physical interface leads to. */
const onNic = (spec: LinkSpec, snapshot: ClickSnapshot, mtu: number): WantedLink => {
  const nic = freeNic(spec, snapshot)
  const [vif] = spec.vifs.map((name) => ownVif(spec, name, snapshot))
  const [own] = spec.interfaces
  const found = snapshot.given.get(nic.name)
  const kept = found && noteIn(found.info.text)
  const router: WantedRouter = {
    place: { vnet: spec.vnet, link: spec.link.id, end: nicRouterName(nic.name) },
    device: nic.name,
    text: givenText({
      vnet: spec.vnet,
      link: spec.link.id,
      nic,
      note: kept && isNoteOf(kept, nic) ? kept : { ...noteOf(nic), promiscuous: isPromiscuous(nic) },
      to: vif === undefined ? nowhereYet : toInterface(vif),
      attach: snapshot.attach,
    }),
  }
  const ends: readonly WantedEnd[] =
    vif && own
      ? [
          {
            vif,
            egress: egressOf(0, undefined, mtu),
            router: vifRouter(spec, snapshot, { position: 0, vif, own, way: [], to: toInterface(nic) }),
          },
        ]
      : []
  return {
    mtu,
    names: namesOf(spec),
    ends,
    ports: undefined,
    routers: [router, ...ends.map((end) => end.router)],
    entries: [],
    given: { nic, router },
  }
}

export const isPromiscuous = ({ flags }: Link): boolean => (flags & linkFlag.promiscuous) !== 0

/** A link to another host. */
const fromVif = (spec: LinkSpec, snapshot: ClickSnapshot, mtu: number, asked: Segment): WantedLink => {
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
const relay = (
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

/** Ports that have to be made anew have no numbers yet. */
const namedPort = (ports: WantedPorts, end: PortEnd, snapshot: ClickSnapshot): Named => {
  const name = ports.names[end]
  return { name, index: arePorts(ports, snapshot) ? snapshot.byName.get(name)?.index : undefined }
}

/** Whether the pair is there as it shall be made. */
export const arePorts = ({ names, alias }: WantedPorts, { byName }: ClickSnapshot): boolean => {
  const [a, b] = [byName.get(names.a), byName.get(names.b)]
  return (
    a?.info?.kind === 'veth' &&
    b?.info?.kind === 'veth' &&
    a.lower === b.index &&
    b.lower === a.index &&
    a.alias === alias &&
    b.alias === alias
  )
}

interface PortPlace {
  readonly end: PortEnd
  readonly port: Named
  /** Host, or end, that frames go to next. */
  readonly peer: string
  readonly parts: readonly Part[]
  readonly to: Sink
}

const portRouter = (
  { vnet, link }: LinkSpec,
  { attach }: ClickSnapshot,
  { end, port, peer, parts, to }: PortPlace,
): WantedRouter => ({
  place: { vnet, link: link.id, end },
  device: port.name,
  text: portText({ vnet, link: link.id, port, peer, parts, to, attach }),
})
