import { WeftError } from '../../../proto/errors.ts'
import { kernelFiles } from '../kernel-files.ts'
import { kernelHostProblem, xenHostProblem } from '../machine.ts'
import { xenFiles } from '../xen-files.ts'

/** A file of this tier has half an hour; what hangs in a kernel host ends a little before, with its last words told. */
export const hostTimeoutMs = 1_740_000

const problemOf = async (download: () => Promise<unknown>): Promise<string | false> => {
  try {
    await download()
    return false
  } catch (error) {
    if (error instanceof WeftError && error.code === 'not-supported') return error.message
    throw error
  }
}

/** A reason to skip: no emulator, or no kernel to be had; false where a kernel host can start. */
export const problem = kernelHostProblem() || (await problemOf(kernelFiles))

/** The same of a Xen host. Only asked for where one is started: the first time it downloads Xen. */
export const xenProblem = async (): Promise<string | false> => problem || xenHostProblem() || problemOf(xenFiles)
