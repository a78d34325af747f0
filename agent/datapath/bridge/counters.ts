/** Pure: what a link carried through its bridge, by what left its ports: a vif towards its guest, a tunnel device towards the next host. */
import type { DirectionCounters, LinkCounters } from '../../../proto/generated/weft.v1.ts'
import type { Link } from '../../netlink/link/link.ts'
import type { Qdisc } from '../../netlink/traffic/qdisc.ts'
import { directionsOf, type Joined, leaving } from '../counters.ts'
import type { LinkSpec } from '../driver.ts'
import { tunnelName } from './names.ts'

/** `links` with counters. undefined where nothing of the link is in a bridge here. */
export const linkCounters = (
  spec: LinkSpec,
  links: readonly Link[],
  qdiscs: readonly Qdisc[],
): LinkCounters | undefined => {
  const forwarding = (position: number): string => spec.interfaces[position]?.forwarding ?? ''
  const directions = directionsOf(spec, (position) => forwarding(position) !== 'click').flatMap(
    ({ from, to }): DirectionCounters[] => {
      const counted = leaving(portOf(spec, to) ?? '', links, qdiscs)
      if (counted === undefined) return []
      const bytes = counted.bytes + counted.packets * uncountedBytes(spec, to)
      return [{ from: from.name, to: to.name, ...counted, bytes }]
    },
  )
  return directions.length === 0 ? undefined : { datapath: 'bridge', directions }
}

const etherBytes = 14

/** Devices of tunnels over IP count what guests' Ethernet headers hold (iptunnel_xmit of Linux). */
const uncountedBytes = ({ link }: LinkSpec, { vif, position }: Joined): number => {
  const technology = vif === undefined ? link.segments[position]?.technology : undefined
  return technology === 'vxlan' || technology === 'gre' ? etherBytes : 0
}

/** The interface that frames leave by. */
const portOf = ({ vnet, link }: LinkSpec, { vif, position }: Joined): string | undefined => {
  const segment = vif === undefined ? link.segments[position] : undefined
  return segment === undefined ? vif : tunnelName(vnet, link.id, segment)
}
