/** The tiny image in an emulated host, which sees the machine's files: a directory of the machine's, as it is. */
import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { promisify } from 'node:util'

/** WEFT_TINY names it. */
export const mountTiny = async (imagesDirectory: string): Promise<void> => {
  const { WEFT_TINY: tiny = '' } = process.env
  const directory = `${imagesDirectory}/tiny`
  await mkdir(directory, { recursive: true })
  await promisify(execFile)('mount', ['--bind', tiny, directory])
}
