/**
 * What a segment is in the kernel: a device of which the frames that leave go into the tunnel, and those that come out of it come in.
 *
 *     vxlan    a vxlan device by VNI
 *     gre      a gretap device by key
 *     vlan     an 802.1Q device on the underlay NIC
 *     qinq     an 802.1Q device on an 802.1ad one, the service device, which all links of that service id share
 *
 * A NIC whose driver strips tags, or sets them, is no other matter: 802.1Q devices take them from beside the frame as from within it.
 */

import type { Segment } from '../../../proto/generated/weft.v1.ts'
import { qinqIdentifier, qinqTags } from '../../../proto/technologies.ts'
import { greFlag } from '../../netlink/link/gre.ts'
import type { Link } from '../../netlink/link/link.ts'
import type { NewKind } from '../../netlink/link/requests.ts'
import { vlanProtocol } from '../../netlink/link/vlan.ts'
import type { Interfaces } from '../interfaces.ts'
import { isServiceMark } from '../mark.ts'
import { type Flow, vxlanPort } from '../underlay/flow.ts'
import type { GretapChange, VxlanChange } from './operation.ts'

/** Of a segment, what its device is made of. */
export type TunnelEnds = Pick<Segment, 'technology' | 'identifier' | 'local' | 'remote'>

/** Outer packets are never fragmented, neither here nor on the way. */
const ttl = 64
/** `nolearning ttl 64 df set`. */
export const vxlanSettings = { learning: false, ttl, dontFragment: 1 } as const
const gretapSettings = { ttl, dontFragment: true } as const

/** A new device, and the index of the interface that it is on, where its kind does not say it itself. */
export const tunnelKind = (ends: TunnelEnds, lower: number): { readonly info: NewKind; readonly lower?: number } => {
  const { technology, identifier, local, remote } = ends
  switch (technology) {
    case 'gre':
      return { info: { kind: 'gretap', ...gretapOf({ ...gretapSettings, key: identifier, local, remote }), lower } }
    case 'vlan':
      return { info: { kind: 'vlan', identifier, protocol: vlanProtocol.customer }, lower }
    case 'qinq': {
      const { customer } = qinqTags(identifier)
      return { info: { kind: 'vlan', identifier: customer, protocol: vlanProtocol.customer }, lower }
    }
    default:
      return { info: { kind: 'vxlan', identifier, local, remote, lower, port: vxlanPort, ...vxlanSettings } }
  }
}

/** Both directions of a tunnel have one key. */
export const gretapOf = ({ key, local, remote, ttl, dontFragment }: Omit<GretapChange, 'nic'>) => ({
  inFlags: greFlag.key,
  outFlags: greFlag.key,
  inKey: key,
  outKey: key,
  local,
  remote,
  ttl,
  dontFragment,
})

/** Whether a device is the segment's, but for what can be changed while it carries traffic; `lower` is what it has to be on. */
export const isTunnelOf = (link: Link, { technology, identifier }: TunnelEnds, lower: number): boolean => {
  const { info } = link
  switch (technology) {
    case 'vxlan':
      return info?.kind === 'vxlan' && info.identifier === identifier && info.port === vxlanPort
    case 'gre':
      return info?.kind === 'gretap'
    default:
      return isVlan(link, technology === 'qinq' ? qinqTags(identifier).customer : identifier, 'customer', lower)
  }
}

const isVlan = (link: Link, id: number, tag: keyof typeof vlanProtocol, on: number): boolean =>
  link.info?.kind === 'vlan' &&
  link.info.identifier === id &&
  link.info.protocol === vlanProtocol[tag] &&
  lowerOf(link) === on

/** Index of what an interface is on, where that is in this namespace: another one may have the same numbers. */
const lowerOf = ({ lower, lowerNamespace }: Link): number => (lowerNamespace === undefined ? lower : 0)

/** What can be changed of a tunnel, as it shall be. Nothing can of a VLAN. */
export const wantedTunnel = (ends: TunnelEnds, nic: string): { vxlan?: VxlanChange; gretap?: GretapChange } => {
  const { technology, identifier, local, remote } = ends
  if (technology === 'vxlan') return { vxlan: { local, remote, nic, ...vxlanSettings } }
  return technology === 'gre' ? { gretap: { key: identifier, local, remote, nic, ...gretapSettings } } : {}
}

/** The same as it is. */
export const observedTunnel = ({ info }: Link, nic: string): { vxlan?: VxlanChange; gretap?: GretapChange } => {
  if (info?.kind === 'vxlan') return { vxlan: { ...info, nic } }
  if (info?.kind !== 'gretap') return {}
  const { inFlags, outFlags, inKey = 0, outKey, local = '', remote = '', ttl: hops = 0, dontFragment = false } = info
  // Anything else than one key for both directions is none that could be asked for.
  const isKeyed = inFlags === greFlag.key && outFlags === greFlag.key && inKey === outKey
  return { gretap: { key: isKeyed ? inKey : 0, local, remote, nic, ttl: hops, dontFragment } }
}

type ByIndex = Interfaces['byIndex']

const isService = (link: Link | undefined): link is Link => link?.info?.kind === 'vlan' && isServiceMark(link.alias)

/** Underlay NIC of a tunnel; undefined of what is no tunnel. */
export const nicOf = (link: Link, byIndex: ByIndex): Link | undefined => {
  const { info } = link
  if (info?.kind === 'vxlan' || info?.kind === 'gretap') return byIndex.get(info.lower ?? 0)
  if (info?.kind !== 'vlan') return undefined
  const below = byIndex.get(lowerOf(link))
  return isService(below) ? byIndex.get(lowerOf(below)) : below
}

/** What tells its packets; undefined of what is no tunnel. */
export const tunnelFlow = (link: Link, byIndex: ByIndex): Flow | undefined => {
  const { info } = link
  const flow = (technology: string, identifier: number): Flow => ({ technology, identifier, local: '', remote: '' })
  if (info?.kind === 'vxlan') return flow('vxlan', info.identifier ?? 0)
  if (info?.kind === 'gretap') return flow('gre', info.inKey ?? 0)
  if (info?.kind !== 'vlan') return undefined
  const customer = info.identifier ?? 0
  const below = byIndex.get(lowerOf(link))
  if (below?.info?.kind !== 'vlan' || !isService(below)) return flow('vlan', customer)
  return flow('qinq', qinqIdentifier({ service: below.info.identifier ?? 0, customer }))
}

/** The 802.1ad device of a service id on a NIC, whoever made it. */
export const findService = (interfaces: readonly Link[], service: number, nic: number): Link | undefined =>
  interfaces.find((link) => isVlan(link, service, 'service', nic))

/** Service devices of ours that nothing is on. */
export const idleServices = (interfaces: readonly Link[], { above }: Pick<Interfaces, 'above'>): readonly Link[] =>
  interfaces.filter((link) => isService(link) && (above.get(link.index) ?? []).length === 0)

/** A device that is in the segment's way: the kernel has one of its kind with these numbers. */
export const occupant = (interfaces: readonly Link[], ends: TunnelEnds, nic: number): Link | undefined => {
  const { technology, identifier, local, remote } = ends
  return interfaces.find((link) => {
    const { info } = link
    if (technology === 'vxlan')
      return info?.kind === 'vxlan' && info.identifier === identifier && info.port === vxlanPort
    if (technology === 'gre') {
      const isSame = info?.kind === 'gretap' && info.inKey === identifier
      return isSame && info.local === local && info.remote === remote
    }
    if (technology === 'vlan') return isVlan(link, identifier, 'customer', nic)
    return isVlan(link, qinqTags(identifier).service, 'service', nic)
  })
}
