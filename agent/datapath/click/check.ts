/** What a link must be like for this data path to build it. Each failure is an error with a code, the link as its object. */
import { isIPv4 } from 'node:net'
import type { Segment } from '../../../proto/generated/weft.v1.ts'
import { identifierRule, isIdentifier, technologyNamed } from '../../../proto/technologies.ts'
import type { Link } from '../../netlink/link/link.ts'
import { checkJoined, failLink, fittingMtu } from '../check.ts'
import { askedNic, checkUnused } from '../claim.ts'
import type { LinkSpec } from '../driver.ts'
import { isForeignRoot } from '../underlay/pieces.ts'
import { checkOwnClick } from './own/check.ts'
import type { ClickSnapshot } from './snapshot.ts'

const macPattern = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i

/** Rules that a link keeps by itself. Throws slice.invalid, datapath.unavailable, config.invalid of own Click. */
export const checkSpec = (spec: LinkSpec): void => {
  checkJoined(spec)
  for (const [position, { node, interface: index }] of spec.link.ends.entries()) {
    if (macPattern.test(spec.interfaces[position]?.mac ?? '')) continue
    const message = `interface ${node}.${index} has no MAC address`
    failLink(spec, 'slice.invalid', message, 'one: frames from other addresses are dropped')
  }
  for (const segment of spec.link.segments) checkSegment(spec, segment)
  checkOwnClick(spec)
}

const checkSegment = (spec: LinkSpec, segment: Segment): void => {
  const { identifier, local, remote, nextHop, remoteMac } = segment
  const technology = technologyNamed(segment.technology)
  if (technology === undefined || !technology.datapaths.includes('click')) {
    failLink(spec, 'datapath.unavailable', `the data path click has no technology "${segment.technology}"`)
    return
  }
  const { name } = technology
  const invalid = (what: string, hint: string): never => failLink(spec, 'slice.invalid', what, hint)
  if (!isIdentifier(technology, identifier))
    invalid(`the identifier ${identifier} of ${name}`, identifierRule(technology))
  for (const address of technology.crosses ? [local, remote] : []) {
    if (!isIPv4(address)) invalid(`outer address "${address}"`, 'an IPv4 address')
  }
  if (nextHop !== '' && !isIPv4(nextHop)) invalid(`next hop "${nextHop}"`, 'an IPv4 address, or none')
  if (name === 'mpls' && !macPattern.test(remoteMac)) invalid(`remote MAC "${remoteMac}"`, "that of the peer's NIC")
  const isEnd = spec.link.ends.length > 0
  if (technology.carries === 'ipv4' && isEnd && !macPattern.test(spec.link.far?.mac ?? '')) {
    invalid(`${name} without the far end's MAC address`, 'link.far: nothing that crosses the tunnel could tell it')
  }
}

/** The underlay NIC of a segment, fit to carry it. Throws nic.unknown, nic.taken. */
export const underlayNic = (
  spec: LinkSpec,
  segment: Segment,
  { byName, marks, holders, given, traffic }: ClickSnapshot,
): Link => {
  const nic = byName.get(segment.nic)
  if (nic === undefined) return failLink(spec, 'nic.unknown', `there is no interface "${segment.nic}" for its tunnel`)
  if (marks.has(nic.name)) failLink(spec, 'nic.taken', `${nic.name} is part of a VNet itself`)
  if (holders.has(nic.name) || given.has(nic.name)) failLink(spec, 'nic.taken', `${nic.name} is given to another link`)
  if (isForeignRoot(traffic.get(nic.index))) {
    const message = `${nic.name} has a root queueing discipline that is not ours`
    failLink(spec, 'object.foreign', message, `tc qdisc del dev ${nic.name} root, if nobody needs it`)
  }
  return nic
}

/** A physical interface that the link may have for itself. Throws nic.unknown and nic.taken. */
export const freeNic = (spec: LinkSpec, snapshot: ClickSnapshot): Link => {
  const nic = askedNic(spec, snapshot)
  const holder = snapshot.given.get(nic.name)
  const isOurs = holder?.vnet === spec.vnet && holder.link === spec.link.id
  const bridge = snapshot.marks.get(snapshot.holders.get(nic.name) ?? '')
  // The bridge gives it back first.
  if (bridge?.vnet === spec.vnet && bridge.id === spec.link.id) return nic
  if ((holder !== undefined && !isOurs) || bridge !== undefined)
    failLink(spec, 'nic.taken', `${nic.name} is given to another link`)
  if (snapshot.switches.has(nic.name)) failLink(spec, 'nic.taken', `${nic.name} carries tunnels of links`)
  checkUnused(spec, nic, snapshot)
  return nic
}

export const linkMtu = (spec: LinkSpec, snapshot: ClickSnapshot): number =>
  fittingMtu(spec, (segment) => underlayNic(spec, segment, snapshot))
