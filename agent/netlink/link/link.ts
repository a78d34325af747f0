/** A link as the kernel tells it (RTM_NEWLINK, struct ifinfomsg; `ip -details link show`). */
import { formatMac } from '../codec/address.ts'
import type { RawAttribute } from '../codec/attribute.ts'
import { readS32, readU16, readU32, readU64 } from '../codec/byte-order.ts'
import { AttributeDecoder, rawAttributes } from '../codec/decoder.ts'
import type { Message } from '../codec/message.ts'
import type { Port } from './bridge-port.ts'
import { decodeInfo, decodePort, type LinkInfo } from './kinds.ts'

/** IFF_*, linux/if.h. */
export const linkFlag = {
  up: 0x1,
  loopback: 0x8,
  running: 0x40,
  noArp: 0x80,
  promiscuous: 0x100,
  lowerUp: 0x1_0000,
} as const

/** ARPHRD_*, linux/if_arp.h. */
export const hardware = { ether: 1, loopback: 772 } as const

export interface Link {
  readonly index: number
  readonly name: string
  /** ARPHRD_*. */
  readonly hardware: number
  readonly flags: number
  /** Administratively (IFF_UP). */
  readonly up: boolean
  /** It has a carrier, too (IFF_LOWER_UP). */
  readonly lowerUp: boolean
  readonly mtu: number
  readonly mac: string
  /** '' for none. */
  readonly alias: string
  /** Index of the bridge or bond that it is a port of; 0: none. */
  readonly master: number
  /** Index of the interface below, of a veth its peer; 0: none. */
  readonly lower: number
  /** Number (not a path) of the namespace that `lower` is in; undefined: this one. */
  readonly lowerNamespace: number | undefined
  /** Kind of the root queueing discipline: 'noqueue', 'htb'. */
  readonly qdisc: string
  /** Packets (txqueuelen). */
  readonly transmitQueueLength: number
  /** IN6_ADDR_GEN_MODE_*: 0 EUI-64, 1 none; undefined where the link has no IPv6. */
  readonly addressGeneration: number | undefined
  /** undefined for a link without a kind: the loopback and physical interfaces. */
  readonly info: LinkInfo | undefined
  /** As a port of its master. */
  readonly port: Port | undefined
  readonly counters: LinkCounters | undefined
  /** Attributes that are not read here, as they came. */
  readonly unknown: readonly RawAttribute[]
}

/** rtnl_link_stats64, what of it is used. */
export interface LinkCounters {
  readonly receivePackets: number
  readonly transmitPackets: number
  readonly receiveBytes: number
  readonly transmitBytes: number
  readonly receiveErrors: number
  readonly transmitErrors: number
  readonly receiveDropped: number
  readonly transmitDropped: number
}

type Draft = { -readonly [K in keyof Link]: Link[K] }

/** Reads a message of type RTM_NEWLINK or RTM_DELLINK. Throws CodecError. */
export const decodeLink = ({ body }: Message): Link => {
  const flags = readU32(body, 8)
  const attributes = body.subarray(16)
  const link: Draft = {
    index: readS32(body, 4),
    name: '',
    hardware: readU16(body, 2),
    flags,
    up: (flags & linkFlag.up) !== 0,
    lowerUp: (flags & linkFlag.lowerUp) !== 0,
    mtu: 0,
    mac: '',
    alias: '',
    master: 0,
    lower: 0,
    lowerNamespace: undefined,
    qdisc: '',
    transmitQueueLength: 0,
    addressGeneration: undefined,
    info: undefined,
    port: undefined,
    counters: undefined,
    get unknown() {
      return rawAttributes(attributes, (type) => readers[type] === undefined)
    },
  }
  const decoder = new AttributeDecoder(attributes)
  while (decoder.next()) readers[decoder.type]?.(link, decoder)
  decoder.finish()
  return link
}

/** By attribute: IFLA_* of linux/if_link.h. */
const readers: Readonly<Record<number, (link: Draft, decoder: AttributeDecoder) => void>> = {
  1: (link, decoder) => {
    link.mac = formatMac(decoder.value)
  },
  3: (link, decoder) => {
    link.name = decoder.string()
  },
  4: (link, decoder) => {
    link.mtu = decoder.u32()
  },
  5: (link, decoder) => {
    link.lower = decoder.u32()
  },
  6: (link, decoder) => {
    link.qdisc = decoder.string()
  },
  10: (link, decoder) => {
    link.master = decoder.u32()
  },
  13: (link, decoder) => {
    link.transmitQueueLength = decoder.u32()
  },
  18: (link, decoder) => decoder.nested((inner) => readInfo(link, inner)),
  20: (link, decoder) => {
    link.alias = decoder.string()
  },
  23: (link, decoder) => {
    link.counters = readCounters(decoder.value)
  },
  26: (link, decoder) => decoder.nested((inner) => readFamilies(link, inner)),
  37: (link, decoder) => {
    link.lowerNamespace = decoder.s32()
  },
}

/** IFLA_LINKINFO: the kind comes before the data. */
const readInfo = (link: Draft, decoder: AttributeDecoder): void => {
  const none: Buffer = Buffer.alloc(0)
  let kind: string | undefined
  let data = none
  let portKind: string | undefined
  let portData = none
  while (decoder.next()) {
    if (decoder.type === 1) kind = decoder.string()
    else if (decoder.type === 2) data = decoder.value
    else if (decoder.type === 4) portKind = decoder.string()
    else if (decoder.type === 5) portData = decoder.value
  }
  if (kind !== undefined) link.info = decodeInfo(kind, data)
  if (portKind !== undefined) link.port = decodePort(portKind, portData)
}

/** IFLA_AF_SPEC → AF_INET6 (10) → IFLA_INET6_ADDR_GEN_MODE (8). */
const readFamilies = (link: Draft, decoder: AttributeDecoder): void => {
  while (decoder.next()) {
    if (decoder.type !== 10) continue
    decoder.nested((inet6) => {
      while (inet6.next()) if (inet6.type === 8) link.addressGeneration = inet6.u8()
    })
  }
}

/** Eight counters of 64 bits stand first in rtnl_link_stats64; newer kernels add more at its end. */
const readCounters = (bytes: Buffer): LinkCounters | undefined => {
  if (bytes.length < 64) return undefined
  const at = (position: number): number => Number(readU64(bytes, position * 8))
  return {
    receivePackets: at(0),
    transmitPackets: at(1),
    receiveBytes: at(2),
    transmitBytes: at(3),
    receiveErrors: at(4),
    transmitErrors: at(5),
    receiveDropped: at(6),
    transmitDropped: at(7),
  }
}
