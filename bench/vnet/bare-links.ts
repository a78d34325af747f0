/**
 * The links of a slice by direct netlink calls: the interfaces, queueing and filters that the data path `bridge` makes of it, in as few
 * datagrams as the kernel's own numbers allow. Nothing is read first, compared, or undone.
 */

import { isolateRequests } from '../../agent/datapath/bridge/isolation.ts'
import { bridgeName, tunnelName } from '../../agent/datapath/bridge/names.ts'
import { newBridge, wirePort } from '../../agent/datapath/bridge/ports.ts'
import { vxlanSettings } from '../../agent/datapath/bridge/tunnel.ts'
import { linkMark } from '../../agent/datapath/mark.ts'
import { bucketOf, wireRate } from '../../agent/datapath/rates.ts'
import { vxlanPort } from '../../agent/datapath/underlay/flow.ts'
import { pieces, rootHandle } from '../../agent/datapath/underlay/pieces.ts'
import { defaultNicRate } from '../../agent/datapath/underlay/plan.ts'
import {
  addSegmentClass,
  addSegmentFilter,
  candidateClass,
  replaceSegmentQueue,
  reservationOf,
} from '../../agent/datapath/underlay/reservation.ts'
import { decodeLink } from '../../agent/netlink/link/link.ts'
import { addLink, deleteGroup, getLink, type LinkRef, setLink } from '../../agent/netlink/link/requests.ts'
import type { RouteSocket } from '../../agent/netlink/route.ts'
import { NetlinkError } from '../../agent/netlink/socket/error.ts'
import type { Request } from '../../agent/netlink/socket/request.ts'
import { parent } from '../../agent/netlink/traffic/handle.ts'
import { deleteQdisc, replaceQdisc } from '../../agent/netlink/traffic/qdisc.ts'
import type { Slice, SliceLink } from '../../proto/generated/weft.v1.ts'
import { overheadBytes } from '../../proto/technologies.ts'

/** RTM_NEWLINK. */
const newLink = 16

/** Sends requests in one datagram; throws the first error. Indices of links that were asked for come back by name. */
export const sendAll = async (
  route: RouteSocket,
  requests: readonly Request[],
): Promise<ReadonlyMap<string, number>> => {
  const indices = new Map<string, number>()
  for (const outcome of await route.batch(requests)) {
    if (outcome instanceof NetlinkError) throw outcome
    for (const message of outcome.messages) {
      if (message.type !== newLink) continue
      const { name, index } = decodeLink(message)
      indices.set(name, index)
    }
  }
  return indices
}

const nicsOf = ({ links }: Slice): readonly string[] => [
  ...new Set(links.flatMap(({ segments }) => segments.map(({ nic }) => nic))),
]

const interfacesOf = ({ vnet, links }: Slice): readonly string[] =>
  links.flatMap(({ id, segments }) => [
    bridgeName(vnet, id),
    ...segments.map((segment) => tunnelName(vnet, id, segment)),
  ])

const makeInterfaces = (vnet: string, { id, mtu, segments }: SliceLink, nics: ReadonlyMap<string, number>) => {
  const alias = linkMark(vnet, id)
  const bridge = bridgeName(vnet, id)
  const tunnels = segments.flatMap((segment) => {
    const { identifier, local, remote, nic } = segment
    const name = tunnelName(vnet, id, segment)
    const lower = nics.get(nic) ?? 0
    const info = { kind: 'vxlan', identifier, local, remote, lower, port: vxlanPort, ...vxlanSettings } as const
    return [addLink({ name, mtu, info }), setLink(name, { alias, addressGeneration: 1 }), getLink(name)]
  })
  return [
    addLink({ name: bridge, info: { kind: 'bridge', ...newBridge } }),
    setLink(bridge, { alias, mtu, addressGeneration: 1 }),
    getLink(bridge),
    ...tunnels,
  ]
}

