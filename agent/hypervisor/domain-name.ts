import { createHash } from 'node:crypto'

/**
 * Name of a node's domain: opaque, the same for as long as the node is, and found again after a restart. A pool's domain cannot be
 * renamed, so names tell nothing; whose it is stands in the metadata.
 */
export const domainName = (vnet: string, node: string): string =>
  `weft-${createHash('sha256').update(`${vnet}/${node}`).digest('hex').slice(0, 16)}`
