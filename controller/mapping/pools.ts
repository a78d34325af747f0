/**
 * Nodes that are not made but taken (allocation "preallocated"): which make of a provider's idle nodes serves which. Pure.
 */
import type { Cpu, Node, PoolShape, SubstrateNode } from '../../proto/generated/weft.v1.ts'
import { anyHypervisor, reservedCpuMillis } from './demand.ts'
import type { Usage } from './mapping.ts'

/** What makes one idle node as good as another. */
export type Make = Pick<PoolShape, 'hypervisor' | 'image' | 'cpu' | 'memoryBytes' | 'diskBytes'>

/** Whether the node is to be taken from a pool. */
export const isPooled = ({ allocation }: Pick<Node, 'allocation'>): boolean => allocation === 'preallocated'

/** Key of a host's idle nodes of a shape, in a usage. */
export const poolKey = (host: string, shape: string): string => `${host}/${shape}`

/** Whether an idle node of this make is what the node asks for: the same in all that it says, anything in what it leaves out. */
export const serves = (make: Make, node: Node): boolean => {
  const same = (asked: number, has: number): boolean => asked === 0 || asked === has
  return (
    (anyHypervisor(node.hypervisor) || node.hypervisor === make.hypervisor) &&
    (node.image === '' || node.image === make.image) &&
    same(node.memoryBytes, make.memoryBytes) &&
    same(node.diskBytes, make.diskBytes) &&
    servesCpu(make.cpu, node.cpu)
  )
}

const servesCpu = (has: Cpu | undefined, asked: Cpu | undefined): boolean => {
  if (!asked) return true
  const same = (wanted: number, given: number): boolean => wanted === 0 || wanted === given
  return (
    same(asked.count, has?.count || 1) &&
    same(asked.shares, has?.shares ?? 0) &&
    same(asked.quotaMillis, has?.quotaMillis ?? 0) &&
    (asked.pins === '' || asked.pins === has?.pins)
  )
}

/** The node as it is once it was taken: what it left out is the make's. */
export const ofMake = (node: Node, { hypervisor, image, cpu, memoryBytes, diskBytes }: Make): Node => ({
  ...node,
  hypervisor,
  image,
  cpu,
  memoryBytes,
  diskBytes,
})

/** What one node of the make takes of a host's CPUs, in thousandths of one. */
export const makeCpuMillis = ({ cpu }: Pick<Make, 'cpu'>): number => reservedCpuMillis({ cpu })

/** In place of a shape's name, which is never empty: no pool has what is asked for. */
export const noShape = ''

/**
 * What is left to do of a node's interfaces where an idle one has so many: each that is missing is plugged in, which takes longest; one too many is
 * taken away, or stays unused.
 */
const interfaceWork = (asked: number, { interfaces: has }: Pick<PoolShape, 'interfaces'>): number =>
  asked > has ? 16 * (asked - has) : has - asked

interface Left {
  readonly shapes: PoolShape[]
  idle: number
}

/**
 * The shape that each pooled node of a request is taken from, by id of the node. Of several that serve it and have idle ones it is the one whose
 * interfaces need least done, and of those the one of which most are left in all. Nodes with more interfaces choose first.
 */
export const chooseShapes = (
  hosts: readonly SubstrateNode[],
  usage: Pick<Usage, 'pools'>,
  nodes: readonly Node[],
): ReadonlyMap<string, string> => {
  const left = new Map<string, Left>()
  for (const { id, pools } of hosts)
    for (const shape of pools) {
      const known = left.get(shape.name) ?? { shapes: [], idle: 0 }
      known.shapes.push(shape)
      known.idle += shape.nodes - (usage.pools.get(poolKey(id, shape.name)) ?? 0)
      left.set(shape.name, known)
    }
  const choose = (node: Node): string => {
    const asked = node.interfaces.length
    const work = ({ shapes }: Left): number => Math.min(...shapes.map((shape) => interfaceWork(asked, shape)))
    const [best] = [...left]
      .filter(([, { shapes }]) => shapes.some((shape) => serves(shape, node)))
      .map(([name, one]) => ({ name, one, isEmpty: one.idle <= 0, work: work(one) }))
      .toSorted((a, b) => Number(a.isEmpty) - Number(b.isEmpty) || a.work - b.work || b.one.idle - a.one.idle)
    if (best) best.one.idle--
    return best?.name ?? noShape
  }
  const pooled = nodes.filter(isPooled).toSorted((a, b) => b.interfaces.length - a.interfaces.length)
  return new Map(pooled.map((node) => [node.id, choose(node)]))
}
