/** MAC addresses and tunnels' numbers that VNets hold, kept up as their rows change. */
import type { Taken } from './allocate.ts'
import { follow, type Rows } from './follow.ts'
import type { AllocatedSegment, Claim } from './segments.ts'

interface Holding {
  /** Of the version that stands and of the one that is reserved. */
  readonly macs: readonly string[]
  readonly claims: readonly Claim[]
  /** Of the version that stands alone. */
  readonly standing: ReadonlySet<Claim>
  /** Of versions before, which hosts may still have. */
  readonly held: readonly Claim[]
}

type Counts = Map<string, number>

const add = (counts: Counts, keys: readonly string[], sign: 1 | -1): void => {
  for (const key of keys) {
    const count = (counts.get(key) ?? 0) + sign
    if (count === 0) counts.delete(key)
    else counts.set(key, count)
  }
}

export interface TakenNumbers {
  /** What a new version of a VNet may not be given: what others hold, and what its own earlier versions may still have on hosts. */
  readonly beside: (vnet: string) => Taken
}

export const createTakenNumbers = (
  rows: Rows,
  claimsOf: (segment: AllocatedSegment) => readonly Claim[],
): TakenNumbers => {
  const macs: Counts = new Map()
  const claims: Counts = new Map()
  const held: Counts = new Map()
  const followed = follow<Holding>(rows, {
    make: (row, reservation) => {
      const allocations = [row, reservation].flatMap((one) => (one ? [one.version.allocation] : []))
      return {
        macs: allocations.flatMap(({ request }) =>
          request.nodes.flatMap(({ interfaces }) => interfaces.map(({ mac }) => mac)),
        ),
        claims: allocations.flatMap(({ segments }) => segments.flatMap(claimsOf)),
        standing: new Set(row?.version.allocation.segments.flatMap(claimsOf)),
        held: (row?.held?.segments ?? []).flatMap(claimsOf),
      }
    },
    count: (one, sign) => {
      add(macs, one.macs, sign)
      add(claims, one.claims, sign)
      add(held, one.held, sign)
    },
  })
  return {
    beside: (vnet) => {
      followed.look()
      const own = followed.of(vnet)
      const ownMacs: Counts = new Map()
      const ownClaims: Counts = new Map()
      add(ownMacs, own?.macs ?? [], 1)
      add(ownClaims, own?.claims ?? [], 1)
      const byOthers = (counts: Counts, mine: Counts, key: string): boolean =>
        (counts.get(key) ?? 0) > (mine.get(key) ?? 0)
      return {
        macs: { has: (mac) => byOthers(macs, ownMacs, mac) },
        claims: {
          has: (claim) => byOthers(claims, ownClaims, claim) || (held.has(claim) && own?.standing.has(claim) !== true),
        },
      }
    },
  }
}
