/** VXLAN tunnels (RFC 7348; `ip link add X type vxlan id … remote … local … dev …`; IFLA_VXLAN_*, linux/if_link.h). */
import type { RawAttribute } from '../codec/attribute.ts'
import { bool, ip, u8, u16be, u32, type Values } from '../codec/fields.ts'

export const vxlanFields = {
  /** VXLAN network identifier: 24 bits. */
  identifier: u32(1),
  remote: ip(2),
  /** Index of the interface that it is bound to. */
  lower: u32(3),
  local: ip(4),
  /** 0: from the routing table. */
  ttl: u8(5),
  tos: u8(6),
  learning: bool(7),
  ageingSeconds: u32(8),
  /** Destination port; the kernel's own default is 8472, IANA's 4789. */
  port: u16be(15),
  remote6: ip(16),
  local6: ip(17),
  udpChecksum: bool(18),
  /** Don't fragment: 0 off, 1 on, 2 as the inner packet says. */
  dontFragment: u8(29),
} as const

export type VxlanSettings = Values<typeof vxlanFields>

export interface Vxlan extends VxlanSettings {
  readonly kind: 'vxlan'
  readonly unknown: readonly RawAttribute[]
}
