/** MAC addresses and tunnels' numbers that VNets hold, kept up as their rows change. */
import type { Taken } from './allocate.ts'
import type { Tombstone } from './death/rows.ts'
import { follow, type Rows } from './follow.ts'
import { createNumberSet, type NumberSet } from './number-set.ts'
import { type AllocatedSegment, type Claim, readClaim, type Space } from './segments.ts'

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

/** @param onEdge told of the keys that are counted now and were not, or the other way */
const add = (counts: Counts, keys: readonly string[], sign: 1 | -1, onEdge?: (key: string) => void): void => {
  for (const key of keys) {
    const before = counts.get(key) ?? 0
    const count = before + sign
    if (count === 0) counts.delete(key)
    else counts.set(key, count)
    if (count === 0 || before === 0) onEdge?.(key)
  }
}

export interface TakenNumbers {
  /** What a new version of a VNet may not be given: what others hold, and what its own earlier versions may still have on hosts. */
  readonly beside: (vnet: string) => Taken
}

/** @param tombstones what dead hosts may still have of VNets that were removed */
export const createTakenNumbers = (
  rows: Rows,
  claimsOf: (segment: AllocatedSegment) => readonly Claim[],
  tombstones: ReadonlyMap<string, Tombstone> = new Map(),
): TakenNumbers => {
  const macs: Counts = new Map()
  const claims: Counts = new Map()
  const held: Counts = new Map()
  /** All numbers that anybody has or may still have. */
  const numbers = new Map<Space, NumberSet>()
  const mark = (claim: Claim): void => {
    const read = readClaim(claim)
    if (!read) return
    const { space, identifier } = read
    const set = numbers.get(space) ?? createNumberSet()
    numbers.set(space, set)
    if (claims.has(claim) || held.has(claim)) set.add(identifier)
    else set.delete(identifier)
  }
  const firstFree = (spaces: readonly Space[], from: number): number => {
    let number = from
    for (let before = -1; before !== number; ) {
      before = number
      for (const space of spaces) number = numbers.get(space)?.firstFree(number) ?? number
    }
    return number
  }
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
      add(claims, one.claims, sign, mark)
      add(held, one.held, sign, mark)
    },
  })
  const buried = new Map<string, Tombstone>()
  const bury = ({ macs: addresses, segments }: Tombstone, sign: 1 | -1): void => {
    add(macs, addresses, sign)
    add(held, segments.flatMap(claimsOf), sign, mark)
  }
  const lookAtGraves = (): void => {
    for (const [key, one] of buried) {
      if (tombstones.get(key) === one) continue
      buried.delete(key)
      bury(one, -1)
    }
    for (const [key, one] of tombstones) {
      if (buried.has(key)) continue
      buried.set(key, one)
      bury(one, 1)
    }
  }
  return {
    beside: (vnet) => {
      followed.look()
      lookAtGraves()
      const own = followed.of(vnet)
      const ownMacs: Counts = new Map()
      const ownClaims: Counts = new Map()
      add(ownMacs, own?.macs ?? [], 1)
      add(ownClaims, own?.claims ?? [], 1)
      const byOthers = (counts: Counts, mine: Counts, key: string): boolean =>
        (counts.get(key) ?? 0) > (mine.get(key) ?? 0)
      const isTaken = (claim: Claim): boolean =>
        byOthers(claims, ownClaims, claim) || (held.has(claim) && own?.standing.has(claim) !== true)
      /** Its own numbers that a new version may be given: those of a reservation. */
      const mine = (own?.claims ?? []).filter((claim) => !isTaken(claim)).flatMap((claim) => readClaim(claim) ?? [])
      return {
        macs: { has: (mac) => byOthers(macs, ownMacs, mac) },
        claims: { has: isTaken },
        nextFree: (spaces, from) => {
          const own = mine.filter(({ space, identifier }) => identifier >= from && spaces.includes(space))
          return Math.min(firstFree(spaces, from), ...own.map(({ identifier }) => identifier))
        },
      }
    },
  }
}
