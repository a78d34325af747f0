/**
 * Whether the machine can do it, by doing it: a bridge, the disciplines of a link and of an underlay NIC, and a tunnel of each technology are
 * made, down, and removed at once.
 */
import type { Datapath } from '../../../proto/generated/weft.v1.ts'
import { technologies } from '../../../proto/technologies.ts'
import { decodeLink } from '../../netlink/link/link.ts'
import { addLink, deleteLink, getLink, setLink } from '../../netlink/link/requests.ts'
import { vlanProtocol } from '../../netlink/link/vlan.ts'
import type { RouteSocket } from '../../netlink/route.ts'
import { NetlinkError } from '../../netlink/socket/error.ts'
import type { Request } from '../../netlink/socket/request.ts'
import { parent } from '../../netlink/traffic/handle.ts'
import { replaceQdisc } from '../../netlink/traffic/qdisc.ts'
import { bucketOf } from '../rates.ts'
import { isFiltered } from '../underlay/flow.ts'
import { bestEffortClass, pieces } from '../underlay/pieces.ts'
import { sayClass } from './class-program.ts'
import { isolateRequests } from './isolation.ts'
import { newBridge } from './ports.ts'
import { tunnelKind } from './tunnel.ts'

const bridge = 'wprobe-bridge'
/** A pair of which one end stands for a NIC. */
const nic = 'wprobe-nic'
const far = 'wprobe-far'
const tunnel = 'wprobe-tunnel'
const service = 'wprobe-service'
/** A tunnel goes before what it is on. */
const all = [tunnel, service, bridge, nic]

/** Numbers on a NIC of its own, addresses that are for documents (RFC 5737), and a port that no tunnel of ours has. */
const identifiers: Readonly<Record<string, number>> = {
  vxlan: 0xff_fffe,
  gre: 0xffff_fffe,
  vlan: 4094,
  qinq: 4093 * 4096 + 4094,
}
const discardPort = 9
const ends = { local: '192.0.2.2', remote: '192.0.2.1' } as const

/** Never rejects. `unavailable` says why there is none of it at all; of technologies only those that work are told. */
export const probeBridge = async (open: () => RouteSocket): Promise<Datapath> => {
  let route: RouteSocket
  try {
    route = open()
  } catch (error) {
    return answer((error as Error).message)
  }
  try {
    // A probe that was killed may have left some.
    await clean(route)
    return await tryAll(route)
  } catch (error) {
    return answer((error as Error).message)
  } finally {
    await clean(route)
  }
}

const answer = (unavailable: string, works: readonly string[] = []): Datapath => ({
  name: 'bridge',
  technologies: [...works],
  unavailable,
})

const clean = async (route: RouteSocket): Promise<void> => void (await route.batch(all.map(deleteLink)))

const tryAll = async (route: RouteSocket): Promise<Datapath> => {
  await run(route, [
    addLink({ name: bridge, info: { kind: 'bridge', ...newBridge } }),
    addLink({ name: nic, info: { kind: 'veth', peer: { name: far } } }),
    ...[bridge, nic, far].map((name) => setLink(name, { alias: 'weft probe' })),
  ])
  const [bridgeIndex, nicIndex] = [await indexOf(route, bridge), await indexOf(route, nic)]
  await run(route, [
    ...isolateRequests(bridgeIndex, 'missing'),
    replaceQdisc({ index: bridgeIndex, parent: parent.root, options: bucketOf(1e6, 1500) }),
    ...pieces(1e9).map(({ request }) => request(nicIndex)),
  ])
  const works: string[] = []
  const failures: string[] = []
  for (const { name } of Object.values(technologies).filter(({ datapaths }) => datapaths.includes('bridge'))) {
    try {
      await tryTechnology(route, name, nicIndex, bridgeIndex)
      works.push(name)
    } catch (error) {
      failures.push(`${name}: ${(error as Error).message}`)
    }
    await route.batch([deleteLink(tunnel), deleteLink(service)])
  }
  return works.includes('vxlan') ? answer('', works) : answer(failures.join('; '))
}

const tryTechnology = async (
  route: RouteSocket,
  technology: string,
  nicIndex: number,
  bridgeIndex: number,
): Promise<void> => {
  let lower = nicIndex
  if (technology === 'qinq') {
    const info = { kind: 'vlan', identifier: 4093, protocol: vlanProtocol.service } as const
    await run(route, [addLink({ name: service, lower, info }), setLink(service, { alias: 'weft probe' })])
    lower = await indexOf(route, service)
  }
  const segment = { technology, identifier: identifiers[technology] ?? 0, ...ends }
  const kind = tunnelKind(segment, lower)
  const info = kind.info.kind === 'vxlan' ? { ...kind.info, port: discardPort } : kind.info
  await run(route, [
    addLink({ name: tunnel, ...kind, info }),
    setLink(tunnel, { alias: 'weft probe', master: bridgeIndex }),
  ])
  const index = await indexOf(route, tunnel)
  await run(route, [replaceQdisc({ index, parent: parent.root, options: bucketOf(1e6, 1500) })])
  if (!isFiltered(technology)) await sayClass(route, index, bestEffortClass)
}

const indexOf = async (route: RouteSocket, name: string): Promise<number> => {
  const [message] = (await route.request(getLink(name))).messages
  return message === undefined ? 0 : decodeLink(message).index
}

const run = async (route: RouteSocket, requests: readonly Request[]): Promise<void> => {
  for (const outcome of await route.batch(requests)) if (outcome instanceof NetlinkError) throw outcome
}
