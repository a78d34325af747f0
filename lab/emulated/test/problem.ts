import { WeftError } from '../../../proto/errors.ts'
import { kernelFiles } from '../kernel-files.ts'
import { kernelHostProblem } from '../kernel-host.ts'

/** A file of this tier has half an hour; what hangs in a kernel host ends a little before, with its last words told. */
export const hostTimeoutMs = 1_740_000

const download = async (): Promise<string | false> => {
  try {
    await kernelFiles()
    return false
  } catch (error) {
    if (error instanceof WeftError && error.code === 'not-supported') return error.message
    throw error
  }
}

/** A reason to skip: no emulator, or no kernel to be had; false where a kernel host can start. */
export const problem = kernelHostProblem() || (await download())
