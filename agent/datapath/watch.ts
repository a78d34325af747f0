/**
 * Which VNets a change in the kernel concerns. Links tell it by their mark; queueing disciplines and underlay NICs by the marked links
 * that they belong to. Changes are gathered for a moment, since a link is made of many.
 */

import type { Message } from '../netlink/codec/message.ts'
import { decodeLink, type Link } from '../netlink/link/link.ts'
import { type RouteSocket, routeProtocol } from '../netlink/route.ts'
import { openMonitor, routeGroup } from '../netlink/socket/monitor.ts'
import { blockIndex, decodeTraffic } from '../netlink/traffic/message.ts'
import { isServiceMark, parseMark } from './mark.ts'

export interface WatchOptions {
  readonly namespace: string | undefined
  /** For what is there when the watch begins, and where announcements were lost. */
  readonly route: RouteSocket
  readonly changed: (vnet: string) => void
  /** Blocks of filters that all links share: who changes one concerns every VNet. */
  readonly blocks?: readonly number[]
  /** Whether an announced change was made by what works for the links too, by the number of its socket. */
  readonly isOwn?: (portId: number) => boolean
  /** VNets of links that leave by a NIC without a device of their own there: nothing in the kernel tells of them. */
  readonly leavingBy?: (nic: string) => Iterable<string>
  /** How long changes are gathered, ms. */
  readonly gatherMs?: number
}

export interface Watch {
  close(): void
}

/** What is known of the links that are there, by index. */
interface Known {
  readonly vnetOf: Map<number, string>
  /** What a tunnel is on: its underlay NIC, or a service device, which is on that. */
  readonly nicOf: Map<number, number>
  /** What a plan asks of an underlay NIC, as it was last. */
  readonly nics: Map<number, string>
}

const rtm = { newLink: 16, deleteLink: 17 } as const

export const openWatch = async ({
  namespace,
  route,
  changed,
  blocks = [],
  isOwn = () => false,
  leavingBy = () => [],
  gatherMs = 20,
}: WatchOptions): Promise<Watch> => {
  const known: Known = { vnetOf: new Map(), nicOf: new Map(), nics: new Map() }
  const gathered = new Set<string>()
  let timer: NodeJS.Timeout | undefined
  let closed = false

  const gather = (vnets: Iterable<string>): void => {
    for (const vnet of vnets) gathered.add(vnet)
    if (gathered.size === 0 || timer !== undefined || closed) return
    timer = setTimeout(() => {
      timer = undefined
      const all = [...gathered]
      gathered.clear()
      for (const vnet of all) changed(vnet)
    }, gatherMs).unref()
  }

  const readAll = async (): Promise<void> => {
    for (const link of await route.links()) learn(known, link)
  }

  const monitor = openMonitor(routeProtocol, {
    namespace,
    groups: [routeGroup.link, routeGroup.traffic],
    onMessage: (message) => {
      const isOurs = (port: number): boolean => port === route.portId || isOwn(port)
      gather(concerned(known, message, { isOwn: isOurs, blocks, leavingBy }))
    },
    onLost: () => {
      const all = () => gather(known.vnetOf.values())
      readAll().then(all, all)
    },
  })

  try {
    await readAll()
  } catch (error) {
    monitor.close()
    throw error
  }

  return {
    close: () => {
      closed = true
      clearTimeout(timer)
      monitor.close()
    },
  }
}

/** VNets that a message is about. */
const concerned = (
  known: Known,
  message: Message,
  { isOwn, blocks, leavingBy }: Required<Pick<WatchOptions, 'isOwn' | 'blocks' | 'leavingBy'>>,
): Iterable<string> => {
  const usersOf = (nic: number, name = nameOf(known, nic)): readonly string[] => [
    ...onNic(known, nic),
    ...leavingBy(name),
  ]
  if (message.type === rtm.newLink || message.type === rtm.deleteLink) {
    const link = decodeLink(message)
    const before = known.vnetOf.get(link.index)
    const isChange = message.type === rtm.deleteLink || isOther(known, link)
    const vnets = [...(before === undefined ? [] : [before]), ...(isChange ? usersOf(link.index, link.name) : [])]
    if (message.type === rtm.deleteLink) forget(known, link.index)
    else learn(known, link)
    const now = parseMark(link.alias)?.vnet
    return now === undefined ? vnets : [...vnets, now]
  }
  // What we did ourselves to disciplines need not be looked at again; of a link everything is, since others change it with us.
  if (isOwn(message.portId)) return []
  const { index, parent } = decodeTraffic(message)
  if (index === blockIndex) return blocks.includes(parent) ? known.vnetOf.values() : []
  const vnet = known.vnetOf.get(index)
  return vnet === undefined ? usersOf(index) : [vnet]
}

/** Whether a NIC differs from what it was. It is announced for each tunnel that comes or goes, too, which is no matter of the others'. */
const isOther = ({ nics }: Known, link: Link): boolean => nics.get(link.index) !== essence(link)

const nameOf = ({ nics }: Known, index: number): string => nics.get(index)?.split(' ', 1)[0] ?? ''

const essence = ({ name, mtu, up }: Link): string => `${name} ${mtu} ${up}`

/** VNets of the tunnels on a NIC. */
const onNic = ({ vnetOf, nicOf }: Known, nic: number): readonly string[] =>
  [...nicOf].flatMap(([tunnel, lower]) =>
    lower === nic || nicOf.get(lower) === nic ? [vnetOf.get(tunnel) ?? []].flat() : [],
  )

const learn = ({ vnetOf, nicOf, nics }: Known, link: Link): void => {
  const { index, alias, info, lower } = link
  const vnet = parseMark(alias)?.vnet
  const below =
    info?.kind === 'vxlan' || info?.kind === 'gretap' ? info.lower : info?.kind === 'vlan' ? lower : undefined
  if (below !== undefined && (vnet !== undefined || isServiceMark(alias))) nicOf.set(index, below)
  if (vnet === undefined) nics.set(index, essence(link))
  else vnetOf.set(index, vnet)
}

const forget = ({ vnetOf, nicOf, nics }: Known, index: number): void => {
  nics.delete(index)
  vnetOf.delete(index)
  nicOf.delete(index)
}
