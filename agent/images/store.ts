/**
 * The images of one host: its own directory (local.ts), and those of providers' catalogues, fetched once, checked by digest, and kept while a
 * node uses them and some time after.
 */
import type { Image, SliceNode } from '../../proto/generated/weft.v1.ts'
import type { OpenImage } from './image.ts'

/** Who uses an image: a node, until it is released. */
export interface ImageUser {
  readonly vnet: string
  readonly node: Pick<SliceNode, 'id' | 'image' | 'imageSource'>
}

export interface ImageStore {
  /**
   * The image that a node asks for: fetched where it is not here, which may take long (`signal` ends the wait), and kept until `release`. A
   * node that names none gets `fallback`. The reconciler calls it before a driver's start, outside of the driver's limit: a driver that calls it again
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
  /** Ends what is being fetched. */
  close(): Promise<void>
}