const setInterfaces = (vnet: string, link: SliceLink, indices: ReadonlyMap<string, number>): readonly Request[] => {
  const { id, mtu, segments } = link
  const bridge = bridgeName(vnet, id)
  // Their two filters are shared by all bridges: the first brings them, each has the hooks.
  const [hooks] = isolateRequests(indices.get(bridge) ?? 0, 'missing')
  const tunnels = segments.flatMap((segment) => {
    const { rateBitsPerSecond, technology, local, nic } = segment
    const name = tunnelName(vnet, id, segment)
    const index = indices.get(nic) ?? 0
    const wire = wireRate(rateBitsPerSecond, mtu, overheadBytes(technology, local) ?? 0)
    const { options, limitBytes } = reservationOf(wire, defaultNicRate)
    const classId = candidateClass(segment, 0)
    const reserve = [
      addSegmentClass(index, classId, options),
      replaceSegmentQueue(index, classId, limitBytes),
      ...addSegmentFilter(index, segment, classId),
    ]
    return [
      ...(rateBitsPerSecond === 0 ? [] : reserve),
      ...joinRequests(name, indices.get(name) ?? 0, indices.get(bridge) ?? 0, rateBitsPerSecond, mtu),
    ]
  })
  return [...(hooks ? [hooks] : []), ...tunnels, setLink(bridge, { up: true })]
}

/** A port of a link's bridge, limited and raised. */
const joinRequests = (
  name: LinkRef,
  index: number,
  bridge: number,
  rateBitsPerSecond: number,
  mtu: number,
): readonly Request[] => [
  setLink(name, { master: bridge }),
  setLink(name, { port: wirePort }),
  ...(rateBitsPerSecond === 0
    ? []
    : [replaceQdisc({ index, parent: parent.root, options: bucketOf(rateBitsPerSecond, mtu) })]),
  setLink(name, { up: true }),
]

/** Bridges and tunnels with what keeps their rates; the indices of all of them, by name. */
export const buildLinks = async (route: RouteSocket, slice: Slice): Promise<ReadonlyMap<string, number>> => {
  const { vnet, links } = slice
  const nics = await sendAll(route, nicsOf(slice).map(getLink))
  const made = await sendAll(
    route,
    links.flatMap((link) => makeInterfaces(vnet, link, nics)),
  )
  const indices = new Map([...nics, ...made])
  const [, ...guard] = links.length > 0 ? isolateRequests(0, 'missing') : []
  const requests = links.map((link) => setInterfaces(vnet, link, indices))
  const [first = [], ...others] = requests
  // The blocks of filters are there once a bridge has their hooks.
  const hooked = first.length > 0 ? [first[0] as Request, ...guard, ...first.slice(1)] : []
  await sendAll(route, [
    ...[...nics.values()].flatMap((index) => pieces(defaultNicRate).map(({ request }) => request(index))),
    ...hooked,
    ...others.flat(),
  ])
  return indices
}

/** Joins a node's vif to its link, where it has one. */
export const joinVif = (
  slice: Slice,
  node: string,
  vif: { readonly index: number; readonly name: string; readonly ifindex: number },
  indices: ReadonlyMap<string, number>,
): readonly Request[] => {
  const isEnd = (end: { readonly node: string; readonly interface: number }): boolean =>
    end.node === node && end.interface === vif.index
  const link = slice.links.find(({ ends }) => ends.some(isEnd))
  if (link === undefined) return []
  const rate = link.ends.length === 2 ? (link.ends.find(isEnd)?.rateBitsPerSecond ?? 0) : 0
  return joinRequests(vif.name, vif.ifindex, indices.get(bridgeName(slice.vnet, link.id)) ?? 0, rate, link.mtu)
}

/** Any number that nothing else uses. */
const group = 0x62_61_72_65

export const removeLinks = async (route: RouteSocket, slice: Slice): Promise<void> => {
  const names = interfacesOf(slice)
  await sendAll(route, [...names.map((name) => setLink(name, { group })), deleteGroup(group)])
  const nics = await sendAll(route, nicsOf(slice).map(getLink))
  await sendAll(
    route,
    [...nics.values()].map((index) => deleteQdisc(index, parent.root, rootHandle)),
  )
}
