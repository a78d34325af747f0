/**
 * Changes the queueing of underlay NICs. Links of both data paths share it and are built side by side, so what is done at one NIC is done one
 * after the other, and the last segment that leaves takes it away.
 */
import type { RouteSocket } from '../../netlink/route.ts'
import { NetlinkError } from '../../netlink/socket/error.ts'
import type { Request } from '../../netlink/socket/request.ts'
import { deleteClass } from '../../netlink/traffic/class.ts'
import { parent } from '../../netlink/traffic/handle.ts'
import { deleteQdisc } from '../../netlink/traffic/qdisc.ts'
import type { Flow } from './flow.ts'
import type { UnderlayOperation } from './operation.ts'
import { bands, bandsHandle, pieces, replaceRoot, rootHandle, rootPiece } from './pieces.ts'
import {
  addSegmentClass,
  addSegmentFilter,
  candidateClass,
  candidates,
  deleteSegmentFilter,
  findReservation,
  isSaid,
  type Reservation,
  replaceSegmentClass,
  replaceSegmentQueue,
} from './reservation.ts'
import { type TrafficState, trafficState } from './traffic-state.ts'

type Of<Op extends UnderlayOperation['op']> = Extract<UnderlayOperation, { op: Op }>

/**
 * Asked of a driver: whether anything of its own uses the NIC of that index, and which classes its devices or routers have their packets say
 * (reservation.ts); undefined where it does not use it.
 */
export type UsesOf = (nic: number) => Promise<readonly number[] | undefined>

export interface UnderlayKeeper {
  /** Does one operation on the NIC that has this index. Rejects with NetlinkError. */
  apply(operation: UnderlayOperation, index: number): Promise<void>
  /** A segment is about to be made on a NIC, or on another interface of that name: it is not taken away meanwhile. Returns the function that ends it. */
  claim(nic: string): () => void
  isClaimed(nic: string): boolean
  /** Does some work on a NIC after all that was begun there before. */
  inTurn<T>(nic: string, work: () => Promise<T>): Promise<T>
  /** Queueing stays while a driver uses the NIC. */
  ask(usesOf: UsesOf): void
}

export const underlayKeeper = (route: () => RouteSocket): UnderlayKeeper => {
  const drivers: UsesOf[] = []
  const turns = new Map<string, Promise<unknown>>()
  /** How many segments are being made, and how many operations wait that would tidy up, by NIC. */
  const claims = new Map<string, number>()
  const tidying = new Map<string, number>()
  /** How many claims there ever were, by NIC: one that came and went is noticed. */
  const everClaimed = new Map<string, number>()
  const claimsOf = (nic: string): Claims => ({ now: claims.get(nic) ?? 0, ever: everClaimed.get(nic) ?? 0 })
  const count = (counts: Map<string, number>, nic: string, by: 1 | -1): number => {
    const now = (counts.get(nic) ?? 0) + by
    if (now === 0) counts.delete(nic)
    else counts.set(nic, now)
    return now
  }

  /** After all that was begun at this NIC before. */
  const inTurn = <T>(nic: string, work: () => Promise<T>): Promise<T> => {
    const result = (turns.get(nic) ?? Promise.resolve()).then(work)
    const settled = result.catch(() => undefined)
    turns.set(nic, settled)
    void settled.then(() => turns.get(nic) === settled && turns.delete(nic))
    return result
  }

  return {
    apply: (operation, index) => {
      const { nic } = operation
      if (operation.op === 'tidy') {
        count(tidying, nic, 1)
        // Only the last of those that wait looks: it sees what all of them left.
        return inTurn(nic, async () => {
          if (count(tidying, nic, -1) === 0) await tidy(route(), index, { drivers, claimsOf: () => claimsOf(nic) })
        })
      }
      if (operation.op === 'underlay') return inTurn(nic, () => complete(route(), operation, index))
      const { to } = operation
      return inTurn(nic, () =>
        to === undefined ? release(route(), operation, index) : reserve(route(), operation, to, index),
      )
    },

    claim: (nic) => {
      count(claims, nic, 1)
      count(everClaimed, nic, 1)
      return () => void count(claims, nic, -1)
    },

    isClaimed: (nic) => claims.has(nic),
    inTurn,
    ask: (usesOf) => void drivers.push(usesOf),
  }
}

const run = async (route: RouteSocket, requests: readonly Request[], ...unless: readonly string[]): Promise<void> => {
  const outcomes = await route.batch(requests)
  for (const outcome of outcomes) if (outcome instanceof NetlinkError && !unless.includes(outcome.code)) throw outcome
}

