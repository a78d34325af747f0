/** The images that nodes of this host can ask for: directories, and the host itself. */
import { readdir } from 'node:fs/promises'

/** The image that needs no files: the host's own programs, read-only. */
export const hostImage = 'host'

export const listImages = async (directory: string): Promise<readonly string[]> => {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => [])
  const directories = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
  return [hostImage, ...directories.map(({ name }) => name).filter((name) => name !== hostImage)].sort()
}
