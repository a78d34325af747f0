/**
 * Brings the file of an image here, checked while it streams by: nothing larger than it may be is ever stored, and nothing is kept that
 * is not what its digest says. A transfer that breaks off goes on where it ended, if the server can, and begins anew where it cannot.
 */
import { createHash, type Hash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { WeftError } from '../../proto/errors.ts'
import type { Image } from '../../proto/generated/weft.v1.ts'
import { spaceError } from './space.ts'

export type Source = Pick<Image, 'name' | 'url' | 'sha256' | 'sizeBytes'>

export interface FetchOptions {
  /** Where it goes; must not exist. Nothing is left there on failure. */
  readonly path: string
  /** Of a file whose size is not told. */
  readonly mostBytes: number
  readonly signal: AbortSignal
  /** Bytes that are here, and of how many; 0: nobody knows. */
  readonly onProgress?: (bytes: number, of: number) => void
  /** Without an answer, or a byte, for so long a transfer has broken off. */
  readonly idleMs?: number
  /** Wait before a transfer that broke off goes on; doubles each time. */
  readonly againMs?: number
}

const defaultIdleMs = 60_000
const defaultAgainMs = 500
/** Transfers in a row that bring no byte. */
const mostAttempts = 4
const mostRedirects = 5

const unreachable = ({ name, url }: Source, why: string, cause?: unknown): WeftError =>
  new WeftError('image.unreachable', `image ${name} cannot be fetched from ${url}: ${why}`, { cause })

/** A failure that another transfer may not have. */
class BrokenOff extends Error {}

interface Transfer {
  readonly body: AsyncIterable<Uint8Array>
  /** Where in the file it begins. */
  readonly from: number
  /** Of the whole file; 0: not told. */
  readonly sizeBytes: number
}

const openFile = async (source: Source): Promise<Transfer & AsyncDisposable> => {
  let file: FileHandle | undefined
  try {
    // A pipe would never answer.
    file = await open(fileURLToPath(source.url), constants.O_RDONLY | constants.O_NONBLOCK)
    const stats = await file.stat()
    if (!stats.isFile()) throw new Error('it is no file')
    const opened = file
    return {
      body: opened.createReadStream({ autoClose: false, highWaterMark: 1 << 20 }),
      from: 0,
      sizeBytes: stats.size,
      [Symbol.asyncDispose]: () => opened.close(),
    }
  } catch (error) {
    await file?.close()
    throw unreachable(source, (error as Error).message, error)
  }
}

/** Follows redirects to http and https alone. */
const request = async (source: Source, from: number, signal: AbortSignal): Promise<Response> => {
  let url = new URL(source.url)
  for (let redirects = 0; ; redirects++) {
    const headers = { 'accept-encoding': 'identity', ...(from > 0 ? { range: `bytes=${from}-` } : {}) }
    const response = await fetch(url.href, { headers, redirect: 'manual', signal }).catch((error: Error) => {
      const cause = error.cause as Error | undefined
      throw new BrokenOff(cause?.message || error.message)
    })
    const location = response.headers.get('location')
    if (response.status < 300 || response.status > 399 || response.status === 304 || location === null) return response
    await response.body?.cancel()
    if (redirects === mostRedirects) throw unreachable(source, `it is redirected more than ${mostRedirects} times`)
    url = URL.canParse(location, url.href) ? new URL(location, url.href) : url
    if (!['http:', 'https:'].includes(url.protocol)) throw unreachable(source, `it is redirected to ${url.protocol}`)
  }
}

const openHttp = async (source: Source, from: number, signal: AbortSignal): Promise<Transfer & AsyncDisposable> => {
  const response = await request(source, from, signal)
  const { status, body } = response
  const done = () => body?.cancel().catch(() => {})
  const length = Number(response.headers.get('content-length') ?? 0)
  if (status === 206) {
    const [, first, whole] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get('content-range') ?? '') ?? []
    if (Number(first) === from && body) {
      const sizeBytes = Number(whole) || 0
      return { body, from, sizeBytes, [Symbol.asyncDispose]: async () => done() }
    }
  }
  if (status === 200 && body) {
    return { body, from: 0, sizeBytes: length, [Symbol.asyncDispose]: async () => done() }
  }
  await done()
  const why = `the server answers ${status} ${response.statusText}`.trim()
  // Of a part that the server does not have, the whole is asked for next.
  if (status >= 500 || status === 408 || status === 416 || status === 429 || status === 206) throw new BrokenOff(why)
  throw unreachable(source, why)
}

