/** Requests about links. Values only: route.ts sends them, alone or in a batch. */
import { parseMac } from '../codec/address.ts'
import { writeS32, writeU32 } from '../codec/byte-order.ts'
import { AttributeEncoder } from '../codec/encoder.ts'
import { encodeFields } from '../codec/fields.ts'
import { messageFlag } from '../codec/message.ts'
import type { Request } from '../socket/request.ts'
import { type BridgeSettings, bridgeFields } from './bridge.ts'
import { type BridgePortSettings, bridgePortFields } from './bridge-port.ts'
import { type GreSettings, greFields } from './gre.ts'
import { linkFlag } from './link.ts'
import { encodePeer } from './veth.ts'
import { type VlanSettings, vlanFields } from './vlan.ts'
import { type VxlanSettings, vxlanFields } from './vxlan.ts'

/** A link is named by its index or by its name. */
export type LinkRef = number | string

/** A network namespace: by the id of a process in it, or by an open descriptor of this process. */
export type NamespaceRef = { readonly pid: number } | { readonly fd: number }

/** What a link of any kind can be given, new or not. */
export interface LinkChange {
  readonly up?: boolean
  /** Whether it takes frames for any Ethernet address. */
  readonly promiscuous?: boolean
  /** Whether the host asks for Ethernet addresses there. */
  readonly arp?: boolean
  readonly mtu?: number
  readonly mac?: string
  /** Index of a bridge; 0: none. */
  readonly master?: number
  readonly transmitQueueLength?: number
  /** A number that links can be deleted by; 0 without it. */
  readonly group?: number
  /** Greatest packet that goes out before it is cut into its segments: bytes (`gso_max_size`; the kernel has a least value), and segments (`gso_max_segs`). */
  readonly uncut?: { readonly bytes: number; readonly segments: number }
  /** Moves it there, with all else that the change says. */
  readonly namespace?: NamespaceRef
}

/** Kinds that rtnetlink makes. A tap is made by native/netlink.ts, a macvlan and others by nobody here. */
export type NewKind =
  | ({ readonly kind: 'bridge' } & BridgeSettings)
  | ({ readonly kind: 'vxlan' } & VxlanSettings)
  /** Not all kernels have it. */
  | ({ readonly kind: 'gretap' } & GreSettings)
  /** On `lower`; not all kernels have it. */
  | ({ readonly kind: 'vlan' } & VlanSettings)
  /** Ends of no wire; not all kernels have it. */
  | { readonly kind: 'dummy' }
  /** A new peer cannot be up: the kernel would raise it before it has one (veth_open: ENOTCONN). */
  | { readonly kind: 'veth'; readonly peer: Omit<LinkChange, 'up'> & { readonly name: string } }

export interface NewLink extends LinkChange {
  readonly name: string
  /** Index of the interface below, of kinds that do not say it among their settings. */
  readonly lower?: number
  readonly info: NewKind
}

/** What only a link that is there can be given. */
export interface LinkSettings extends LinkChange {
  /** Renames it; it must be named by its index then. */
  readonly name?: string
  /** '' removes it. A new link takes none: it is set by a second request of the same batch. */
  readonly alias?: string
  /** IN6_ADDR_GEN_MODE_*: 0 EUI-64, 1 none: it never gives itself a link-local address. */
  readonly addressGeneration?: number
  /** As a port of the bridge that it is in already. */
  readonly port?: BridgePortSettings
  readonly info?: Exclude<NewKind, { readonly kind: 'veth' | 'vlan' }>
}

const rtm = { newLink: 16, deleteLink: 17, getLink: 18 } as const

/** struct ifinfomsg: u8 family, pad, u16 type, s32 index, u32 flags, u32 which flags to change. */
const header = (
  index: number,
  { up, promiscuous, arp }: Pick<LinkChange, 'up' | 'promiscuous' | 'arp'> = {},
): Buffer => {
  const bytes = Buffer.alloc(16)
  const change = (flag: number, isSet: boolean | undefined) => (isSet === undefined ? [] : [{ flag, isSet }])
  const changes = [
    ...change(linkFlag.up, up),
    ...change(linkFlag.promiscuous, promiscuous),
    ...change(linkFlag.noArp, arp === undefined ? undefined : !arp),
  ]
  const sum = (of: typeof changes): number => of.reduce((bits, { flag }) => bits | flag, 0)
  writeS32(bytes, index, 4)
  writeU32(bytes, sum(changes.filter(({ isSet }) => isSet)), 8)
  writeU32(bytes, sum(changes), 12)
  return bytes
}

