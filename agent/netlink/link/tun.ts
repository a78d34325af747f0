/** Tap and tun devices: read here, made through native/netlink.ts (`ip tuntap add X mode tap`), since rtnetlink cannot. */
import type { RawAttribute } from '../codec/attribute.ts'
import { bool, u8, u32, type Values } from '../codec/fields.ts'

export const tunFields = {
  owner: u32(1),
  group: u32(2),
  /** 1 tun (IP packets), 2 tap (Ethernet frames). */
  type: u8(3),
  packetInformation: bool(4),
  vnetHeader: bool(5),
  persistent: bool(6),
  multiQueue: bool(7),
} as const

export interface Tun extends Values<typeof tunFields> {
  readonly kind: 'tun'
  readonly unknown: readonly RawAttribute[]
}
