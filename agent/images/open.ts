/** The store of images of an agent, as its configuration says. */
import { join } from 'node:path'
import type { AgentConfig } from '../config.ts'
import { firstMappedId, mappedIds } from '../hypervisor/lxc/ids.ts'
import { type ImageStore, openImageStore } from './store.ts'

export const openImages = (
  stateDir: string,
  { images, imageStore }: Pick<AgentConfig, 'images' | 'imageStore'>,
): Promise<ImageStore> =>
  openImageStore({
    directory: join(stateDir, 'image-store'),
    localDirectory: images || join(stateDir, 'images'),
    ids: { first: firstMappedId, count: mappedIds },
    ...imageStore,
  })
