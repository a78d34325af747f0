/** The management network of an emulated host: a tap between it and the namespace that its machine runs in, seen by nobody else. */

export const outside = '169.254.1.1'
export const inside = '169.254.1.2'
export const managementNic = 'mgmt0'
export const ports = {
  /** In the host: runs commands (frames.ts). */
  commands: 7000,
  /** In the host: the local socket of its agent. */
  agent: 7001,
  /** In the host: consoles of its nodes. */
  consoles: 7002,
  /** In the namespace: the broker. */
  broker: 1883,
} as const
