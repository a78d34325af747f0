/**
 * What kind of Xen guest a kernel can be, and which of those a host has. PVH needs the processor's virtualization in Dom0's machine and is
 * preferred: it is faster, and Debian's Xen moves no PV guest live. https://xenbits.xen.org/docs/unstable/misc/pvh.html
 */
import { type FileHandle, open } from 'node:fs/promises'
import { WeftError } from '../../../proto/errors.ts'

export type GuestType = 'pvh' | 'pv'

/** By preference. */
export const guestTypes: readonly GuestType[] = ['pvh', 'pv']

/** Xen's notes in an ELF image (xen/include/public/elfnote.h): XEN_ELFNOTE_PHYS32_ENTRY is where a PVH guest begins, XEN_ELFNOTE_ENTRY a PV one. */
const noteTypes: ReadonlyMap<number, GuestType> = new Map([
  [18, 'pvh'],
  [1, 'pv'],
])

const aligned = (length: number): number => (length + 3) & ~3

/** Pure: of the bytes of one PT_NOTE segment. */
export const typesInNotes = (notes: Buffer): readonly GuestType[] => {
  const types: GuestType[] = []
  for (let at = 0; at + 12 <= notes.length; ) {
    const nameLength = notes.readUInt32LE(at)
    const length = notes.readUInt32LE(at + 4)
    const name = notes.toString('latin1', at + 12, at + 12 + nameLength)
    const type = noteTypes.get(notes.readUInt32LE(at + 8))
    if (name === 'Xen\0' && type) types.push(type)
    at += 12 + aligned(nameLength) + aligned(length)
  }
  return types
}

const read = async (file: FileHandle, position: number, length: number): Promise<Buffer> => {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position)
  return buffer.subarray(0, bytesRead)
}

const noteSegment = 4
/** Of all notes: kernels have some hundred bytes. */
const mostNoteBytes = 1024 * 1024

/**
 * What the kernel in a file says of itself. Of a packed one (bzImage) nothing can be told without unpacking it, which libxl does: then both.
 * Throws errors of the file system.
 */
export const kernelTypes = async (path: string): Promise<readonly GuestType[]> => {
  const file = await open(path)
  try {
    const header = await read(file, 0, 64)
    const isElf64 = header.length === 64 && header.toString('latin1', 0, 5) === '\x7fELF\x02'
    if (!isElf64) return guestTypes
    const [start, size, count] = [Number(header.readBigUInt64LE(32)), header.readUInt16LE(54), header.readUInt16LE(56)]
    const table = await read(file, start, size * count)
    const types = new Set<GuestType>()
    for (let at = 0; at + 56 <= table.length; at += size) {
      if (table.readUInt32LE(at) !== noteSegment) continue
      const [offset, length] = [Number(table.readBigUInt64LE(at + 8)), Number(table.readBigUInt64LE(at + 32))]
      for (const type of typesInNotes(await read(file, offset, Math.min(length, mostNoteBytes)))) types.add(type)
    }
    return [...types]
  } finally {
    await file.close()
  }
}

/** What the host has, as libvirt's capabilities tell. Pure. */
export const hostTypes = (capabilities: string): readonly GuestType[] => {
  const offered = new Set([...capabilities.matchAll(/<os_type>(\w+)<\/os_type>/g)].map(([, type]) => type))
  const names: Readonly<Record<GuestType, string>> = { pvh: 'xenpvh', pv: 'xen' }
  return guestTypes.filter((type) => offered.has(names[type]))
}

/** The first by preference that all have. Pure. Throws image.unsuitable. */
export const chooseType = (
  node: string,
  wanted: readonly GuestType[],
  host: readonly GuestType[],
  kernel: readonly GuestType[],
): GuestType => {
  const found = guestTypes.find((type) => [wanted, host, kernel].every((types) => types.includes(type)))
  if (found) return found
  const say = (types: readonly GuestType[]): string => types.join(' and ') || 'none'
  const hint = `allowed: ${say(wanted)}; this host: ${say(host)}; the kernel: ${say(kernel)}`
  throw new WeftError('image.unsuitable', `the kernel of node ${node} is none for the guests that this host has`, {
    object: `node/${node}`,
    hint,
  })
}
