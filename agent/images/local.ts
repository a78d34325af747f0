/**
 * The host's own directory of images, which its administrator fills: NAME/ with the files kernel, initrd and cmdline is a kernel, any other NAME/
 * a root file system; NAME.qcow2 and NAME.raw are disks. The image `host` needs no files: it is the host's own programs, read-only.
 */
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { WeftError } from '../../proto/errors.ts'
import { type ImageFormat, imageNamePattern } from '../../proto/image-formats.ts'
import type { OpenImage } from './image.ts'
import { openKernel } from './place.ts'
import { checkDisk } from './qemu-img.ts'

export const hostImage = 'host'

export interface LocalImage {
  readonly name: string
  readonly format: ImageFormat
  readonly path: string
}

const isThere = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  )

/** By name; of several of one name the first by this order: directory, qcow2, raw. */
export const listLocal = async (directory: string): Promise<readonly LocalImage[]> => {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => [])
  const found = await Promise.all(
    entries.map(async (entry): Promise<LocalImage | undefined> => {
      const path = join(directory, entry.name)
      if (entry.isDirectory()) {
        const isKernel = (await isThere(join(path, 'kernel'))) && (await isThere(join(path, 'initrd')))
        return { name: entry.name, format: isKernel ? 'kernel' : 'directory', path }
      }
      const [, name = '', format] = /^(.+)\.(qcow2|raw)$/.exec(entry.name) ?? []
      return entry.isFile() && format ? { name, format: format as 'qcow2' | 'raw', path } : undefined
    }),
  )
  const order: readonly ImageFormat[] = ['directory', 'kernel', 'qcow2', 'raw']
  const images = found
    .filter((image): image is LocalImage => image !== undefined && imageNamePattern.test(image.name))
    .sort((a, b) => order.indexOf(a.format) - order.indexOf(b.format))
  const byName = new Map<string, LocalImage>([[hostImage, { name: hostImage, format: 'directory', path: '/' }]])
  for (const image of images) if (!byName.has(image.name)) byName.set(image.name, image)
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** Throws image.unknown, image.invalid, not-supported. */
export const openLocal = async (directory: string, name: string, node: string): Promise<OpenImage> => {
  const images = await listLocal(directory)
  const image = images.find((one) => one.name === name)
  if (!image) {
    const hint = `images here: ${images.map((one) => one.name).join(', ')}`
    throw new WeftError('image.unknown', `node ${node} asks for the image ${name}`, { object: `node/${node}`, hint })
  }
  const { format, path } = image
  // Whether it speaks to the guest agent or reads a seed is found out: nobody has told.
  const said = { name, digest: '', cloudInit: false, guestAgent: false }
  switch (format) {
    case 'raw':
    case 'qcow2':
      return { ...said, kind: 'disk', path, format, sizeBytes: await checkDisk(name, path, format) }
    case 'kernel':
      return openKernel({ name, sha256: '', format, cloudInit: false, guestAgent: false }, path)
    default:
      return { ...said, kind: 'tree', root: path, isMapped: false }
  }
}
