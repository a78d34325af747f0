/** A full disk, said as such: whatever could not be written, what would be right is the same. */
import { WeftError } from '../proto/errors.ts'

/** errno(3) of a file system or of a quota that is full. */
const full: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT'])

/** libvirt tells what the system said to it in its own message, by the C library's words (strerror(3)). */
const words = /No space left on device|Disk quota exceeded/

export const isNoSpace = (error: unknown): boolean =>
  full.has((error as NodeJS.ErrnoException | undefined)?.code) || (error instanceof Error && words.test(error.message))

/** host.no-space where the disk is full; anything else as it is. @param what could not be written, for people */
export const noSpace = (what: string, error: unknown, object = ''): unknown => {
  if (error instanceof WeftError || !isNoSpace(error)) return error
  const hint = "free some of the disk that the agent's state directory is on"
  return new WeftError('host.no-space', `${what}: the host's disk is full`, { object, hint, cause: error })
}
