/**
 * Ethernet in GRE (RFC 2784, 2890; `ip link add X type gretap local … remote … key … dev …`; IFLA_GRE_*, linux/if_tunnel.h).
 *
 * A change replaces all: what it leaves out is 0 afterwards (ipgre_netlink_parms), so that it has to say everything.
 */
import type { RawAttribute } from '../codec/attribute.ts'
import { bool, ip, u8, u16be, u32, u32be, type Values } from '../codec/fields.ts'

/** GRE_*, linux/if_tunnel.h: what the headers of packets hold. */
export const greFlag = { checksum: 0x8000, key: 0x2000, sequence: 0x1000 } as const

export const greFields = {
  /** Index of the interface that it is bound to. */
  lower: u32(1),
  /** What packets that come in have (greFlag). */
  inFlags: u16be(2),
  outFlags: u16be(3),
  /** Without greFlag.key it means nothing. */
  inKey: u32be(4),
  outKey: u32be(5),
  local: ip(6),
  remote: ip(7),
  /** 0: as the inner packet says. */
  ttl: u8(8),
  tos: u8(9),
  /** Path MTU discovery: outer packets may not be fragmented on their way. */
  dontFragment: bool(10),
} as const

export type GreSettings = Values<typeof greFields>

export interface Gretap extends GreSettings {
  readonly kind: 'gretap'
  readonly unknown: readonly RawAttribute[]
}
