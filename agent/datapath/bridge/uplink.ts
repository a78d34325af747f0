/**
 * A physical interface that several links share. It is a port of a bridge that learns, with a port for each link: one end of a veth pair, whose
 * other end is in the link's own bridge. So a link's part carries the link's mark, and is found and removed like all else of it.
 *
 *     vif ═ wb… (the link's) ═ wu…a ─ wu…b ═ wn… (learns) ═ eth2
 *
 * The bridge in the middle is no single link's: the first one makes it, and the last one takes it away and gives the interface back. Its alias says
 * what that was like. What is done there is done one after the other.
 */
import type { Link } from '../../netlink/link/link.ts'
import { addLink, deleteLink, setLink } from '../../netlink/link/requests.ts'
import type { RouteSocket } from '../../netlink/route.ts'
import { NetlinkError } from '../../netlink/socket/error.ts'
import type { Request } from '../../netlink/socket/request.ts'
import { sharedMark, sharedNote } from '../mark.ts'
import type { UnderlayKeeper } from '../underlay/keeper.ts'
import { isolateRequests } from './isolation.ts'
import { digest } from './names.ts'
import { formatNote, giveBackRequests, isNoteOf, noteOf, parseNote } from './note.ts'
import { newBridge } from './ports.ts'

/** The bridge of a shared interface. */
export const sharedBridge = (nic: string): string => `wn${digest('shared', nic)}`

/** An end of a link's pair: a in its own bridge, b in the shared one. */
export const uplinkName = (vnet: string, link: string, end: 'a' | 'b'): string =>
  `wu${digest(vnet, link, 'uplink').slice(0, 12)}${end}`

/** The note of a pair's mark. */
export const uplinkNote = (nic: string): string => `shares ${nic}`

/** The NIC of such a note. */
export const sharedBy = (note: string): string | undefined => /^shares (\S+)$/.exec(note)?.[1]

export interface Uplink {
  readonly nic: string
  readonly a: string
  readonly b: string
  /** The link's mark. */
  readonly alias: string
  readonly mtu: number
}

interface Tools {
  readonly route: RouteSocket
  readonly keeper: Pick<UnderlayKeeper, 'inTurn'>
}

/** Makes what is missing of it, and mends the rest. Idempotent. The end in the link's bridge is left down, for the plan to join. */
export const addUplink = ({ route, keeper }: Tools, uplink: Uplink): Promise<void> =>
  keeper.inTurn(uplink.nic, async () => {
    const { nic: name, a, b, alias, mtu } = uplink
    const nic = await present(route, name)
    const bridge = await ensureBridge(route, nic)
    if (nic.master !== bridge.index) await send(route, [setLink(name, { master: bridge.index })])
    await send(route, [setLink(name, { addressGeneration: silent })], ...withoutIpv6)
    await send(route, [setLink(name, { up: true }), setLink(bridge.index, { up: true })])
    if ((await route.link(a)) === undefined) {
      await send(route, [addLink({ name: a, mtu, info: { kind: 'veth', peer: { name: b, mtu } } })])
      await send(route, [setLink(a, { alias }), setLink(b, { alias })])
      await send(
        route,
        [a, b].map((end) => setLink(end, { addressGeneration: silent })),
        ...withoutIpv6,
      )
    }
    await send(route, [setLink(b, { master: bridge.index }), setLink(b, { up: true })])
  })

/** Takes a link's pair away, and the bridge with the last one. Idempotent. */
export const dropUplink = ({ route, keeper }: Tools, { nic, a }: Pick<Uplink, 'nic' | 'a'>): Promise<void> =>
  keeper.inTurn(nic, async () => {
    await send(route, [deleteLink(a)], 'ENODEV')
    const bridge = await route.link(sharedBridge(nic))
    if (bridge === undefined) return
    const ports = (await route.links()).filter(({ master }) => master === bridge.index)
    if (ports.some(({ name }) => name !== nic)) return
    const note = parseNote(sharedNote(bridge.alias) ?? '')
    if (note !== undefined && isNoteOf(note, await route.link(nic))) {
      await send(route, [setLink(nic, { master: 0 })], 'ENODEV')
      await send(route, giveBackRequests(note), 'ENODEV', ...withoutIpv6)
    }
    await send(route, [deleteLink(bridge.index)], 'ENODEV')
  })

/** IN6_ADDR_GEN_MODE_NONE. */
const silent = 1

const withoutIpv6 = ['EAFNOSUPPORT', 'EOPNOTSUPP'] as const

const present = async (route: RouteSocket, name: string): Promise<Link> => {
  const link = await route.link(name)
  if (link === undefined) throw new Error(`there is no interface "${name}"`)
  return link
}

/** What tells of the interface stands before anything of that is changed; one that came back under the name is told anew. */
const ensureBridge = async (route: RouteSocket, nic: Link): Promise<Link> => {
  const name = sharedBridge(nic.name)
  const there = await route.link(name)
  const note = parseNote(sharedNote(there?.alias ?? '') ?? '')
  if (there !== undefined && note !== undefined && isNoteOf(note, nic)) return there
  const alias = sharedMark(formatNote(noteOf(nic)))
  if (there === undefined) {
    await send(route, [addLink({ name, info: { kind: 'bridge', ...newBridge } }), setLink(name, { alias })])
    await send(route, [setLink(name, { addressGeneration: silent })], ...withoutIpv6)
  } else await send(route, [setLink(name, { alias })])
  const bridge = await present(route, name)
  await send(route, [setLink(name, { mtu: nic.mtu })])
  if (there === undefined) await send(route, isolateRequests(bridge.index, 'missing'), 'EEXIST')
  return bridge
}

/** `unless`: errors that mean that it is done, or that there is no such thing. */
const send = async (route: RouteSocket, requests: readonly Request[], ...unless: readonly string[]): Promise<void> => {
  for (const outcome of await route.batch(requests)) {
    if (outcome instanceof NetlinkError && !unless.includes(outcome.code)) throw outcome
  }
}
