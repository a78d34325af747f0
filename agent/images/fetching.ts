/** One fetch of an image, however many nodes wait for it; it ends with the last who does. */
import type { Image } from '../../proto/generated/weft.v1.ts'

export interface Fetching {
  /** What is done, for people. */
  text(): string
}

export interface Fetchings {
  /** Settles when it is here. Throws what the fetch throws, and the signal's reason. */
  join(
    key: string,
    image: Image,
    signal: AbortSignal | undefined,
    onJoined: (fetching: Fetching) => void,
  ): Promise<void>
  /** Ends all of them, and settles when nothing of them is left. */
  close(): Promise<void>
}

type Work = (image: Image, signal: AbortSignal, onProgress: (bytes: number, of: number) => void) => Promise<void>

interface Shared extends Fetching {
  readonly done: Promise<void>
  readonly controller: AbortController
  waiters: number
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)

/** Pure. `of` 0: nobody knows how much there is. */
export const progressText = (name: string, bytes: number, of: number): string =>
  of > 0 && bytes >= of
    ? `unpacking image ${name}`
    : `fetching image ${name}: ${megabytes(bytes)}${of > 0 ? ` of ${megabytes(of)}` : ''} MB`

export const fetchings = (work: Work): Fetchings => {
  const shared = new Map<string, Shared>()
  let closed = false

  const begin = (key: string, image: Image): Shared => {
    const controller = new AbortController()
    let progress: readonly [number, number] = [0, image.sizeBytes]
    const done = work(image, controller.signal, (bytes, of) => {
      progress = [bytes, of]
    }).finally(() => shared.delete(key))
    // Whoever waits is told.
    done.catch(() => {})
    const fetching: Shared = { done, controller, waiters: 0, text: () => progressText(image.name, ...progress) }
    shared.set(key, fetching)
    return fetching
  }

  return {
    join: async (key, image, signal, onJoined) => {
      // One that is just being given up is none to wait for.
      for (let ending = shared.get(key); ending?.controller.signal.aborted; ending = shared.get(key))
        await ending.done.catch(() => {})
      signal?.throwIfAborted()
      if (closed) throw new Error('the store of images is closed')
      const fetching = shared.get(key) ?? begin(key, image)
      fetching.waiters++
      onJoined(fetching)
      const gone = Promise.withResolvers<never>()
      const leave = (): void => gone.reject(signal?.reason)
      signal?.addEventListener('abort', leave, { once: true })
      try {
        await Promise.race([fetching.done, gone.promise])
      } finally {
        signal?.removeEventListener('abort', leave)
        if (--fetching.waiters === 0) fetching.controller.abort(new Error('nobody waits for the image any more'))
      }
    },
    close: async () => {
      closed = true
      const all = [...shared.values()]
      for (const { controller } of all) controller.abort(new Error('the agent ends'))
      await Promise.all(all.map(({ done }) => done.catch(() => {})))
    },
  }
}
