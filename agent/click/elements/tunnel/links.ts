/** LinkSwitch's table: a hash map of the kernel's. Programs look links up and count in their values; handlers change them. */
import { type EtherAddress, formatEtherAddress, formatIpAddress } from '../../../../click/arguments/addresses.ts'
import { type ArgumentType, isRefusal } from '../../../../click/arguments/types.ts'
import { type LinkEntry, type LinkKey, linkEntry, linkKey } from '../../../../click/elements/link-switch.ts'
import { BpfError } from '../../../ebpf/error.ts'
import type { ElementMap } from '../../compile/element.ts'
import { type ElementState, HandlerError, type HandlerTable } from '../../handlers.ts'

export const mostLinks = 131_072

/** What a key begins with. */
export const kinds = { vxlan: 1, gre: 2, 'gre with key': 3, etherip: 4, ipip: 5, mpls: 6, vlan: 7, qinq: 8 } as const

/** Bits of a VLAN identifier; of a qinq that of the service stands before that of the customer. */
export const vlanBits = 12
const vlanMask = (1 << vlanBits) - 1

/** Offsets: a kind; a VNI, key, label or VLAN identifiers; the outer addresses, as they are in the packet. */
export const keyLayout = { kind: 0, identifier: 4, remote: 8, local: 12, bytes: 16 } as const
/** Offsets: the interface; 1 where packets go to its peer at once; the counts; the Ethernet header of ipip, which begins with the guest's address. */
export const valueLayout = { device: 0, peer: 4, packets: 8, byteCount: 16, ether: 24, bytes: 40 } as const

export const linksMap: ElementMap = {
  kind: 'hash',
  keyBytes: keyLayout.bytes,
  valueBytes: valueLayout.bytes,
  entries: { count: mostLinks },
  sparse: true,
}

/** A link without outer addresses. */
type NumberedLink = Extract<LinkKey, { readonly technology: 'mpls' | 'vlan' | 'qinq' }>

const isNumbered = (link: LinkKey): link is NumberedLink =>
  link.technology === 'mpls' || link.technology === 'vlan' || link.technology === 'qinq'

/** As a processor has it. */
const numberOf = (link: NumberedLink): number => {
  switch (link.technology) {
    case 'mpls':
      return link.label
    case 'vlan':
      return link.id
    case 'qinq':
      return (link.service << vlanBits) | link.customer
  }
}

export const encodeKey = (link: LinkKey): Buffer => {
  const key = Buffer.alloc(keyLayout.bytes)
  const kind = link.technology === 'gre' && link.key !== undefined ? 'gre with key' : link.technology
  key.writeUInt32LE(kinds[kind], keyLayout.kind)
  if (isNumbered(link)) {
    key.writeUInt32LE(numberOf(link), keyLayout.identifier)
    return key
  }
  // A VNI stands in the upper three bytes of its word.
  if (link.technology === 'vxlan') key.writeUInt32BE((link.vni << 8) >>> 0, keyLayout.identifier)
  if (link.technology === 'gre') key.writeUInt32BE(link.key ?? 0, keyLayout.identifier)
  key.writeUInt32BE(link.remote, keyLayout.remote)
  key.writeUInt32BE(link.local, keyLayout.local)
  return key
}

const decodeKey = (key: Buffer): LinkKey => {
  const kind = key.readUInt32LE(keyLayout.kind)
  const remote = key.readUInt32BE(keyLayout.remote)
  const local = key.readUInt32BE(keyLayout.local)
  const identifier = key.readUInt32BE(keyLayout.identifier)
  const number = key.readUInt32LE(keyLayout.identifier)
  switch (kind) {
    case kinds.vxlan:
      return { technology: 'vxlan', vni: identifier >>> 8, remote, local }
    case kinds.gre:
      return { technology: 'gre', key: undefined, remote, local }
    case kinds['gre with key']:
      return { technology: 'gre', key: identifier, remote, local }
    case kinds.mpls:
      return { technology: 'mpls', label: number }
    case kinds.vlan:
      return { technology: 'vlan', id: number }
    case kinds.qinq:
      return { technology: 'qinq', service: number >>> vlanBits, customer: number & vlanMask }
    default:
      return { technology: kind === kinds.ipip ? 'ipip' : 'etherip', remote, local }
  }
}

