/** What a PIP keeps of a pool at one host, and what that host is told of it. */
import { create, fromJson, toJson } from '../../../proto/codec.ts'
import type { Reported, Slice, SliceNode } from '../../../proto/generated/weft.v1.ts'
import type { Kind } from '../../store/store.ts'
import { poolVNet, rowKey } from './names.ts'

export interface PoolNode {
  /** As the host is told of it: what it is does not change with the substrate's file. */
  readonly node: SliceNode
  /** `spent`: committed to a VNet once, and never idle again. `leaving`: the host is told of it no more, and may still have it. */
  readonly state: 'kept' | 'spent' | 'leaving'
}

export interface PoolRow {
  readonly host: string
  readonly shape: string
  /** Of the slice. */
  readonly generation: number
  readonly nodes: readonly PoolNode[]
  /** The host shall keep none any more, and forget the pool. */
  readonly retired: boolean
}

interface PoolRowJson extends Omit<PoolRow, 'nodes'> {
  readonly nodes: readonly { readonly node: unknown; readonly state: PoolNode['state'] }[]
}

export const poolKind: Kind<PoolRow> = {
  name: 'pool',
  toJson: (row): PoolRowJson => ({
    ...row,
    nodes: row.nodes.map(({ node, state }) => ({ node: toJson('SliceNode', node), state })),
  }),
  fromJson: (json) => {
    const row = json as PoolRowJson
    return { ...row, nodes: row.nodes.map(({ node, state }) => ({ node: fromJson('SliceNode', node), state })) }
  },
}

export const keyOfRow = ({ host, shape }: Pick<PoolRow, 'host' | 'shape'>): string => rowKey(host, shape)

/** What the host shall have: all but those that leave. */
export const poolSlice = ({ shape, generation, nodes, retired }: PoolRow, epoch: number): Slice =>
  create('Slice', {
    vnet: poolVNet(shape),
    generation,
    epoch,
    absent: retired,
    nodes: nodes.filter(({ state }) => state !== 'leaving').map(({ node }) => node),
  })

/** Whether the host reports the node as booted. */
export const isReady = (report: Reported | undefined, id: string): boolean =>
  report?.nodes.some((node) => node.id === id && node.state === 'OBJECT_STATE_READY') ?? false
