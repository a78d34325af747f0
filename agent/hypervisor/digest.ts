/**
 * What a node was made from and how its interfaces are set, each as a short digest that is kept with the node: after a restart the
 * agent compares, and touches only what differs.
 */
import { createHash } from 'node:crypto'
import type { SliceInterface } from '../../proto/generated/weft.v1.ts'
import type { NodeSpec } from './driver.ts'

const digestOf = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('base64url').slice(0, 22)

const inOrder = (interfaces: readonly SliceInterface[]): readonly SliceInterface[] =>
  [...interfaces].sort((a, b) => a.index - b.index)

/** Of a provider's image what is in it; where it comes from may change. */
const imageOf = ({ image, imageSource }: NodeSpec['node']): unknown =>
  imageSource ? [imageSource.sha256, imageSource.format] : image

/** What a node of a pool has in common with one that it may become. */
const shapeOf = (node: NodeSpec['node']): readonly unknown[] => [
  node.hypervisor,
  imageOf(node),
  node.memoryBytes,
  node.diskBytes,
  [
    node.cpu?.count ?? 0,
    node.cpu?.shares ?? 0,
    node.cpu?.quotaMillis ?? 0,
    // Nothing where there are none: digests are those of agents that knew of none.
    ...(node.cpu?.pins ? [node.cpu.pins] : []),
  ],
]

/** What comes before interfaces and what comes after: the first layout of a digest had them between. */
const machineOf = ({ vnet, node, slot }: NodeSpec): readonly unknown[] => [vnet, node.id, slot, ...shapeOf(node)]

const startUpOf = ({ node: { startUp } }: NodeSpec): readonly unknown[] => [
  startUp?.command ?? '',
  (startUp?.files ?? []).map(({ path, content, mode }) => [path, content, mode]),
]

/**
 * Of everything that a node has to be made again for. Not part of it: its interfaces (attached, detached and configured live), the restart
 * policy, and what its interfaces are joined to.
 */
export const nodeDigest = (spec: NodeSpec): string => digestOf([2, ...machineOf(spec), startUpOf(spec)])

/** As agents wrote it that could not attach interfaces. */
const firstNodeDigest = (spec: NodeSpec): string => {
  const interfaces = inOrder(spec.node.interfaces).map(({ index, mac }) => [index, mac.toLowerCase()])
  return digestOf([1, ...machineOf(spec), interfaces, startUpOf(spec)])
}

/** Whether a node with this digest was made from the spec: also one that an earlier agent made, which is not made again for that. */
export const isMadeFrom = (spec: NodeSpec, digest: string): boolean =>
  digest === nodeDigest(spec) || digest === firstNodeDigest(spec)

/** Whether a node may be made of a pool's node as that runs: all else is told it late. */
export const isServedBy = (wanted: NodeSpec['node'], idle: NodeSpec['node']): boolean =>
  JSON.stringify(shapeOf(wanted)) === JSON.stringify(shapeOf(idle))

/** Of what configure sets. Never ''. */
export const configurationDigest = ({ node }: NodeSpec): string =>
  digestOf([
    2,
    inOrder(node.interfaces).map(({ index, mac, mtu, addresses }) => [
      index,
      mac.toLowerCase(),
      mtu,
      [...addresses].sort(),
    ]),
  ])