const formatKey = (link: LinkKey): string => {
  if (link.technology === 'mpls') return `mpls ${link.label}`
  if (link.technology === 'vlan') return `vlan ${link.id}`
  if (link.technology === 'qinq') return `qinq ${link.service} ${link.customer}`
  const identifier = link.technology === 'vxlan' ? [link.vni] : link.technology === 'gre' ? [link.key ?? '-'] : []
  return [link.technology, ...identifier, formatIpAddress(link.remote), formatIpAddress(link.local)].join(' ')
}

const etherType = [0x08, 0x00] as const

const encodeValue = ({ device, guest, far, peer }: LinkEntry, before: Buffer | undefined): Buffer => {
  const value = Buffer.alloc(valueLayout.bytes)
  before?.copy(value)
  value.writeUInt32LE(device, valueLayout.device)
  value.writeUInt32LE(peer ? 1 : 0, valueLayout.peer)
  if (guest) value.set(guest, valueLayout.ether)
  if (far) value.set([...far, ...etherType], valueLayout.ether + 6)
  return value
}

const formatValue = (link: LinkKey, value: Buffer): string => {
  const device = `${value.readUInt32LE(valueLayout.device)}`
  const peer = value.readUInt32LE(valueLayout.peer) === 1 ? ['PEER'] : []
  const ether = (at: number): string => formatEtherAddress([...value.subarray(at, at + 6)] as unknown as EtherAddress)
  const guest = ether(valueLayout.ether)
  if (link.technology === 'ipip') return [device, guest, ether(valueLayout.ether + 6), ...peer].join(' ')
  return [device, ...peer, ...peer.map(() => guest)].join(' ')
}

const formatCounts = (value: Buffer): string =>
  `${value.readBigUInt64LE(valueLayout.packets)} ${value.readBigUInt64LE(valueLayout.byteCount)}`

/** Throws HandlerError. */
export const putLink = ({ map }: ElementState, entry: LinkEntry, mayReplace: boolean): void => {
  const links = map('links')
  const key = encodeKey(entry.key)
  const before = links.lookup(key)
  if (before && !mayReplace) throw new HandlerError(`there is a link ${formatKey(entry.key)} already`)
  try {
    links.update(key, encodeValue(entry, before))
  } catch (error) {
    if (!(error instanceof BpfError) || error.code !== 'E2BIG') throw error
    throw new HandlerError(`no room for more than ${mostLinks} links`)
  }
}

const parsed = <T>(type: ArgumentType<T>, text: string): T => {
  const value = type.parse(text)
  if (isRefusal(value)) throw new HandlerError(value.refused)
  return value
}

const unknown = (key: LinkKey): HandlerError => new HandlerError(`there is no link ${formatKey(key)}`)

const lines = ({ map }: ElementState, format: (key: LinkKey, value: Buffer) => string): string =>
  [...map('links').entries()]
    .map(([key, value]) => `${format(decodeKey(key), value)}\n`)
    .sort()
    .join('')

export const linkHandlers: HandlerTable<unknown> = {
  table: { read: (state) => lines(state, (key, value) => `${formatKey(key)} ${formatValue(key, value)}`) },
  count: { read: ({ map }) => `${[...map('links').keys()].length}` },
  counts: {
    query: (state, text) => {
      if (text.trim() === '') return lines(state, (key, value) => `${formatCounts(value)} ${formatKey(key)}`)
      const key = parsed(linkKey, text)
      const value = state.map('links').lookup(encodeKey(key))
      if (!value) throw unknown(key)
      return formatCounts(value)
    },
  },
  add: { write: (state, text) => putLink(state, parsed(linkEntry, text), false) },
  set: { write: (state, text) => putLink(state, parsed(linkEntry, text), true) },
  remove: {
    write: ({ map }, text) => {
      const key = parsed(linkKey, text)
      if (!map('links').delete(encodeKey(key))) throw unknown(key)
    },
  },
}
