/** From the file that an image came in to what nodes start from, in a directory of its own; and that directory read again. */
import { createReadStream } from 'node:fs'
import { access, chmod, lstat, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Readable } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { WeftError } from '../../proto/errors.ts'
import type { Image } from '../../proto/generated/weft.v1.ts'
import { imageFormats, isImageFormat } from '../../proto/image-formats.ts'
import type { OpenImage } from './image.ts'
import { checkDisk } from './qemu-img.ts'
import { unpackTar } from './tar/unpack.ts'

export type StoredImage = Pick<Image, 'name' | 'sha256' | 'format' | 'cloudInit' | 'guestAgent'>

/** Ids of containers' users as the host sees them. */
export interface MappedIds {
  readonly first: number
  readonly count: number
}

/** Names in an image's directory. */
const names = { tree: 'tree', disk: 'disk', kernel: 'kernel', initrd: 'initrd', commandLine: 'cmdline' } as const
const kernelFiles: readonly string[] = [names.kernel, names.initrd, names.commandLine]
/** The kernel takes 2048 bytes or 4096 (COMMAND_LINE_SIZE), some of which are the driver's. */
const mostCommandLineBytes = 1024

const magics = [
  { bytes: [0x1f, 0x8b], open: createGunzip },
  { bytes: [0x28, 0xb5, 0x2f, 0xfd], open: createZstdDecompress },
] as const

/** The file's bytes, unpacked by what it begins with. */
const unpacked = async (path: string, name: string): Promise<AsyncIterable<Uint8Array>> => {
  const file = await open(path)
  const start = Buffer.alloc(4)
  await file.read(start, 0, 4, 0)
  await file.close()
  const stream = createReadStream(path, { highWaterMark: 1 << 18 })
  const packed = magics.find(({ bytes }) => bytes.every((byte, i) => start[i] === byte))
  if (!packed) return stream
  const source = Readable.from(stream).compose(packed.open({ chunkSize: 1 << 18 }))
  return (async function* () {
    try {
      yield* source as AsyncIterable<Uint8Array>
    } catch (error) {
      const message = `image ${name} cannot be unpacked: ${(error as Error).message}`
      throw new WeftError('image.invalid', message, { cause: error })
    }
  })()
}

export interface PlaceOptions {
  /** The file that was fetched; taken. */
  readonly file: string
  /** Empty; of no one else. */
  readonly directory: string
  readonly ids: MappedIds
  /** That it may take when it is unpacked. */
  readonly mostBytes: number
  readonly signal: AbortSignal
}

export interface Placed {
  /** That it takes, where that is not what was fetched. */
  readonly bytes?: number
  /** Of a disk, as its guest sees it. */
  readonly diskBytes?: number
}

/** Throws image.invalid, not-supported, and what the file system throws. */
export const placeImage = async (image: StoredImage, options: PlaceOptions): Promise<Placed> => {
  const { file, directory, ids, mostBytes, signal } = options
  const { name, format } = image
  switch (isImageFormat(format) ? format : undefined) {
    case 'tar': {
      const tree = join(directory, names.tree)
      await mkdir(tree, { mode: 0o755 })
      const bytes = await unpackTar(await unpacked(file, name), { directory: tree, ids, mostBytes, signal })
      await rm(file)
      return { bytes }
    }
    case 'kernel': {
      const wants = (path: string): boolean => kernelFiles.includes(path)
      const bytes = await unpackTar(await unpacked(file, name), { directory, mostBytes, signal, wants })
      await openKernel(image, directory)
      await rm(file)
      return { bytes }
    }
    case 'raw':
    case 'qcow2': {
      const diskBytes = await checkDisk(name, file, format as 'raw' | 'qcow2')
      // Whoever runs a virtual machine reads it; nobody writes to it.
      await chmod(file, 0o444)
      await rename(file, join(directory, names.disk))
      return { diskBytes }
    }
    default: {
      const hint = `one of ${Object.keys(imageFormats).join(', ')}`
      throw new WeftError('image.invalid', `image ${name} has the format ${JSON.stringify(format)}`, { hint })
    }
  }
}

/** The files of a kernel image; none may be a link, which could lead to any file of the host. Throws image.invalid. */
export const openKernel = async (image: StoredImage, directory: string): Promise<OpenImage> => {
  const [kernel = '', initrd = '', commandLine = ''] = kernelFiles.map((file) => join(directory, file))
  for (const path of [kernel, initrd, commandLine]) {
    const isFile = await lstat(path).then(
      (stats) => stats.isFile(),
      () => false,
    )
    if (isFile) continue
    const hint = `a kernel image has the files ${kernelFiles.join(', ')}`
    throw new WeftError('image.invalid', `image ${image.name} has no file ${basename(path)}`, { hint })
  }
  const line = (await readFile(commandLine, 'utf8')).trim()
  if (line.length > mostCommandLineBytes || /[\n\0]/.test(line)) {
    const most = `one line of ${mostCommandLineBytes} bytes at most`
    throw new WeftError('image.invalid', `the cmdline of image ${image.name} is not ${most}`)
  }
  return { ...openedOf(image), kind: 'kernel', kernel, initrd, commandLine: line }
}

const openedOf = ({ name, sha256, cloudInit, guestAgent }: StoredImage) => ({
  name,
  digest: sha256,
  cloudInit,
  guestAgent,
})

/** What placeImage left in a directory. Throws where a part of it is gone. */
export const openPlaced = async (image: StoredImage, directory: string, diskBytes: number): Promise<OpenImage> => {
  switch (image.format) {
    case 'raw':
    case 'qcow2': {
      const path = join(directory, names.disk)
      await access(path)
      return { ...openedOf(image), kind: 'disk', path, format: image.format, sizeBytes: diskBytes }
    }
    case 'kernel':
      return openKernel(image, directory)
    default: {
      const root = join(directory, names.tree)
      await access(root)
      return { ...openedOf(image), kind: 'tree', root, isMapped: true }
    }
  }
}
