/**
 * Nodes whose images are still to be fetched: they wait here, outside of the number of nodes that are made at a time, so that others do not
 * wait behind them.
 */
import { WeftError } from '../../proto/errors.ts'
import type { Slice, SliceNode } from '../../proto/generated/weft.v1.ts'
import { isImageFormat, suitsImage } from '../../proto/image-formats.ts'
import type { NodeSpec } from '../hypervisor/driver.ts'
import type { ImageStore } from '../images/store.ts'

export interface ImageWaits {
  /** Settles when the node's image is here; false where nobody wants it any more. Throws what the store throws. */
  here(spec: NodeSpec): Promise<boolean>
  /** What a VNet shall be has changed: nobody waits any more for what no node of it asks for. */
  changed(vnet: string, slice: Slice | undefined): void
  /** What is being fetched for a node, for people. */
  progress(vnet: string, node: string): string | undefined
  /** Nobody waits any more. */
  stop(): void
}

/** How often somebody is told of progress, in milliseconds. */
const tellMs = 2000

const isSame = (a: SliceNode, b: SliceNode | undefined): boolean =>
  a.imageSource?.sha256 === b?.imageSource?.sha256 && a.imageSource?.url === b?.imageSource?.url

/** @param onProgress what `progress` says of a VNet's nodes has changed */
export const imageWaits = (
  images: Pick<ImageStore, 'open' | 'progress'> | undefined,
  onProgress: (vnet: string) => void,
): ImageWaits => {
  const waiting = new Map<NodeSpec, AbortController>()
  return {
    here: async (spec) => {
      const { id, hypervisor, imageSource } = spec.node
      // One of the host's own directory is here, or is not.
      if (!images || !imageSource) return true
      // Said before it is fetched for nothing.
      if (isImageFormat(imageSource.format) && !suitsImage(hypervisor, imageSource.format)) {
        const message = `node ${id} is to run on ${hypervisor}, which starts nothing from ${imageSource.name}, a ${imageSource.format}`
        throw new WeftError('image.unsuitable', message, { object: `node/${id}` })
      }
      const controller = new AbortController()
      waiting.set(spec, controller)
      let told = ''
      const timer = setInterval(() => {
        const text = images.progress(spec.vnet, spec.node.id) ?? ''
        if (text !== told) onProgress(spec.vnet)
        told = text
      }, tellMs)
      try {
        await images.open(spec, { signal: controller.signal })
        return !controller.signal.aborted
      } catch (error) {
        if (controller.signal.aborted) return false
        throw error
      } finally {
        clearInterval(timer)
        waiting.delete(spec)
      }
    },
    changed: (vnet, slice) => {
      for (const [spec, controller] of waiting) {
        if (spec.vnet !== vnet) continue
        const wanted = slice?.absent ? undefined : slice?.nodes.find(({ id }) => id === spec.node.id)
        if (!wanted || !isSame(spec.node, wanted)) controller.abort()
      }
    },
    progress: (vnet, node) => images?.progress(vnet, node),
    stop: () => {
      for (const controller of waiting.values()) controller.abort()
    },
  }
}
