/**
 * Changes the queueing of underlay NICs. Links share it and are built side by side, so what is done at one NIC is done one after
 * the other, and the last tunnel that leaves takes it away.
 */
import { decodeLink } from '../../netlink/link/link.ts'
import { dumpLinks } from '../../netlink/link/requests.ts'
import type { RouteSocket } from '../../netlink/route.ts'
import { NetlinkError } from '../../netlink/socket/error.ts'
import type { Request } from '../../netlink/socket/request.ts'
import { deleteClass } from '../../netlink/traffic/class.ts'
import { addFilter, deleteFilter, protocol } from '../../netlink/traffic/filter.ts'
import { parent } from '../../netlink/traffic/handle.ts'
import { deleteQdisc } from '../../netlink/traffic/qdisc.ts'
import { parseMark } from '../mark.ts'
import type { Operation } from './operation.ts'
import {
  addSegmentClass,
  candidateClass,
  candidates,
  filterPriority,
  findReservation,
  pieces,
  type Reservation,
  replaceSegmentClass,
  replaceSegmentQueue,
  rootHandle,
  segmentFilter,
  type UnderlayState,
} from './underlay.ts'

type Of<Op extends Operation['op']> = Extract<Operation, { op: Op }>

export interface UnderlayKeeper {
  /** Does one operation on the NIC that has this index. Rejects with NetlinkError. */
  apply(operation: Of<'underlay' | 'reserve' | 'tidy'>, index: number): Promise<void>
  /** A tunnel is about to be made on a NIC: its queueing is not taken away meanwhile. Returns the function that ends it. */
  claim(nic: string): () => void
}

export const underlayKeeper = (route: () => RouteSocket): UnderlayKeeper => {
  const turns = new Map<string, Promise<unknown>>()
  const claims = new Map<string, number>()

  /** After all that was begun at this NIC before. */
  const inTurn = <T>(nic: string, work: () => Promise<T>): Promise<T> => {
    const result = (turns.get(nic) ?? Promise.resolve()).then(work)
    const settled = result.catch(() => undefined)
    turns.set(nic, settled)
    void settled.then(() => turns.get(nic) === settled && turns.delete(nic))
    return result
  }

  return {
    apply: (operation, index) =>
      inTurn(operation.nic, async () => {
        if (operation.op === 'underlay') return complete(route(), operation, index)
        if (operation.op === 'tidy') return (claims.get(operation.nic) ?? 0) > 0 ? undefined : tidy(route(), index)
        if (operation.to === undefined) return release(route(), operation, index)
        return reserve(route(), operation, operation.to, index)
      }),

    claim: (nic) => {
      claims.set(nic, (claims.get(nic) ?? 0) + 1)
      return () => {
        const left = (claims.get(nic) ?? 1) - 1
        if (left > 0) claims.set(nic, left)
        else claims.delete(nic)
      }
    },
  }
}

const run = async (route: RouteSocket, requests: readonly Request[], ...unless: readonly string[]): Promise<void> => {
  const outcomes = await route.batch(requests)
  for (const outcome of outcomes) if (outcome instanceof NetlinkError && !unless.includes(outcome.code)) throw outcome
}

/** The pieces that a plan found missing; another link may have made them since. */
const complete = (route: RouteSocket, { rateBitsPerSecond, missing }: Of<'underlay'>, index: number): Promise<void> => {
  const wanted = pieces(rateBitsPerSecond).filter(({ name }) => missing.includes(name))
  return run(
    route,
    wanted.map(({ request }) => request(index)),
    'EEXIST',
  )
}

const reserve = async (
  route: RouteSocket,
  { identifier, from }: Of<'reserve'>,
  { options, limitBytes }: Reservation,
  index: number,
): Promise<void> => {
  const classId = from === undefined ? await newClass(route, index, identifier, options) : from.classId
  await run(route, [
    replaceSegmentClass(index, classId, options),
    replaceSegmentQueue(index, classId, limitBytes),
    ...(from === undefined || from.filter === 0 ? [addFilter(segmentFilter(index, identifier, classId))] : []),
  ])
}

/** The class that the VNI would have; where another VNI has it, the next one that is free. */
const newClass = async (
  route: RouteSocket,
  index: number,
  identifier: number,
  options: Reservation['options'],
): Promise<number> => {
  const first = candidateClass(identifier, 0)
  const [outcome] = await route.batch([addSegmentClass(index, first, options)])
  if (!(outcome instanceof NetlinkError)) return first
  if (outcome.code !== 'EEXIST') throw outcome
  const { classes } = await readState(route, index)
  const used = new Set(classes.map(({ classId }) => classId))
  for (let attempt = 1; attempt < candidates; attempt++) {
    const classId = candidateClass(identifier, attempt)
    if (!used.has(classId)) return classId
  }
  throw outcome
}

/** Filter first: a class that one leads to cannot go. What is gone already is as it should be. */
const release = async (route: RouteSocket, { identifier, from }: Of<'reserve'>, index: number): Promise<void> => {
  const found = from ?? findReservation(await readState(route, index), identifier)
  if (found === undefined) return
  const { filter, classId } = found
  const place = { index, parent: rootHandle }
  await run(
    route,
    [
      ...(filter === 0 ? [] : [deleteFilter(place, filterPriority, protocol.ipv4, filter, 'u32')]),
      deleteClass(index, classId),
    ],
    'ENOENT',
    'EINVAL',
    'ENODEV',
  )
}

const readState = async (route: RouteSocket, index: number): Promise<UnderlayState> => {
  const [classes, filters] = await Promise.all([route.classes(index), route.filters({ index, parent: rootHandle })])
  return { qdiscs: [], classes, filters }
}

/** `tc qdisc del dev NIC root`, where no tunnel of ours is left on the NIC. */
const tidy = async (route: RouteSocket, index: number): Promise<void> => {
  const links = (await route.dump(dumpLinks(false))).map(decodeLink)
  const used = links.some(
    ({ info, alias }) => info?.kind === 'vxlan' && info.lower === index && parseMark(alias) !== undefined,
  )
  if (!used) await run(route, [deleteQdisc(index, parent.root, rootHandle)], 'ENOENT', 'EINVAL', 'ENODEV')
}
