/** The kernel within a bzImage: QEMU starts it as it is, which saves the emulated processor unpacking it (about 3 s of a boot). */
import { spawnSync } from 'node:child_process'
import { zstdDecompressSync } from 'node:zlib'
import { isLz4, unpackLz4 } from './lz4.ts'

export interface Payload {
  readonly compression: 'xz' | 'zstd' | 'lz4' | 'other'
  /** Compressed; the size of what is in it follows as four bytes in the image, and is left out here. */
  readonly bytes: Buffer
}

/** What a bzImage carries (The Linux/x86 Boot Protocol 2.08 or newer); undefined for any other file. */
export const payloadOf = (image: Buffer): Payload | undefined => {
  if (image.length < 0x260 || image.toString('latin1', 0x202, 0x206) !== 'HdrS') return undefined
  if (image.readUInt16LE(0x206) < 0x208) return undefined
  // setup_sects counts sectors of 512 bytes after the boot sector; payload_offset counts from the end of them.
  const setupEnd = ((image.readUInt8(0x1f1) || 4) + 1) * 512
  const start = setupEnd + image.readUInt32LE(0x248)
  const end = start + image.readUInt32LE(0x24c)
  if (end > image.length || end - start < 10) return undefined
  const bytes = image.subarray(start, end - 4)
  const magic = bytes.toString('hex', 0, 6)
  if (isLz4(bytes)) return { compression: 'lz4', bytes }
  return { compression: magic === 'fd377a585a00' ? 'xz' : magic.startsWith('28b52ffd') ? 'zstd' : 'other', bytes }
}

const decompress = ({ compression, bytes }: Payload): Buffer | undefined => {
  if (compression === 'zstd') return zstdDecompressSync(bytes)
  if (compression === 'lz4') return unpackLz4(bytes)
  if (compression !== 'xz') return undefined
  const { status, stdout } = spawnSync('xz', ['-dc'], { input: bytes, maxBuffer: 512 * 1024 * 1024 })
  return status === 0 ? stdout : undefined
}

/** The ELF image in a bzImage; undefined where it is no such image, or packed in a way that this machine cannot unpack. */
export const unpackVmlinux = (image: Buffer): Buffer | undefined => {
  const payload = payloadOf(image)
  const kernel = payload && decompress(payload)
  return kernel?.toString('latin1', 0, 4) === '\x7fELF' ? kernel : undefined
}
