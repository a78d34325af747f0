import { readIfThere, writeAtomic } from './atomic-file.ts'

/** Adds one to the number kept in a file and gives the new one: the number of this run of the agent. */
export const nextNumber = async (path: string): Promise<number> => {
  const text = (await readIfThere(path))?.toString().trim() ?? '0'
  const before = /^\d{1,15}$/.test(text) ? Number(text) : 0
  // A file that holds no number was damaged: seconds since 1970 are beyond any count of runs there was.
  const next = (/^\d{1,15}$/.test(text) ? before : Math.floor(Date.now() / 1000)) + 1
  await writeAtomic(path, `${next}\n`)
  return next
}
