/**
 * What a node was made from and how its interfaces are set, each as a short digest that is kept with the node: after a restart the
 * agent compares, and touches only what differs.
 */
import { createHash } from 'node:crypto'
import type { NodeSpec } from './driver.ts'

const digestOf = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('base64url').slice(0, 22)

/**
 * Of everything that a node has to be made again for. Not part of it: MTU and addresses (configured live), the restart policy, and
 * what its interfaces are joined to.
 */
export const nodeDigest = ({ vnet, node, slot }: NodeSpec): string =>
  digestOf([
    1,
    vnet,
    node.id,
    slot,
    node.hypervisor,
    node.image,
    node.memoryBytes,
    node.diskBytes,
    [node.cpu?.count ?? 0, node.cpu?.shares ?? 0, node.cpu?.quotaMillis ?? 0],
    [...node.interfaces].sort((a, b) => a.index - b.index).map(({ index, mac }) => [index, mac.toLowerCase()]),
    [node.startUp?.command ?? '', (node.startUp?.files ?? []).map(({ path, content, mode }) => [path, content, mode])],
  ])

/** Of what configure sets. Never ''. */
export const configurationDigest = ({ node }: NodeSpec): string =>
  digestOf([
    1,
    [...node.interfaces]
      .sort((a, b) => a.index - b.index)
      .map(({ index, mtu, addresses }) => [index, mtu, [...addresses].sort()]),
  ])
