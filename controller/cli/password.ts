import { readFile } from 'node:fs/promises'
import { UsageError } from './usage-error.ts'

/** The first line of the file; no flag of its own, since every process can read the arguments of others. */
export const readPassword = async (file: string | undefined): Promise<string | undefined> => {
  if (file === undefined) return undefined
  const text = await readFile(file, 'utf8').catch((cause: Error) => {
    throw new UsageError(`cannot read the password: ${cause.message}`)
  })
  return text.split('\n')[0]
}
