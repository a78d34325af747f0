/** What a bridge keeps about each of its ports (`bridge link set dev X …`, `ip link set X type bridge_slave …`; IFLA_BRPORT_*). */
import type { RawAttribute } from '../codec/attribute.ts'
import { bool, u8, u16, u32, type Values } from '../codec/fields.ts'

export const bridgePortFields = {
  /** 0 disabled, 1 listening, 2 learning, 3 forwarding, 4 blocking. */
  state: u8(1),
  priority: u16(2),
  cost: u32(3),
  hairpin: bool(4),
  guard: bool(5),
  learning: bool(8),
  unicastFlood: bool(9),
  proxyArp: bool(10),
  multicastRouter: u8(25),
  multicastFlood: bool(27),
  broadcastFlood: bool(30),
  /** As a bridge's, and here only bit 1 (pause frames) may not be set. */
  groupForwardMask: u16(31),
  neighbourSuppress: bool(32),
  isolated: bool(33),
} as const

export type BridgePortSettings = Values<typeof bridgePortFields>

export interface BridgePort extends BridgePortSettings {
  readonly kind: 'bridge'
  readonly unknown: readonly RawAttribute[]
}

/** A link's port of a master of another kind (a bond's, a VRF's), as it came. */
export interface OtherPort {
  readonly kind: 'other'
  readonly name: string
  readonly data: Buffer
}

export type Port = BridgePort | OtherPort
