/** Pure: links that do not leave this host but by a physical interface: between two vifs, and from a vif to an interface given to it. */
import { type Link, linkFlag } from '../../netlink/link/link.ts'
import { isNoteOf, noteOf } from '../bridge/note.ts'
import { uplinkName } from '../bridge/uplink.ts'
import { ownVif } from '../check.ts'
import type { LinkSpec } from '../driver.ts'
import { type Egress, egressOf, isImpaired } from '../egress.ts'
import { linkMark } from '../mark.ts'
import { freeNic } from './check.ts'
import { nicRouterName, portEnds, portName } from './names.ts'
import type { ClickSnapshot } from './snapshot.ts'
import { givenText, noteIn } from './text/given.ts'
import { nowhereYet, toInterface } from './text/tunnel.ts'
import type { WantedEnd, WantedLink, WantedPorts, WantedRouter } from './wanted.ts'
import {
  byKernel,
  endName,
  isMixed,
  isOurs,
  lossWay,
  namedPort,
  namesOf,
  portRouter,
  vifRouter,
} from './wanted-parts.ts'

export const betweenVifs = (spec: LinkSpec, snapshot: ClickSnapshot, mtu: number): WantedLink => {
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

/** Of a NIC that links share a bridge joins all: the vif has its router, which leads into the link's way there. */
export const beside = (spec: LinkSpec, snapshot: ClickSnapshot, mtu: number): WantedLink => {
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
export const onNic = (spec: LinkSpec, snapshot: ClickSnapshot, mtu: number): WantedLink => {
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
