/** A point-to-point bridge is a wire: what comes in at one port goes out at the other, whatever it is, and nothing is remembered. */
import type { BridgeSettings } from '../../netlink/link/bridge.ts'
import type { BridgePortSettings } from '../../netlink/link/bridge-port.ts'

/** `ip link add X type bridge mcast_snooping 0`: the rest is so from the start, and a kernel without VLAN filtering refuses its name. */
export const newBridge = { multicastSnooping: false } as const satisfies BridgeSettings

/** `ip link set X type bridge stp_state 0 mcast_snooping 0 vlan_filtering 0`. */
export const wireBridge = {
  stpState: 0,
  multicastSnooping: false,
  vlanFiltering: false,
} as const satisfies BridgeSettings

/**
 * `bridge link set dev X learning off flood on …`. All of 01:80:c2:00:00:0X pass, except pause frames (bit 1), which the kernel
 * always drops: a port may forward even those that a bridge's own mask may not (STP, LACP).
 */
export const wirePort = {
  learning: false,
  unicastFlood: true,
  multicastFlood: true,
  broadcastFlood: true,
  hairpin: false,
  guard: false,
  isolated: false,
  proxyArp: false,
  neighbourSuppress: false,
  groupForwardMask: 0xfffd,
} as const satisfies BridgePortSettings

/** The settings among `wanted` that are otherwise; what a kernel does not tell counts as right. */
export const differing = <T extends object>(wanted: T, observed: Partial<Record<keyof T, unknown>>): Partial<T> =>
  Object.fromEntries(
    Object.entries(wanted).filter(([name, value]) => {
      const now = observed[name as keyof T]
      return now !== undefined && now !== value
    }),
  ) as Partial<T>

/** The values that `observed` has for the settings named. */
export const valuesOf = <T extends object>(
  settings: Partial<T>,
  observed: Partial<Record<keyof T, unknown>>,
): Partial<T> =>
  Object.fromEntries(Object.keys(settings).map((name) => [name, observed[name as keyof T]])) as Partial<T>
