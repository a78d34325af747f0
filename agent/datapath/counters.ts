/** Pure: what a link carried, in each direction, of what the kernel and routers have counted. */
import type { DirectionCounters, DropCount } from '../../proto/generated/weft.v1.ts'
import type { Link } from '../netlink/link/link.ts'
import type { Qdisc } from '../netlink/traffic/qdisc.ts'
import type { LinkSpec } from './driver.ts'

/** Something that a link joins here. */
export interface Joined {
  /** An end as `node.interface`, or the host that a tunnel leads to. */
  readonly name: string
  /** Of an end: its vif. */
  readonly vif: string | undefined
  /** Position in the link's ends, or in its segments. */
  readonly position: number
}

export interface Direction {
  readonly from: Joined
  readonly to: Joined
}

export const joinedOf = ({ link, vifs }: Pick<LinkSpec, 'link' | 'vifs'>): readonly Joined[] => [
  ...link.ends.map(({ node, interface: index }, position) => ({
    name: `${node}.${index}`,
    vif: vifs[position],
    position,
  })),
  ...link.segments.map(({ peer }, position) => ({ name: peer, vif: undefined, position })),
]

/**
 * The directions that a data path counts, where two may have a part of a link: the sender's where the sender is an end here, else the receiver's;
 * both of a relay. `isOwn` says of which ends, by their position.
 */
export const directionsOf = (
  spec: Pick<LinkSpec, 'link' | 'vifs'>,
  isOwn: (position: number) => boolean,
): readonly Direction[] => {
  const [a, b] = joinedOf(spec)
  if (!a || !b) return []
  const both = [
    { from: a, to: b },
    { from: b, to: a },
  ]
  return both.filter(({ from, to }) => {
    const own = from.vif !== undefined ? from : to
    return own.vif === undefined || isOwn(own.position)
  })
}

export type Counted = Pick<DirectionCounters, 'packets' | 'bytes' | 'drops'>

const reasons: Readonly<Record<string, string>> = { tbf: 'rate', netem: 'impairment' }

/**
 * What left an interface, and what its disciplines dropped before: a token bucket what was beyond the rate, netem what is lost on purpose.
 * undefined where it is not there. `links` with counters.
 */
export const leaving = (name: string, links: readonly Link[], qdiscs: readonly Qdisc[]): Counted | undefined => {
  const link = links.find((one) => one.name === name)
  if (!link) return undefined
  const drops = qdiscs
    .filter(({ index }) => index === link.index)
    .flatMap(({ options, drops = 0 }) => ({ reason: reasons[options.kind] ?? 'queue', packets: drops }))
  const { transmitPackets = 0, transmitBytes = 0 } = link.counters ?? {}
  return { packets: transmitPackets, bytes: transmitBytes, drops: mergeDrops(drops) }
}

/** One a reason, in the order in which they first come; those without packets are left out. */
export const mergeDrops = (drops: readonly DropCount[]): DropCount[] => {
  const sums = new Map<string, number>()
  for (const { reason, packets } of drops) if (packets > 0) sums.set(reason, (sums.get(reason) ?? 0) + packets)
  return [...sums].map(([reason, packets]) => ({ reason, packets }))
}
