/**
 * A Xen host (DESIGN section 8): an emulated host that runs Xen, with Debian's kernel as Dom0, xenstored, xenconsoled and a libvirtd
 * with the Xen and the LXC driver. PV and PVH guests start in it; HVM ones are not tried.
 */
import type { Output } from '../processes.ts'
import { xenMachine } from './machine.ts'
import { type RunOptions, runOnce } from './run-once.ts'

export { xenHostProblem } from './machine.ts'

export type XenHostOptions = RunOptions

/**
 * Boots a Xen host, runs a command in its Dom0 as root once libvirt answers at xen:///system, and ends it; what the command printed and its
 * exit status come back. The first one downloads Xen and the kernel. Throws not-supported where there is no emulator or one of them is not
 * to be had, lab.failed where the command did not come to its end: in time, or because the machine went down under it.
 */
export const runInXenHost = (argv: readonly string[], options: XenHostOptions = {}): Promise<Output> =>
  runOnce('Xen host', xenMachine, argv, options)