const putChange = (encoder: AttributeEncoder, change: LinkChange): void => {
  const { mtu, mac, master, transmitQueueLength, group, uncut, namespace } = change
  if (mac !== undefined) encoder.bytes(1, parseMac(mac))
  if (mtu !== undefined) encoder.u32(4, mtu)
  if (master !== undefined) encoder.u32(10, master)
  if (transmitQueueLength !== undefined) encoder.u32(13, transmitQueueLength)
  if (group !== undefined) encoder.u32(27, group)
  if (uncut !== undefined) encoder.u32(40, uncut.segments).u32(41, uncut.bytes)
  if (namespace !== undefined && 'pid' in namespace) encoder.u32(19, namespace.pid)
  if (namespace !== undefined && 'fd' in namespace) encoder.u32(28, namespace.fd)
}

/** IFLA_LINKINFO: kind, then data. */
const putInfo = (encoder: AttributeEncoder, info: NewKind): void => {
  encoder.nested(18, (inner) => {
    inner.string(1, info.kind)
    inner.nested(2, (data) => {
      if (info.kind === 'bridge') encodeFields(data, bridgeFields, info)
      else if (info.kind === 'vxlan') encodeFields(data, vxlanFields, info)
      else if (info.kind === 'gretap') encodeFields(data, greFields, info)
      else if (info.kind === 'vlan') encodeFields(data, vlanFields, info)
      else if (info.kind === 'veth') {
        const { name, ...peer } = info.peer
        encodePeer(data, header(0), (end) => {
          end.string(3, name)
          putChange(end, peer)
        })
      }
    })
  })
}

/** `ip link add NAME type KIND …`; EEXIST where there is one. */
export const addLink = (link: NewLink): Request => {
  const encoder = new AttributeEncoder().fixed(header(0, link)).string(3, link.name)
  if (link.lower !== undefined) encoder.u32(5, link.lower)
  putChange(encoder, link)
  putInfo(encoder, link.info)
  return {
    type: rtm.newLink,
    flags: messageFlag.create | messageFlag.exclusive,
    body: encoder.finish(),
    operation: 'link add',
    subject: `${link.name} type ${link.info.kind}`,
  }
}

/** `ip link set X …`; ENODEV where there is none. */
export const setLink = (link: LinkRef, settings: LinkSettings): Request => {
  const encoder = new AttributeEncoder().fixed(header(typeof link === 'number' ? link : 0, settings))
  const name = typeof link === 'string' ? link : settings.name
  if (name !== undefined) encoder.string(3, name)
  putChange(encoder, settings)
  // An alias of no bytes is removed; a final zero would be part of it.
  if (settings.alias !== undefined) encoder.bytes(20, Buffer.from(settings.alias))
  if (settings.addressGeneration !== undefined) putAddressGeneration(encoder, settings.addressGeneration)
  if (settings.port !== undefined) putPort(encoder, settings.port)
  if (settings.info !== undefined) putInfo(encoder, settings.info)
  return { type: rtm.newLink, flags: 0, body: encoder.finish(), operation: 'link set', subject: String(link) }
}

/** IFLA_AF_SPEC → AF_INET6 (10) → IFLA_INET6_ADDR_GEN_MODE (8): `ip link set X addrgenmode none`. */
const putAddressGeneration = (encoder: AttributeEncoder, mode: number): void => {
  encoder.nested(26, (families) => families.nested(10, (inet6) => inet6.u8(8, mode)))
}

const putPort = (encoder: AttributeEncoder, port: BridgePortSettings): void => {
  encoder.nested(18, (inner) => {
    inner.string(4, 'bridge')
    inner.nested(5, (data) => encodeFields(data, bridgePortFields, port))
  })
}

/** `ip link del X`; ENODEV where there is none. */
export const deleteLink = (link: LinkRef): Request => ({
  ...oneLink(rtm.deleteLink, link),
  operation: 'link del',
  subject: String(link),
})

/** `ip link del group N`: all links of the group at once, which takes the kernel no longer than one; ENODEV where there is none. */
export const deleteGroup = (group: number): Request => ({
  type: rtm.deleteLink,
  flags: 0,
  body: new AttributeEncoder().fixed(header(0)).u32(27, group).finish(),
  operation: 'link del group',
  subject: String(group),
})

/** `ip link show X`; ENODEV where there is none. */
export const getLink = (link: LinkRef): Request => ({
  ...oneLink(rtm.getLink, link),
  operation: 'link show',
  subject: String(link),
})

const oneLink = (type: number, link: LinkRef): Pick<Request, 'type' | 'flags' | 'body'> => {
  const encoder = new AttributeEncoder().fixed(header(typeof link === 'number' ? link : 0))
  if (typeof link === 'string') encoder.string(3, link)
  return { type, flags: 0, body: encoder.finish() }
}

/** RTEXT_FILTER_SKIP_STATS: counters are most of a link's bytes. */
const withoutCounters = 1 << 3

/** `ip link show`, as a dump. */
export const dumpLinks = (counters: boolean): Request => {
  const encoder = new AttributeEncoder().fixed(header(0))
  if (!counters) encoder.u32(29, withoutCounters)
  return { type: rtm.getLink, flags: 0, body: encoder.finish(), operation: 'link show', subject: '' }
}
