/**
 * The images that were fetched, on disk:
 *
 *     DIRECTORY/sha256/DIGEST.FORMAT/   one image, whole, with `image.json`
 *     DIRECTORY/unfinished/…            what is being made or removed; emptied at start
 *
 * An image comes and goes by one rename(2).
 */
import { execFile } from 'node:child_process'
import { lstat, mkdir, readdir, readFile, rename, rm, statfs, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { WeftError } from '../../proto/errors.ts'
import type { Image } from '../../proto/generated/weft.v1.ts'
import { fetchFile } from './fetch.ts'
import type { OpenImage } from './image.ts'
import { type MappedIds, openPlaced, placeImage, type StoredImage } from './place.ts'
import { spaceError } from './space.ts'

export interface CacheOptions {
  /** Is there; mapped users of containers can walk through. */
  readonly directory: string
  readonly ids: MappedIds
  /** That all images may take together. */
  readonly mostBytes: number
  /** Whether an image may not be removed now. */
  readonly isUsed: (key: string) => boolean
  readonly idleMs?: number | undefined
  readonly againMs?: number | undefined
}

/** One image that is here. */
interface Entry extends StoredImage {
  /** On disk. */
  readonly bytes: number
  /** Of a disk, as its guest sees it; else 0. */
  readonly diskBytes: number
  /** Milliseconds since the Unix epoch when a node last asked for it. */
  usedMs: number
}

export interface Cache {
  list(): readonly Image[]
  /** undefined where it is not here, or is no longer whole: then it is removed. */
  open(image: Image): Promise<OpenImage | undefined>
  /** Fetches and places it. Throws image.unreachable, image.digest, image.invalid, image.no-space, not-supported, the signal's reason. */
  add(image: Image, signal: AbortSignal, onProgress: (bytes: number, of: number) => void): Promise<void>
  /** Removes what is not used and was not asked for within so long. */
  collect(keepMs: number): Promise<void>
}

/** What tells images apart: the same file can be told to be of two formats. */
export const imageKey = ({ sha256, format }: Pick<Image, 'sha256' | 'format'>): string => `${sha256}.${format}`

const run = promisify(execFile)

/** What was written to a file system is there after a loss of power: sync(1), once for all files of an image. */
const syncFileSystem = async (path: string): Promise<void> => {
  await run('sync', ['--file-system', path]).catch(() => {})
}

const readEntry = async (directory: string, key: string): Promise<Entry | undefined> => {
  try {
    const file = join(directory, 'image.json')
    const entry = JSON.parse(await readFile(file, 'utf8')) as Entry
    const { mtimeMs } = await lstat(file)
    return imageKey(entry) === key && Number.isSafeInteger(entry.bytes) ? { ...entry, usedMs: mtimeMs } : undefined
  } catch {
    return undefined
  }
}

export const openCache = async (options: CacheOptions): Promise<Cache> => {
  const { directory, ids, mostBytes, isUsed } = options
  const placed = join(directory, 'sha256')
  const unfinished = join(directory, 'unfinished')
  const of = (key: string): string => join(placed, key)
  await rm(unfinished, { recursive: true, force: true })
  await mkdir(placed, { recursive: true, mode: 0o755 })
  await mkdir(unfinished, { mode: 0o700 })

  const entries = new Map<string, Entry>()
  /** What images that are being fetched may take. */
  let reserved = 0
  let works = 0

  const workPath = (): string => join(unfinished, String(++works))

  const remove = async (key: string): Promise<void> => {
    const work = workPath()
    entries.delete(key)
    await rename(of(key), work).catch(() => {})
    await rm(work, { recursive: true, force: true })
  }

  for (const key of await readdir(placed)) {
    const entry = await readEntry(of(key), key)
    if (entry) entries.set(key, entry)
    else await remove(key)
  }

  const taken = (): number => [...entries.values()].reduce((sum, { bytes }) => sum + bytes, reserved)
  const free = async (): Promise<number> => {
    const { bavail, bsize } = await statfs(directory)
    return bavail * bsize
  }

  /** Until so much more has room: what was used least lately goes first. */
  const makeRoom = async (name: string, bytes: number): Promise<void> => {
    for (;;) {
      const share = mostBytes - taken()
      const disk = await free()
      if (bytes <= share && bytes <= disk) return
      const unused = [...entries].filter(([key]) => !isUsed(key)).sort(([, a], [, b]) => a.usedMs - b.usedMs)
      const [oldest] = unused[0] ?? []
      if (oldest !== undefined) await remove(oldest)
      else {
        const [left, where] = share < disk ? [share, 'of what images may take'] : [disk, "on this host's disk"]
        const message = `image ${name} needs ${bytes} bytes: ${Math.max(0, left)} are left ${where}`
        throw new WeftError('image.no-space', message, { hint: 'images that nodes use are never removed' })
      }
    }
  }

  const add: Cache['add'] = async (image, signal, onProgress) => {
    const { name, sha256, format, cloudInit, guestAgent } = image
    const stored: StoredImage = { name, sha256, format, cloudInit, guestAgent }
    const work = workPath()
    const held = image.sizeBytes
    await makeRoom(name, held)
    reserved += held
    try {
      await mkdir(work, { mode: 0o755 })
      const file = join(work, 'fetched')
      const { idleMs, againMs } = options
      const left = mostBytes - taken() + held
      const { sizeBytes } = await fetchFile(image, {
        path: file,
        mostBytes: left,
        signal,
        onProgress,
        ...(idleMs === undefined ? {} : { idleMs }),
        ...(againMs === undefined ? {} : { againMs }),
      })
      const placed = await placeImage(stored, { file, directory: work, ids, mostBytes: left, signal })
      const entry: Entry = { ...stored, bytes: sizeBytes, diskBytes: 0, ...placed, usedMs: Date.now() }
      await writeFile(join(work, 'image.json'), `${JSON.stringify(entry)}\n`)
      await syncFileSystem(work)
      signal.throwIfAborted()
      await rename(work, of(imageKey(image)))
      entries.set(imageKey(image), entry)
    } catch (error) {
      await rm(work, { recursive: true, force: true })
      throw spaceError(name, error)
    } finally {
      reserved -= held
    }
  }

  return {
    list: () =>
      [...entries.values()].map(({ name, sha256, format, cloudInit, guestAgent, bytes }) => ({
        name,
        url: '',
        sha256,
        sizeBytes: bytes,
        format,
        cloudInit,
        guestAgent,
      })),
    open: async (image) => {
      const key = imageKey(image)
      const entry = entries.get(key)
      if (!entry) return undefined
      const now = new Date()
      entry.usedMs = now.getTime()
      try {
        await utimes(join(of(key), 'image.json'), now, now)
        return await openPlaced(image, of(key), entry.diskBytes)
      } catch {
        await remove(key)
        return undefined
      }
    },
    add,
    collect: async (keepMs) => {
      const now = Date.now()
      for (const [key, { usedMs }] of [...entries]) {
        if (!isUsed(key) && usedMs + keepMs <= now) await remove(key)
      }
    },
  }
}
