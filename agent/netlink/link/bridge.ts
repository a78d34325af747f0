/** Linux bridges (`ip link add X type bridge …`; IFLA_BR_*, linux/if_link.h). */
import type { RawAttribute } from '../codec/attribute.ts'
import { bool, u16, u16be, u32, type Values } from '../codec/fields.ts'

export const bridgeFields = {
  /** Hundredths of a second. */
  forwardDelayTicks: u32(1),
  ageingTicks: u32(4),
  /** 0 off, 1 the kernel's, 2 a user's. */
  stpState: u32(5),
  priority: u16(6),
  vlanFiltering: bool(7),
  vlanProtocol: u16be(8),
  /** Which of 01:80:c2:00:00:0X pass, a bit each; 0, 1 and 2 may not be set here (but all except 1 on a port). */
  groupForwardMask: u16(9),
  multicastRouter: bool(22),
  multicastSnooping: bool(23),
  multicastQuerier: bool(25),
  callIptables: bool(36),
  callIp6tables: bool(37),
  callArptables: bool(38),
} as const

export type BridgeSettings = Values<typeof bridgeFields>

export interface Bridge extends BridgeSettings {
  readonly kind: 'bridge'
  readonly unknown: readonly RawAttribute[]
}
