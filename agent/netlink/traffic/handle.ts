/**
 * Names of queueing disciplines and classes: 32 bits, major:minor, both written in hexadecimal (tc(8)). A discipline's minor is 0,
 * its classes share its major.
 */
export const handle = (major: number, minor = 0): number => ((major << 16) | minor) >>> 0
export const majorOf = (whole: number): number => whole >>> 16
export const minorOf = (whole: number): number => whole & 0xffff

/** `1:10`; the root and the hooks of clsact by name. */
export const formatHandle = (whole: number): string =>
  wellKnown.get(whole) ?? `${majorOf(whole).toString(16)}:${minorOf(whole) === 0 ? '' : minorOf(whole).toString(16)}`

/** TC_H_*, linux/pkt_sched.h. */
export const parent = {
  root: 0xffff_ffff,
  /** Where clsact itself hangs; its handle is ffff:. */
  clsact: 0xffff_fff1,
  /** Where filters of clsact hang. */
  ingress: 0xffff_fff2,
  egress: 0xffff_fff3,
} as const

export const clsactHandle = 0xffff_0000

const wellKnown: ReadonlyMap<number, string> = new Map(Object.entries(parent).map(([name, value]) => [value, name]))
