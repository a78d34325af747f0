/** The disk of one node: a layer of its own over an image that many nodes share. */
import { lstat, rename, rm } from 'node:fs/promises'
import type { DiskImage } from './image.ts'
import { qemuImg } from './qemu-img.ts'
import { spaceError } from './space.ts'

/**
 * Makes the layer, a qcow2 file, where it is not there yet; never smaller than the image. The format of what is below is written into it: else a guest
 * that writes a qcow2 header to a raw disk would name the next file to read. Returns the path. Errors: image.no-space, not-supported.
 * @param sizeBytes as the guest sees it; 0: the image's
 */
export const prepareDisk = async (image: DiskImage, path: string, sizeBytes: number): Promise<string> => {
  const isThere = await lstat(path).then(
    () => true,
    () => false,
  )
  if (isThere) return path
  const unfinished = `${path}.unfinished`
  const size = Math.max(sizeBytes, image.sizeBytes)
  try {
    await rm(unfinished, { force: true })
    await qemuImg('create', '-q', '-f', 'qcow2', '-F', image.format, '-b', image.path, unfinished, String(size))
    await rename(unfinished, path)
    return path
  } catch (error) {
    await rm(unfinished, { force: true })
    throw spaceError(image.name, error)
  }
}
