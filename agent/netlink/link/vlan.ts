/** VLANs (IEEE 802.1Q, 802.1ad; `ip link add link NIC X type vlan proto … id …`; IFLA_VLAN_*, linux/if_link.h). Link.lower is the NIC. */
import type { RawAttribute } from '../codec/attribute.ts'
import { u16, u16be, type Values } from '../codec/fields.ts'

/** Ethernet types of the tag. */
export const vlanProtocol = { customer: 0x8100, service: 0x88a8 } as const

export const vlanFields = {
  /** 12 bits. */
  identifier: u16(1),
  /** The kernel's default is 802.1Q's. */
  protocol: u16be(5),
} as const

/** Neither can be changed. */
export type VlanSettings = Values<typeof vlanFields>

export interface Vlan extends VlanSettings {
  readonly kind: 'vlan'
  readonly unknown: readonly RawAttribute[]
}
