/** Which nodes of pools VNets have, or hold by a reservation: computed from what is stored, so that whatever ends gives them back. */
import type { SliceNode } from '../../../proto/generated/weft.v1.ts'
import type { Book } from '../book.ts'
import type { Version } from '../rows.ts'
import { poolRef, rowKey, shapeOfPool } from './names.ts'
import { keyOfRow, type PoolRow } from './rows.ts'

/** A node of a version that is a pool's. */
export interface Claim {
  readonly host: string
  /** Of the version. */
  readonly node: SliceNode
  /** As POOL/NODE. */
  readonly pooled: string
}

const claimsByVersion = new WeakMap<Version, readonly Claim[]>()

export const claimsOf = (version: Version): readonly Claim[] => {
  const known = claimsByVersion.get(version)
  if (known) return known
  const claims = [...version.slices].flatMap(([host, { nodes }]) =>
    nodes.filter(({ pooled }) => pooled !== '').map((node): Claim => ({ host, node, pooled: node.pooled })),
  )
  claimsByVersion.set(version, claims)
  return claims
}

/** Tells one node of all pools from the others. */
export const claimKey = ({ host, pooled }: Pick<Claim, 'host' | 'pooled'>): string => `${host}/${pooled}`

export interface Taker extends Claim {
  readonly vnet: string
  /** A VNet that stands has it; else a reservation holds it. */
  readonly committed: boolean
}

/**
 * By claimKey, all that is taken: `beside` a VNet that a new version is made for, whose reservation before gives way. A VNet that is being removed
 * wants none.
 */
export const takers = ({ vnets, reservations }: Book, beside = ''): ReadonlyMap<string, Taker> => {
  const all = new Map<string, Taker>()
  const note = (vnet: string, version: Version, committed: boolean): void => {
    for (const claim of claimsOf(version)) all.set(claimKey(claim), { ...claim, vnet, committed })
  }
  for (const { vnet, version } of reservations.values()) if (vnet !== beside) note(vnet, version, false)
  for (const { vnet, version, removing } of vnets.values()) if (!removing) note(vnet, version, true)
  return all
}

/** The rows whose nodes a version takes, with these spent: stored with the commit, so that no crash makes them idle again. */
export const spentBy = (pools: ReadonlyMap<string, PoolRow>, version: Version): ReadonlyMap<string, PoolRow> => {
  const changed = new Map<string, PoolRow>()
  for (const { host, pooled } of claimsOf(version)) {
    const shape = shapeOfPool(pooled.slice(0, pooled.indexOf('/')))
    const key = rowKey(host, shape ?? '')
    const row = changed.get(key) ?? pools.get(key)
    if (!row) continue
    const nodes = row.nodes.map((one) =>
      poolRef(row.shape, one.node.id) === pooled ? { ...one, state: 'spent' as const } : one,
    )
    changed.set(keyOfRow(row), { ...row, nodes })
  }
  return changed
}