/** The pieces that a plan found missing; another link may have made them since. */
const complete = async (
  route: RouteSocket,
  { layout, rateBitsPerSecond, missing }: Of<'underlay'>,
  index: number,
): Promise<void> => {
  const all = layout === 'bands' ? bands : pieces(rateBitsPerSecond)
  const wanted = all.filter(({ name }) => missing.includes(name))
  if (layout === 'classes' && missing.includes(rootPiece) && (await hasBands(route, index))) {
    await run(route, [replaceRoot(index)])
  }
  await run(
    route,
    wanted.map(({ request }) => request(index)),
    'EEXIST',
  )
}

const hasBands = async (route: RouteSocket, index: number): Promise<boolean> =>
  (await route.qdiscs()).some((one) => one.index === index && one.handle === bandsHandle)

const reserve = async (
  route: RouteSocket,
  { flow, classId: said, from }: Of<'reserve'>,
  { options, limitBytes }: Reservation,
  index: number,
): Promise<void> => {
  const classId = from?.classId ?? (await newClass(route, index, flow, said, options))
  await run(route, [
    replaceSegmentClass(index, classId, options),
    replaceSegmentQueue(index, classId, limitBytes),
    ...(from === undefined || from.filter === 0 ? addSegmentFilter(index, flow, classId) : []),
  ])
}

/** The class that packets are to say; else the one that the segment would have, and where another has it, the next one that is free. */
const newClass = async (
  route: RouteSocket,
  index: number,
  flow: Flow,
  said: number | undefined,
  options: Reservation['options'],
): Promise<number> => {
  const first = said ?? candidateClass(flow, 0)
  const [outcome] = await route.batch([addSegmentClass(index, first, options)])
  if (!(outcome instanceof NetlinkError)) return first
  if (outcome.code !== 'EEXIST' || said !== undefined) throw outcome
  const { classes } = await readState(route, index)
  for (let attempt = 1; attempt < candidates; attempt++) {
    const classId = candidateClass(flow, attempt)
    if (!classes.has(classId)) return classId
  }
  throw outcome
}

/** Filter first: a class that one leads to cannot go. What is gone already is as it should be. */
const release = async (
  route: RouteSocket,
  { flow, classId: said, from }: Of<'reserve'>,
  index: number,
): Promise<void> => {
  const found = from ?? findReservation(await readState(route, index), flow, said)
  if (found === undefined) return
  const { filter, classId } = found
  await run(
    route,
    [...(filter === 0 ? [] : [deleteSegmentFilter(index, filter)]), deleteClass(index, classId)],
    'ENOENT',
    'EINVAL',
    'ENODEV',
  )
}

const readState = async (route: RouteSocket, index: number): Promise<TrafficState> => {
  const [classes, filters] = await Promise.all([route.classes(index), route.filters({ index, parent: rootHandle })])
  return trafficState([], classes, filters)
}

interface Claims {
  readonly now: number
  readonly ever: number
}

interface Users {
  readonly drivers: readonly UsesOf[]
  readonly claimsOf: () => Claims
}

/** `tc qdisc del dev NIC root`, where no segment of ours is left on the NIC and none is being made; else what a killed agent left of it. */
const tidy = async (route: RouteSocket, index: number, { drivers, claimsOf }: Users): Promise<void> => {
  for (;;) {
    const { ever } = claimsOf()
    const uses = await Promise.all(drivers.map((usesOf) => usesOf(index)))
    const isUnused = uses.every((one) => one === undefined)
    const requests = isUnused ? removals(index) : await orphans(route, index, uses.flat())
    // Who makes a segment now tidies up after it. What one that was made meanwhile has taken was not seen.
    if (claimsOf().now > 0 || requests.length === 0) return
    if (claimsOf().ever === ever) return run(route, requests, 'ENOENT', 'EINVAL', 'ENODEV')
  }
}

/** Of the root discipline that is ours, whichever it is: another handle's is refused. */
const removals = (index: number): readonly Request[] =>
  [rootHandle, bandsHandle].map((root) => deleteQdisc(index, parent.root, root))

/** What removes classes that no packets say any more. */
const orphans = async (
  route: RouteSocket,
  index: number,
  said: readonly (number | undefined)[],
): Promise<readonly Request[]> => {
  const { classes, filtered } = await readState(route, index)
  const unsaid = [...classes.keys()].filter((one) => isSaid(one) && !said.includes(one) && !filtered.has(one))
  return unsaid.map((classId) => deleteClass(index, classId))
}
