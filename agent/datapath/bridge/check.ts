/** What a link must be like before anything is planned. Each failure is an error with a code, the link as its object. */
import { isIP } from 'node:net'
import type { Segment } from '../../../proto/generated/weft.v1.ts'
import { identifierRule, isIdentifier, technologies, technologyNamed } from '../../../proto/technologies.ts'
import type { Link } from '../../netlink/link/link.ts'
import { checkJoined, failLink as fail, fittingMtu } from '../check.ts'
import { askedNic, checkUnused } from '../claim.ts'
import type { LinkSpec } from '../driver.ts'
import { aliasMaxBytes, isServiceMark, linkMark } from '../mark.ts'
import { describeFlow } from '../underlay/flow.ts'
import { isForeignRoot } from '../underlay/pieces.ts'
import { formatNote, noteOf } from './note.ts'
import type { BridgeSnapshot } from './snapshot.ts'
import { occupant } from './tunnel.ts'
import { sharedBridge } from './uplink.ts'

/** Rules that one link keeps by itself. */
export const checkSpec = (spec: LinkSpec): void => {
  checkJoined(spec)
  for (const segment of spec.link.segments) checkSegment(spec, segment)
}

const checkSegment = (spec: LinkSpec, { technology, identifier, local, remote }: Segment): void => {
  const known = technologyNamed(technology)
  if (known === undefined || !known.datapaths.includes('bridge')) {
    const others = Object.values(technologies).filter(({ datapaths }) => datapaths.includes('bridge'))
    const hint = others.map(({ name }) => name).join(', ')
    fail(spec, 'datapath.unavailable', `the data path bridge has no technology "${technology}"`, hint)
    return
  }
  if (!isIdentifier(known, identifier)) {
    fail(spec, 'slice.invalid', `${known.identifier?.name ?? 'identifier'} ${identifier}`, identifierRule(known))
  }
  for (const address of known.crosses ? [local, remote] : []) {
    if (isIP(address) !== 4) fail(spec, 'slice.invalid', `outer address "${address}"`, 'an IPv4 address')
  }
}

/** The alias that a link's bridge and tunnels carry. */
export const markOf = (spec: LinkSpec, note: string): string => {
  const alias = linkMark(spec.vnet, spec.link.id, note)
  const length = Buffer.byteLength(alias)
  if (length > aliasMaxBytes) fail(spec, 'slice.invalid', `its mark has ${length} bytes`, `at most ${aliasMaxBytes}`)
  return alias
}

/** An interface that shall be made, or undefined where it is not there yet. Throws object.foreign where somebody else has the name. */
export const ownInterface = (spec: LinkSpec, name: string, snapshot: BridgeSnapshot): Link | undefined => {
  const link = snapshot.byName.get(name)
  if (link === undefined) return undefined
  const mark = snapshot.marks.get(name)
  const own = mark?.kind === 'link' && mark.vnet === spec.vnet && mark.id === spec.link.id
  return own
    ? link
    : fail(spec, 'object.foreign', `the interface ${name} is not ours`, `alias "${linkMark(spec.vnet, spec.link.id)}"`)
}

/** The underlay NIC of a segment, fit to carry it. */
export const underlayNic = (spec: LinkSpec, segment: Segment, snapshot: BridgeSnapshot): Link => {
  const nic = snapshot.byName.get(segment.nic)
  if (nic === undefined) return fail(spec, 'nic.unknown', `there is no interface "${segment.nic}" for its tunnel`)
  if (snapshot.marks.has(nic.name) || isServiceMark(nic.alias))
    fail(spec, 'nic.taken', `${nic.name} is part of a VNet itself`)
  if (snapshot.holders.has(nic.name)) fail(spec, 'nic.taken', `${nic.name} is given to another link`)
  if (isForeignRoot(snapshot.traffic.get(nic.index))) {
    fail(
      spec,
      'object.foreign',
      `${nic.name} has a root queueing discipline that is not ours`,
      `tc qdisc del dev ${nic.name} root, if nobody needs it`,
    )
  }
  if (nic.info?.kind === 'bridge' && nic.info.vlanFiltering && !isCrossing(segment)) {
    fail(
      spec,
      'datapath.unavailable',
      `${nic.name} is a bridge that filters VLANs, and would drop those of ${segment.technology}`,
      `one of its ports as the underlay, or ip link set ${nic.name} type bridge vlan_filtering 0`,
    )
  }
  checkOccupant(spec, segment, nic, snapshot)
  return nic
}

const isCrossing = ({ technology }: Segment): boolean => technologyNamed(technology)?.crosses ?? false

/** The kernel has one device of a VNI, a key, a VLAN. Another of ours that has it is an error of apply, since it may be going. */
const checkOccupant = (spec: LinkSpec, segment: Segment, nic: Link, { unmarked }: BridgeSnapshot): void => {
  const found = occupant(unmarked, segment, nic.index)
  if (found === undefined || isServiceMark(found.alias)) return
  fail(spec, 'object.foreign', `${describeFlow(segment)} belongs to ${found.name}, which is not ours`)
}

export const linkMtu = (spec: LinkSpec, snapshot: BridgeSnapshot): number =>
  fittingMtu(spec, (segment) => underlayNic(spec, segment, snapshot))

/** A physical interface that the link may have. Throws nic.unknown and nic.taken. */
export const freeNic = (spec: LinkSpec, bridge: string, snapshot: BridgeSnapshot): Link => {
  const nic = askedNic(spec, snapshot)
  const holder = snapshot.holders.get(nic.name)
  if (holder !== undefined && holder !== bridge) return fail(spec, 'nic.taken', `${nic.name} is given to another link`)
  // One that was away and came back may be somebody's by now.
  const isIn = holder === bridge && nic.master !== 0 && snapshot.byIndex.get(nic.master)?.name === bridge
  if (!isIn) checkUnused(spec, nic, snapshot)
  return nic
}

/** A physical interface that the link may share. Throws nic.unknown, nic.taken and, since its MTU is everybody's, mtu.too-small. */
export const sharedNic = (spec: LinkSpec, mtu: number, snapshot: BridgeSnapshot): Link => {
  const nic = freeNic(spec, sharedBridge(spec.nic), snapshot)
  if (nic.mtu >= mtu) return nic
  const hint = `at most ${nic.mtu}, or ip link set ${nic.name} mtu ${mtu}`
  return fail(spec, 'mtu.too-small', `${nic.name}, which it shares, has an MTU of ${nic.mtu}, not ${mtu}`, hint)
}

/** The note that a bridge keeps of the NIC that it takes. */
export const takenNote = (nic: Link): string => formatNote(noteOf(nic))