/** Aborts where nothing happens for a while. */
const watchdog = (ms: number, signal: AbortSignal) => {
  const controller = new AbortController()
  const onAbort = (): void => controller.abort(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  const timer = setTimeout(() => controller.abort(new BrokenOff(`nothing came for ${ms} ms`)), ms)
  return {
    signal: controller.signal,
    kick: () => timer.refresh(),
    end: () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
    },
  }
}

/** Throws image.unreachable, image.digest, image.no-space; the signal's reason where it aborts. */
export const fetchFile = async (source: Source, options: FetchOptions): Promise<{ readonly sizeBytes: number }> => {
  const { path, signal, mostBytes, onProgress, idleMs = defaultIdleMs, againMs = defaultAgainMs } = options
  const most = source.sizeBytes > 0 ? source.sizeBytes : mostBytes
  const isFile = source.url.startsWith('file:')
  const differs = (what: string): WeftError => new WeftError('image.digest', `image ${source.name} ${what}`)
  const tooLarge = (): WeftError =>
    source.sizeBytes > 0
      ? differs(`has more than the ${source.sizeBytes} bytes that it should have`)
      : new WeftError(
          'image.no-space',
          `image ${source.name} has more than the ${mostBytes} bytes that are left for it`,
        )

  const file = await open(path, 'wx', 0o600).catch((error: unknown) => {
    throw spaceError(source.name, error)
  })
  let hash: Hash = createHash('sha256')
  let bytes = 0

  const transfer = async (): Promise<void> => {
    const dog = watchdog(idleMs, signal)
    try {
      await using opened = isFile ? await openFile(source) : await openHttp(source, bytes, dog.signal)
      if (opened.from !== bytes) {
        await file.truncate(0)
        hash = createHash('sha256')
        bytes = 0
      }
      if (opened.sizeBytes > most) throw tooLarge()
      if (source.sizeBytes > 0 && opened.sizeBytes > 0 && opened.sizeBytes < source.sizeBytes)
        throw differs(`has ${opened.sizeBytes} bytes and should have ${source.sizeBytes}`)
      const expected = source.sizeBytes || opened.sizeBytes
      for await (const chunk of opened.body) {
        dog.signal.throwIfAborted()
        dog.kick()
        if (bytes + chunk.length > most) throw tooLarge()
        await writeAll(file, chunk, bytes)
        hash.update(chunk)
        bytes += chunk.length
        onProgress?.(bytes, expected)
      }
      if (expected > bytes) throw new BrokenOff(`it ended after ${bytes} of ${expected} bytes`)
    } finally {
      dog.end()
    }
  }

  const isBroken = (error: unknown): boolean =>
    !(error instanceof WeftError) && (error as NodeJS.ErrnoException).code !== 'ENOSPC'

  try {
    for (let failures = 0; ; ) {
      const before = bytes
      try {
        await transfer()
        break
      } catch (error) {
        signal.throwIfAborted()
        if (!isBroken(error)) throw error
        failures = bytes > before ? 1 : failures + 1
        const { message, cause } = error as Error
        if (failures >= mostAttempts) throw unreachable(source, (cause as Error | undefined)?.message || message, error)
        await sleep(againMs * 2 ** (failures - 1), undefined, { signal })
      }
    }
    const digest = hash.digest('hex')
    // Of a file of the host a digest would say more of it than who asks may know.
    const has = isFile ? 'another SHA-256' : `the SHA-256 ${digest}`
    if (digest !== source.sha256) throw differs(`has ${has} and should have ${source.sha256}`)
    await file.sync()
    await file.close()
    return { sizeBytes: bytes }
  } catch (error) {
    await file.close().catch(() => {})
    await rm(path, { force: true })
    signal.throwIfAborted()
    throw spaceError(source.name, error)
  }
}

/** A write may take a part: on a disk that is nearly full. */
const writeAll = async (file: FileHandle, chunk: Uint8Array, position: number): Promise<void> => {
  for (let done = 0; done < chunk.length; ) {
    const { bytesWritten } = await file.write(chunk, done, chunk.length - done, position + done)
    done += bytesWritten
  }
}
