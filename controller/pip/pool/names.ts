/**
 * What pools are called on hosts: each is a slice there, beside those of VNets. A VNet's key has a dot, between its operator and its name; a pool's
 * has none, so that no operator can have it.
 */

const prefix = 'pool-'

/** Key of the slice that a host keeps the nodes of a shape by. */
export const poolVNet = (shape: string): string => `${prefix}${shape}`

/** The shape that a slice keeps nodes of; undefined: it is no pool's. */
export const shapeOfPool = (vnet: string): string | undefined =>
  vnet.startsWith(prefix) && !vnet.includes('.') ? vnet.slice(prefix.length) : undefined

/** A node of a pool, as slices of VNets name it. */
export const poolRef = (shape: string, node: string): string => `${poolVNet(shape)}/${node}`

/** One host's nodes of a shape. */
export const rowKey = (host: string, shape: string): string => `${host}/${shape}`
