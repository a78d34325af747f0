/** Takes a node from a pool: what libvirt's drivers do alike of `start` with a node to take. */
import { hasCode } from '../../../proto/errors.ts'
import type { IdleNode, NodeSpec } from '../driver.ts'
import { dressVifs, onlyInterfaces, takeVifs, vifName } from '../vifs.ts'
import { isRunning, type MarkedDomain } from './domains.ts'
import { markOf } from './metadata.ts'
import type { LibvirtNodes } from './nodes.ts'
import { withdrawReleased } from './released.ts'
import type { Taken } from './taken.ts'

export interface TakeOptions {
  readonly bootId: string
  /** Where the file is that says what a node was configured with (released.ts), of the node's directory. */
  readonly releasedIn: (directory: string) => string
  /** Whether it can be told late what others are told as they start; all can without it. */
  readonly isTellable?: (found: MarkedDomain) => Promise<boolean>
}

/** False: it cannot be taken, and is as it was. The node's own place must be free. */
export const takeNode = async (
  nodes: LibvirtNodes,
  spec: NodeSpec,
  from: IdleNode,
  { bootId, releasedIn, isTellable = async () => true }: TakeOptions,
): Promise<boolean> => {
  const { directories, taken } = nodes
  const { vnet, node } = spec
  const found = await nodes.find(from.vnet, from.id).catch((error: unknown) => {
    if (hasCode(error, 'object.foreign')) return undefined
    throw error
  })
  const isThere = await directories.has(from.vnet, from.id)
  if (!found || !isRunning(found.domain) || !isThere || found.mark.slot !== from.slot) return false
  if (!(await isTellable(found))) return false
  // What is half there of the node's own, of a start that was cut short.
  await directories.remove(vnet, node.id)
  // Before it is another's: what it was configured with as the pool's says nothing of that one.
  await withdrawReleased(releasedIn(directories.of(from.vnet, from.id)))
  const { name: domain, id: domainId } = found.domain
  // Its interfaces are those that it has: `configure` attaches the others.
  const mark = { ...markOf({ ...spec, slot: from.slot }), interfaces: found.mark.interfaces }
  const next = { domain, bootId, domainId, from: { vnet: from.vnet, node: from.id }, mark, isTold: false }
  await taken.take(next)
  await nodes.know(vnet, node.id)
  await takeInterfaces(nodes, next)
  return true
}

/** Those that the pool's node had carry the mark of the one that it became. Idempotent. */
export const takeInterfaces = (nodes: Pick<LibvirtNodes, 'route'>, { from, mark }: Taken): Promise<void> => {
  const names = mark.interfaces.map((index) => vifName(mark.slot, index))
  return takeVifs(nodes.route(), names, { vnet: from.vnet, id: from.node }, { vnet: mark.vnet, id: mark.node })
}

/** As dressVifs does. What a node has had since it was a pool's, in the run in which it was taken, was dressed then, and may be joined to links already. */
export const dressTaken = async (
  nodes: Pick<LibvirtNodes, 'route'>,
  spec: NodeSpec,
  taken: Taken | undefined,
  isJoined: boolean,
): Promise<void> => {
  const indexes = spec.node.interfaces.map(({ index }) => index)
  const had = new Set(isJoined ? indexes : (taken?.mark.interfaces ?? []))
  const dress = (isOld: boolean): Promise<void> =>
    dressVifs(
      nodes.route(),
      onlyInterfaces(
        spec,
        indexes.filter((index) => had.has(index) === isOld),
      ),
      isOld,
    )
  await dress(true)
  await dress(false)
}
