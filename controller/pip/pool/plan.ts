/**
 * What becomes of one host's nodes of a shape: pure, from what is stored, declared, reported and taken. Each step can be done again, and each
 * leaves the host with nodes that are somebody's: a taken one is dropped only once the host has it as the VNet's, or the VNet wants it no more.
 */
import type { Reported, SliceNode } from '../../../proto/generated/weft.v1.ts'
import type { Taker } from './claims.ts'
import { claimKey } from './claims.ts'
import { poolRef } from './names.ts'
import { isReady, type PoolNode, type PoolRow, poolSlice } from './rows.ts'

export interface PoolSituation {
  readonly host: string
  readonly shape: string
  readonly row: PoolRow | undefined
  /** What the host says of the pool's slice. */
  readonly report: Reported | undefined
  readonly epoch: number
  /** A node of the shape as it is declared, without an id; undefined: the host shall keep none. */
  readonly make: SliceNode | undefined
  /** How many it shall keep. */
  readonly count: number
  /** By claimKey. */
  readonly takers: ReadonlyMap<string, Taker>
  /** Whether the host has the taker's node as the VNet's. */
  readonly hasArrived: (taker: Taker) => boolean
  /** How many more there is room for on the host now, of so many. */
  readonly room: (missing: number) => number
  /** Never given before. */
  readonly nextId: () => string
}

/** The row as it shall be, the same one where nothing changes; undefined: there shall be none. */
export const planPool = (situation: PoolSituation): PoolRow | undefined => {
  const { host, shape, row, report, make, epoch } = situation
  const held = report !== undefined && report.phase !== 'PHASE_GONE'
  if (!row && !make && !held) return undefined
  // A host may hold a pool of a store that was lost: what it has is told of no more, and so removed.
  const before = row ?? { host, shape, generation: report?.generation ?? 0, nodes: [], retired: false }
  const nodes = filled(situation, settled(situation, before))
  const retired = make === undefined && nodes.every(({ state }) => state === 'leaving')
  const answers = report?.generation === before.generation && report.epoch === epoch
  if (retired && before.retired && nodes.length === 0 && answers && report.phase === 'PHASE_GONE') return undefined
  // Nothing to tell the host of yet.
  if (!row && nodes.length === 0 && !held) return undefined
  const next = { ...before, nodes, retired }
  const isOlder = (report?.generation ?? 0) > before.generation
  if (row && !isOlder && sameSlice(before, next)) return sameStates(before, next) ? before : next
  return { ...next, generation: Math.max(before.generation, report?.generation ?? 0) + 1 }
}

/** What is left of the nodes, each in its state. */
const settled = (situation: PoolSituation, { shape, host, generation, nodes }: PoolRow): readonly PoolNode[] => {
  const { report, epoch, make, takers, hasArrived } = situation
  const isDone =
    report?.generation === generation &&
    report.epoch === epoch &&
    (report.phase === 'PHASE_READY' || report.phase === 'PHASE_GONE')
  return nodes.flatMap((one): readonly PoolNode[] => {
    if (one.state === 'leaving') return isDone ? [] : [one]
    const taker = takers.get(claimKey({ host, pooled: poolRef(shape, one.node.id) }))
    if (taker?.committed) return hasArrived(taker) ? [] : [{ ...one, state: 'spent' }]
    if (one.state === 'spent') return [{ ...one, state: 'leaving' }]
    return taker || (make && isOfMake(one.node, make)) ? [one] : [{ ...one, state: 'leaving' }]
  })
}

const isOfMake = (node: SliceNode, make: SliceNode): boolean =>
  JSON.stringify({ ...node, id: '' }) === JSON.stringify({ ...make, id: '' })

/** As many as there shall be, as far as there is room: those that are too many leave, those not booted yet first. */
const filled = (situation: PoolSituation, nodes: readonly PoolNode[]): readonly PoolNode[] => {
  const { make, count, report, shape, host, takers, room, nextId } = situation
  const here = nodes.filter(({ state }) => state !== 'leaving')
  const missing = count - here.length
  if (missing > 0 && make) {
    const added = Array.from({ length: Math.min(missing, room(missing)) }, () => ({ ...make, id: nextId() }))
    return [...nodes, ...added.map((node): PoolNode => ({ node, state: 'kept' }))]
  }
  const idle = here.filter(
    ({ node, state }) => state === 'kept' && !takers.has(claimKey({ host, pooled: poolRef(shape, node.id) })),
  )
  const booted = ({ node }: PoolNode): number => (isReady(report, node.id) ? 1 : 0)
  const surplus = new Set(idle.toSorted((x, y) => booted(x) - booted(y)).slice(0, Math.max(0, -missing)))
  return nodes.map((one) => (surplus.has(one) ? { ...one, state: 'leaving' } : one))
}

const sameSlice = (a: PoolRow, b: PoolRow): boolean =>
  JSON.stringify(poolSlice(a, 0)) === JSON.stringify(poolSlice(b, 0))

const sameStates = (a: PoolRow, b: PoolRow): boolean =>
  a.nodes.length === b.nodes.length && a.nodes.every(({ state }, index) => state === b.nodes[index]?.state)
