import { WeftError } from '../../proto/errors.ts'

/** What a file system says when it is full, with our code. Anything else as it is. */
export const spaceError = (name: string, error: unknown): unknown => {
  const { code, message } = error as NodeJS.ErrnoException
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error
  return new WeftError('image.no-space', `image ${name} has no room on this host's disk: ${message}`, { cause: error })
}
