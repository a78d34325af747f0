/**
 * The images of one host: its own directory (local.ts), and those of providers' catalogues, fetched once, checked by digest, and kept while a
 * node uses them and some time after.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { create } from '../../proto/codec.ts'
import { hasCode, WeftError } from '../../proto/errors.ts'
import type { Image, SliceNode } from '../../proto/generated/weft.v1.ts'
import { imageFormats, imageNamePattern, sha256Pattern } from '../../proto/image-formats.ts'
import { imageKey, openCache } from './cache.ts'
import { type Fetching, fetchings } from './fetching.ts'
import type { OpenImage } from './image.ts'
import { hostImage, listLocal, openLocal } from './local.ts'
import type { MappedIds } from './place.ts'
import { openUses } from './uses.ts'

/** Who uses an image: a node, until it is released. */
export interface ImageUser {
  readonly vnet: string
  readonly node: Pick<SliceNode, 'id' | 'image' | 'imageSource'>
}

export interface ImageStore {
  /**
   * The image that a node asks for: fetched where it is not here, which may take long (`signal` ends the wait, and the fetch where nobody else
   * waits for it), and kept until `release`. A node that names none gets `fallback`, or the host's own programs. The reconciler calls it before a driver's start, outside of the driver's limit: a driver that calls it again
   * gets an answer at once. Errors: image.unknown, image.unreachable, image.digest, image.invalid, image.no-space.
   */
  open(user: ImageUser, options?: { readonly fallback?: string; readonly signal?: AbortSignal }): Promise<OpenImage>
  /** The node needs its image no more: called by remove, when the domain is gone and before the node's directory is. Idempotent. */
  release(vnet: string, node: string): Promise<void>
  /** What is being fetched for a node, for people; undefined: nothing. */
  progress(vnet: string, node: string): string | undefined
  /** All images that are here. */
  list(): Promise<readonly Image[]>
  /**
   * Removes what nobody has used for a while. `known` has the key `vnet/node` of every node that shall be or that is here: uses of others
   * are forgotten.
   */
  collect(known: ReadonlySet<string>): Promise<void>
  /** Ends what is being fetched, which leaves nothing. */
  close(): Promise<void>
}

export interface ImageStoreOptions {
  /** Of the store: fetched images and who uses them. Mapped users of containers must be able to walk through. */
  readonly directory: string
  /** The host's own images. */
  readonly localDirectory: string
  /** Whom files of containers' images belong to. */
  readonly ids: MappedIds
  /** That fetched images may take together. */
  readonly mostBytes: number
  /** How long an image that no node uses is kept, in milliseconds. */
  readonly keepMs: number
  /** For tests. */
  readonly timing?: { readonly idleMs?: number; readonly againMs?: number; readonly wrongMs?: number }
}

/** What is not what it should be is not fetched again at once: that would take hours of a line for nothing. */
const defaultWrongMs = 60_000

/** What a message may bring is looked at before anything is done with it. */
const checkSource = ({ name, url, sha256, format }: Image, node: string): void => {
  const fail = (message: string, hint: string): never => {
    throw new WeftError('image.invalid', `the image of node ${node} ${message}`, { object: `node/${node}`, hint })
  }
  if (!imageNamePattern.test(name))
    fail(`is called ${JSON.stringify(name)}`, 'letters, digits, dots, hyphens, underscores')
  if (!sha256Pattern.test(sha256)) fail('has no SHA-256', '64 hexadecimal digits, as sha256sum prints them')
  const formats = Object.keys(imageFormats).filter((one) => one !== 'directory')
  if (!formats.includes(format)) fail(`has the format ${JSON.stringify(format)}`, `one of ${formats.join(', ')}`)
  const isKnown = URL.canParse(url) && ['file:', 'http:', 'https:'].includes(new URL(url).protocol)
  if (!isKnown) fail(`comes from ${JSON.stringify(url)}`, 'file:///PATH, http://… or https://…')
}

/** What is left of a fetch that an earlier agent began is removed. */
export const openImageStore = async (options: ImageStoreOptions): Promise<ImageStore> => {
  const { directory, localDirectory, ids, mostBytes, keepMs, timing } = options
  /** Keys of images that are just being opened, each as often as it is. */
  const opening = new Map<string, number>()
  // Mapped users of containers walk through to what is theirs.
  await mkdir(directory, { recursive: true, mode: 0o755 })
  const uses = await openUses(join(directory, 'uses'))
  const isUsed = (key: string): boolean => opening.has(key) || uses.images().has(key)
  const cache = await openCache({ directory, ids, mostBytes, isUsed, idleMs: timing?.idleMs, againMs: timing?.againMs })
  const fetching = fetchings((image, signal, onProgress) => cache.add(image, signal, onProgress))
  /** By node. */
  const waits = new Map<string, Fetching>()
  const wrong = new Map<string, { readonly url: string; readonly error: WeftError; readonly until: number }>()

  const fetchInto = async (key: string, image: Image, user: string, signal: AbortSignal | undefined): Promise<void> => {
    const before = wrong.get(key)
    if (before && before.url === image.url && performance.now() < before.until) throw before.error
    try {
      await fetching.join(key, image, signal, (progress) => waits.set(user, progress))
      wrong.delete(key)
    } catch (error) {
      if (hasCode(error, 'image.digest', 'image.invalid')) {
        const until = performance.now() + (timing?.wrongMs ?? defaultWrongMs)
        wrong.set(key, { url: image.url, error: error as WeftError, until })
      }
      throw error
    } finally {
      waits.delete(user)
    }
  }

  const held = async <T>(key: string, work: () => Promise<T>): Promise<T> => {
    opening.set(key, (opening.get(key) ?? 0) + 1)
    try {
      return await work()
    } finally {
      const left = (opening.get(key) ?? 1) - 1
      if (left > 0) opening.set(key, left)
      else opening.delete(key)
    }
  }

  return {
    open: async ({ vnet, node }, { fallback = hostImage, signal } = {}) => {
      const source = node.imageSource
      if (!source) return openLocal(localDirectory, node.image || fallback, node.id)
      checkSource(source, node.id)
      const key = imageKey(source)
      return held(key, async () => {
        for (let tries = 0; ; tries++) {
          signal?.throwIfAborted()
          const opened = await cache.open(source)
          if (opened) {
            await uses.set(vnet, node.id, key)
            return opened
          }
          if (tries > 1) throw new WeftError('internal', `image ${source.name} went as soon as it came`)
          await fetchInto(key, source, `${vnet}/${node.id}`, signal).catch((error: unknown) => {
            throw forNode(error, node.id)
          })
        }
      })
    },
    release: (vnet, node) => uses.clear(vnet, node),
    progress: (vnet, node) => waits.get(`${vnet}/${node}`)?.text(),
    list: async () => [
      ...(await listLocal(localDirectory)).map(({ name, format }) => create('Image', { name, format })),
      ...cache.list(),
    ],
    collect: async (known) => {
      for (const node of uses.nodes()) {
        const [vnet = '', id = ''] = node.split('/')
        if (!known.has(node)) await uses.clear(vnet, id)
      }
      await cache.collect(keepMs)
    },
    close: () => fetching.close(),
  }
}

/** The error of a fetch that nodes share, as one of them reports it. */
const forNode = (error: unknown, node: string): unknown => {
  if (!(error instanceof WeftError)) return error
  const { code, message, hint, cause } = error
  return new WeftError(code, `node ${node}: ${message}`, { object: `node/${node}`, hint, cause })
}
