/**
 * The interfaces of a Dom0 in the orders that a plan asks for them in. They are ordered as they change, so that a look at one VNet costs what that VNet has,
 * not what there is.
 */
import { type Lookup, type MomentMap, momentMap } from '../moments.ts'
import type { Link } from '../netlink/link/link.ts'
import { parseNote } from './bridge/note.ts'
import { type Mark, markOf, sharedNote } from './mark.ts'

/** As they were at one moment. */
export interface Interfaces {
  readonly byName: Lookup<string, Link>
  readonly byIndex: Lookup<number, Link>
  /** By interface name. */
  readonly marks: Pick<Lookup<string, Mark>, 'get' | 'has'>
  /** Ports, by the index of their bridge or bond. */
  readonly ports: Pick<Lookup<number, readonly Link[]>, 'get'>
  /** Tunnels, VLANs, macvlans by the index of what they are on. Of a veth pair each end is the other's lower one: they are left out. */
  readonly above: Pick<Lookup<number, readonly Link[]>, 'get'>
  /** Bridges that hold a NIC, by the NIC's name: their notes tell. */
  readonly holders: Pick<Lookup<string, string>, 'get' | 'has'>
  /** Those that are no VNet's. */
  readonly unmarked: readonly Link[]
  /** Those that carry the mark of a VNet; of all VNets without one. */
  marked(vnets?: ReadonlySet<string>): readonly Link[]
}

export interface InterfaceOrder {
  /** An interface came (`before` undefined), went (`now` undefined) or is another one. */
  change(before: Link | undefined, now: Link | undefined): void
  moment(): Interfaces
}

/** Indices: who is in a group changes less often than what is known of him. */
type Groups<K> = MomentMap<K, readonly number[]>

/** Index of what an interface is on, where that is in this namespace: another one may have the same numbers. */
export const belowOf = ({ info, lower, lowerNamespace }: Link): number => {
  if (info?.kind === 'vxlan' || info?.kind === 'gretap') return info.lower ?? 0
  return info?.kind === 'veth' || lowerNamespace !== undefined ? 0 : lower
}

/** No VNet is called so. */
const nobody = ''

const vnetOf = (link: Link): string => markOf(link)?.vnet ?? nobody

export const interfaceOrder = (): InterfaceOrder => {
  const byName = momentMap<string, Link>()
  const byIndex = momentMap<number, Link>()
  const byVNet: Groups<string> = momentMap()
  const ports: Groups<number> = momentMap()
  const above: Groups<number> = momentMap()
  const holders = momentMap<string, string>()

  /** Moves an interface from the group that it was in to the one that it is in. */
  const regroup = <K extends string | number>(
    groups: Groups<K>,
    keyOf: (link: Link) => K | undefined,
    before: Link | undefined,
    now: Link | undefined,
  ): void => {
    const [from, to] = [before && keyOf(before), now && keyOf(now)]
    if (from === to) return
    if (from !== undefined) {
      const left = (groups.get(from) ?? []).filter((index) => index !== before?.index)
      if (left.length > 0) groups.set(from, left)
      else groups.delete(from)
    }
    if (to !== undefined && now) groups.set(to, [...(groups.get(to) ?? []), now.index])
  }

  const heldBy = (link: Link | undefined): string | undefined => {
    const note = link && (markOf(link)?.note ?? sharedNote(link.alias))
    return note === undefined ? undefined : parseNote(note)?.nic
  }

  const unlessNone = (index: number): number | undefined => (index === 0 ? undefined : index)

  return {
    change: (before, now) => {
      // A name may have gone to another one meanwhile.
      if (before && before.name !== now?.name && byName.get(before.name) === before) byName.delete(before.name)
      if (before && !now) byIndex.delete(before.index)
      if (now) {
        byName.set(now.name, now)
        byIndex.set(now.index, now)
      }
      regroup(byVNet, vnetOf, before, now)
      regroup(ports, ({ master }) => unlessNone(master), before, now)
      regroup(above, (link) => unlessNone(belowOf(link)), before, now)
      const [held, holds] = [heldBy(before), heldBy(now)]
      if (held !== undefined && before && holders.get(held) === before.name) holders.delete(held)
      if (holds !== undefined && now) holders.set(holds, now.name)
    },
    moment: () => {
      const [names, indices, vnets] = [byName.moment(), byIndex.moment(), byVNet.moment()]
      const members = <K>(groups: Lookup<K, readonly number[]>, key: K): readonly Link[] | undefined =>
        groups.get(key)?.flatMap((index) => indices.get(index) ?? [])
      const [portsNow, aboveNow] = [ports.moment(), above.moment()]
      return {
        byName: names,
        byIndex: indices,
        marks: {
          get: (name) => {
            const link = names.get(name)
            return link && markOf(link)
          },
          has: (name) => {
            const link = names.get(name)
            return link !== undefined && markOf(link) !== undefined
          },
        },
        ports: { get: (index) => members(portsNow, index) },
        above: { get: (index) => members(aboveNow, index) },
        holders: holders.moment(),
        unmarked: members(vnets, nobody) ?? [],
        marked: (asked) =>
          [...(asked ?? vnets.keys())].flatMap((vnet) => (vnet === nobody ? [] : (members(vnets, vnet) ?? []))),
      }
    },
  }
}

/** Of a list. */
export const interfacesOf = (links: readonly Link[]): Interfaces => {
  const order = interfaceOrder()
  for (const link of links) order.change(undefined, link)
  return order.moment()
}
