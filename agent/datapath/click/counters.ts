/**
 * What a link carried, by the counters of its routers and of the interfaces that frames leave by. What a guest sends is counted by its vif's router, as
 * `sent`; every other Counter with a name counts drops, and is called for their reason, but for what own Click lets go (`left_own`) and what the data
 * path answers itself (`answered`).
 */
import { create } from '../../../proto/codec.ts'
import { WeftError } from '../../../proto/errors.ts'
import type { DropCount, LinkCounters, Segment } from '../../../proto/generated/weft.v1.ts'
import type { ClickService, HandlerReading } from '../../click/service/service.ts'
import type { RouteSocket } from '../../netlink/route.ts'
import { type Counted, type Direction, directionsOf, type Joined, leaving, mergeDrops } from '../counters.ts'
import type { LinkSpec } from '../driver.ts'
import { nicRouterName, type PortEnd, portName, routerName } from './names.ts'
import { tableKey } from './table.ts'
import { leftOwn, ownElement } from './text/own.ts'

const special = { sent: 'sent', answered: 'answered' } as const

/** Counters that are no good words. */
const words: Readonly<Record<string, string>> = { early: 'no such end', own_address: 'question for its own address' }

/** undefined where the link has no router here. Rejects with router.broken. */
export const countLink = async (
  spec: LinkSpec,
  service: Pick<ClickService, 'readAll' | 'read'>,
  route: Pick<RouteSocket, 'links' | 'qdiscs'>,
): Promise<LinkCounters | undefined> => {
  const { vnet, link, interfaces } = spec
  const isClick = interfaces.map(({ forwarding }) => forwarding === 'click')
  const directions = directionsOf(spec, (position) => isClick[position] === true || !isClick.includes(true))
  const routersOf = (end: string) => routerCounts(service, routerName({ vnet, link: link.id, end }))
  const [links, qdiscs, arrived, ports, ends] = await Promise.all([
    route.links({ counters: true }),
    route.qdiscs(),
    Promise.all(link.segments.map((segment) => arrivedBy(service, segment))),
    Promise.all((['a', 'b'] as const).map(routersOf)),
    Promise.all(link.ends.map((end) => routersOf(`${end.node}.${end.interface}`))),
  ])
  if ([...ports, ...ends].every((router) => router === undefined)) return undefined
  const left = (name: string): Counted => leaving(name, links, qdiscs) ?? nothing

  const count = ({ from, to }: Direction): Counted => {
    const sender = from.vif === undefined ? undefined : ends[from.position]
    const dropped = sender?.drops ?? []
    const towardsGuest = to.vif === undefined ? undefined : left(to.vif)
    // What comes out of a tunnel may be handed to the guest past the vif.
    if (from.vif === undefined && towardsGuest) return { ...towardsGuest, ...arrived[from.position] }
    const by = portInto(spec, from)
    const router = ports[by === 'a' ? 1 : 0]
    if (router === undefined) {
      const passed = towardsGuest ?? sender?.passed ?? nothing
      return { ...passed, drops: mergeDrops([...dropped, ...(towardsGuest?.drops ?? [])]) }
    }
    const limited = left(portName(vnet, link.id, by)).drops
    const behind = towardsGuest?.drops ?? []
    return { ...router.passed, drops: mergeDrops([...dropped, ...limited, ...router.drops, ...behind]) }
  }

  return create('LinkCounters', {
    datapath: 'click',
    directions: directions.map((direction) => ({
      from: direction.from.name,
      to: direction.to.name,
      ...count(direction),
    })),
  })
}

/** The port that frames go into, to come in at the other one's router, where the link has ports: the first of two ends, or of two segments, has a. */
const portInto = ({ link }: LinkSpec, from: Joined): PortEnd =>
  link.segments.length === 1 || from.position === 0 ? 'a' : 'b'

/** What came in by a tunnel; undefined where the table of its NIC has no line of it. */
const arrivedBy = async (service: Pick<ClickService, 'read'>, segment: Segment): Promise<Amount | undefined> => {
  try {
    const text = await service.read(nicRouterName(segment.nic), `links.counts ${tableKey(segment)}`)
    const [packets = 0, bytes = 0] = text.split(' ').map(Number)
    return { packets, bytes }
  } catch (error) {
    const codes: readonly string[] = ['router.unknown', 'config.invalid']
    if (error instanceof WeftError && codes.includes(error.code)) return undefined
    throw error
  }
}

const nothing: Counted = { packets: 0, bytes: 0, drops: [] }

type Amount = Pick<Counted, 'packets' | 'bytes'>

export interface RouterCounts {
  /** What came in. */
  readonly sent: Amount
  /** What of it, or in its place, went on. */
  readonly passed: Amount
  readonly drops: readonly DropCount[]
}

/** undefined where there is no such router. Rejects with router.broken. */
export const routerCounts = async (
  service: Pick<ClickService, 'readAll'>,
  router: string,
): Promise<RouterCounts | undefined> => {
  try {
    const readings = await service.readAll(
      router,
      (element, handler) =>
        element.class === 'Counter' &&
        !element.name.includes('@') &&
        !element.name.startsWith(`${ownElement}/`) &&
        (handler === 'count' || handler === 'byte_count'),
    )
    return countsOf(readings)
  } catch (error) {
    if (error instanceof WeftError && error.code === 'router.unknown') return undefined
    throw error
  }
}

/** Of the readings of all its named Counters, in their order in the text: what stands before own Click counts what never came to it. */
export const countsOf = (readings: readonly HandlerReading[]): RouterCounts => {
  const counters = new Map<string, { packets: number; bytes: number }>()
  for (const { element, handler, value } of readings) {
    const amount = counters.get(element) ?? { packets: 0, bytes: 0 }
    amount[handler === 'count' ? 'packets' : 'bytes'] = Number(value)
    counters.set(element, amount)
  }
  const sent = counters.get(special.sent) ?? { packets: 0, bytes: 0 }
  const left = counters.get(leftOwn)
  const names = [...counters.keys()].filter((name) => name !== special.sent && name !== leftOwn)
  const own = [...counters.keys()].indexOf(leftOwn)
  const isBefore = (name: string): boolean => [...counters.keys()].indexOf(name) < own
  const lessThan = (all: Amount, taken: readonly string[]): Amount => ({
    packets: taken.reduce((rest, name) => rest - (counters.get(name)?.packets ?? 0), all.packets),
    bytes: taken.reduce((rest, name) => rest - (counters.get(name)?.bytes ?? 0), all.bytes),
  })
  const came = lessThan(sent, names.filter(isBefore))
  const passed = lessThan(
    left ?? came,
    names.filter((name) => !isBefore(name)),
  )
  const drops = names
    .filter((name) => name !== special.answered)
    .map((name) => ({ reason: words[name] ?? name.replaceAll('_', ' '), packets: counters.get(name)?.packets ?? 0 }))
  // Where it makes packets too, how many of the node's own it drops is not told.
  const byOwn = left === undefined ? 0 : came.packets - left.packets
  return {
    sent,
    // Read one after the other, while packets come.
    passed: { packets: Math.max(0, passed.packets), bytes: Math.max(0, passed.bytes) },
    drops: mergeDrops([...drops, { reason: 'own click', packets: Math.max(0, byOwn) }]),
  }
}
