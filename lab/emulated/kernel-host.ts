/**
 * A kernel host (DESIGN section 8): an emulated host that has Debian's kernel with all its modules, for what the machine's own kernel
 * lacks.
 */
import type { Output } from '../processes.ts'
import { kernelMachine } from './machine.ts'
import { type RunOptions, runOnce } from './run-once.ts'

export { kernelHostProblem } from './machine.ts'

export type KernelHostOptions = RunOptions

/**
 * Boots a kernel host, runs a command in it as root, and ends it; what the command printed and its exit status come back. The first one
 * downloads the kernel. Throws not-supported where there is no emulator or no kernel, lab.failed where the command did not come to its
 * end: in time, or because the machine went down under it.
 */
export const runInKernelHost = (argv: readonly string[], options: KernelHostOptions = {}): Promise<Output> =>
  runOnce('kernel host', kernelMachine, argv, options)
