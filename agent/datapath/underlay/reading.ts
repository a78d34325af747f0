/**
 * Queueing as it is: all disciplines that somebody chose, and the classes and filters of the NICs that carry ours. Disciplines are followed by what the
 * kernel announces of them; of the classes and filters of a NIC all are read again where one of them has changed.
 */
import { type Lookup, momentMap } from '../../moments.ts'
import { readS32, readU32 } from '../../netlink/codec/byte-order.ts'
import { type Message, messageFlag } from '../../netlink/codec/message.ts'
import type { Copy, Question } from '../../netlink/socket/copy.ts'
import { decodeClass, dumpClasses, type TrafficClass } from '../../netlink/traffic/class.ts'
import { decodeFilter, dumpFilters, type Filter } from '../../netlink/traffic/filter.ts'
import { parent } from '../../netlink/traffic/handle.ts'
import { rtm } from '../../netlink/traffic/message.ts'
import { decodeQdisc, type Qdisc } from '../../netlink/traffic/qdisc.ts'
import { isOurRoot, rootHandle } from './pieces.ts'
import { type TrafficState, trafficState } from './traffic-state.ts'

/** At one moment, by interface index. */
export interface Traffic extends Pick<Lookup<number, TrafficState>, 'get'> {
  /** Disciplines that somebody chose. */
  readonly qdiscs: Pick<Lookup<number, readonly Qdisc[]>, 'get'>
  /** NICs that carry a root discipline of ours. */
  readonly underlays: readonly number[]
}

/** Of a NIC that carries a root discipline of ours. */
interface AtNic {
  readonly classes: readonly TrafficClass[]
  readonly filters: readonly Filter[]
}

const nothingAtNic: AtNic = { classes: [], filters: [] }

/** As it was read last. */
interface KnownAtNic extends AtNic {
  /** One of them has changed since that reading began. */
  readonly isOld: boolean
}

const unknown: KnownAtNic = { ...nothingAtNic, isOld: true }

/** RTM_DELLINK, and AF_UNSPEC: not of a port alone, which leaves its bridge. */
const linkDeleted = { type: 17, family: 0 } as const

/** Not the kernel's own choice, which each interface has that nobody chose for: struct tcmsg has handle and parent after its family and index. */
const isChosen = ({ body }: Message): boolean => readU32(body, 8) !== 0 || readU32(body, 12) !== parent.root

const hasOurRoot = (qdiscs: readonly Qdisc[] | undefined): boolean =>
  qdiscs?.some(({ handle }) => isOurRoot(handle)) ?? false

export const trafficCopy = (): Copy<Traffic> => {
  const qdiscs = momentMap<number, readonly Qdisc[]>()
  const nics = new Map<number, KnownAtNic>()

  const keep = (index: number, of: readonly Qdisc[]): void => {
    if (of.length > 0) qdiscs.set(index, of)
    else qdiscs.delete(index)
    if (!hasOurRoot(of)) nics.delete(index)
    else if (!nics.has(index)) nics.set(index, unknown)
  }

  const changed = (message: Message): void => {
    const index = readS32(message.body, 4)
    const before = qdiscs.get(index) ?? []
    const isAdded = message.type === rtm.newQdisc
    const now = isAdded && isChosen(message) ? decodeQdisc(message) : undefined
    // Who changes one by its handle alone is told where it hangs by nobody.
    const [handle, told] = [readU32(message.body, 8), readU32(message.body, 12)]
    const place = told === 0 && handle !== 0 ? (before.find((one) => one.handle === handle)?.parent ?? 0) : told
    // With a root goes all that hangs in it, without a word.
    const isNewRoot = !isAdded || before.every((one) => one.parent !== place || one.handle !== handle)
    const isRoot = place === parent.root && isNewRoot
    const isSame = (one: Qdisc): boolean => one.parent === place && (place !== 0 || one.handle === handle)
    const stays = before.filter((one) => (isRoot ? one.parent === parent.clsact : !isSame(one)))
    if (isRoot) nics.delete(index)
    keep(index, now ? [...stays, { ...now, parent: place }] : stays)
  }

  const classDeleted = ({ body }: Message): void => {
    const [index, classId] = [readS32(body, 4), readU32(body, 8)]
    const before = qdiscs.get(index)
    // Its queue goes with it, without a word.
    const left = before?.filter((one) => one.parent !== classId)
    if (before && left && left.length < before.length) keep(index, left)
  }

  /** What is announced once they are asked makes them old again. */
  const questionsOf = (index: number, known: KnownAtNic): readonly Question[] => {
    let classes: readonly TrafficClass[] = []
    nics.set(index, { ...known, isOld: false })
    return [
      {
        request: dumpClasses(index),
        unless: ['ENODEV'],
        take: (answer) => {
          classes = answer.map(decodeClass)
        },
      },
      {
        request: dumpFilters({ index, parent: rootHandle }),
        unless: ['EINVAL', 'ENODEV'],
        take: (answer) => {
          const now = nics.get(index)
          if (now) nics.set(index, { classes, filters: answer.map(decodeFilter), isOld: now.isOld })
        },
      },
    ]
  }

  const changedAtNic = ({ body, flags }: Message): void => {
    const index = readS32(body, 4)
    const known = nics.get(index)
    // What a dump answers is no change.
    if (known && (flags & messageFlag.multi) === 0) nics.set(index, { ...known, isOld: true })
  }

  return {
    hear: (message) => {
      const { type, body } = message
      if (type === rtm.newQdisc || type === rtm.deleteQdisc) changed(message)
      else if (type === rtm.deleteClass) classDeleted(message)
      else if (type === linkDeleted.type && body[0] === linkDeleted.family) keep(readS32(body, 4), [])
      if (type >= rtm.newClass && type <= rtm.deleteFilter) changedAtNic(message)
    },
    questions: () => [...nics].flatMap(([index, known]) => (known.isOld ? questionsOf(index, known) : [])),
    moment: () => trafficAt(qdiscs.moment(), new Map(nics)),
  }
}

const states = new WeakMap<readonly Qdisc[], TrafficState>()

const trafficAt = (qdiscs: Traffic['qdiscs'], nics: ReadonlyMap<number, AtNic>): Traffic => {
  const atNics = new Map<number, TrafficState>()

  const atNic = (index: number, of: readonly Qdisc[], { classes, filters }: AtNic): TrafficState => {
    const state = atNics.get(index) ?? trafficState(of, classes, filters)
    atNics.set(index, state)
    return state
  }

  return {
    qdiscs,
    underlays: [...nics.keys()],
    get: (index) => {
      const of = qdiscs.get(index)
      if (of === undefined) return undefined
      if (nics.has(index)) return atNic(index, of, nics.get(index) ?? nothingAtNic)
      const state = states.get(of) ?? trafficState(of)
      states.set(of, state)
      return state
    },
  }
}

/** Of lists. */
export const trafficOf = ({ qdiscs, classes, filters }: { readonly qdiscs: readonly Qdisc[] } & AtNic): Traffic => {
  const byIndex = Map.groupBy(qdiscs, ({ index }) => index)
  const nics = [...byIndex].filter(([, of]) => hasOurRoot(of)).map(([index]) => index)
  const at = (nic: number): AtNic => ({
    classes: classes.filter(({ index }) => index === nic),
    filters: filters.filter(({ place }) => 'index' in place && place.index === nic),
  })
  return trafficAt(byIndex, new Map(nics.map((nic) => [nic, at(nic)])))
}
