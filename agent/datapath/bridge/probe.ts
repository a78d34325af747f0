/** Whether the machine can do it, by doing it: a bridge, a tunnel and the disciplines of a link are made, down, and removed at once. */
import type { Datapath } from '../../../proto/generated/weft.v1.ts'
import { decodeLink } from '../../netlink/link/link.ts'
import { addLink, deleteLink, getLink, setLink } from '../../netlink/link/requests.ts'
import type { RouteSocket } from '../../netlink/route.ts'
import { NetlinkError } from '../../netlink/socket/error.ts'
import type { Request } from '../../netlink/socket/request.ts'
import { parent } from '../../netlink/traffic/handle.ts'
import { replaceQdisc } from '../../netlink/traffic/qdisc.ts'
import { bucketOf } from '../rates.ts'
import { pieces } from '../underlay/pieces.ts'
import { isolateRequests } from './isolation.ts'
import { newBridge } from './ports.ts'

const bridge = 'wprobe-bridge'
const tunnel = 'wprobe-tunnel'
/** Nobody's VNI and port. */
const identifier = 0xff_fffe
const port = 9

const technologies = ['vxlan'] as const

/** Never rejects. The tunnel device carries the disciplines of an underlay NIC, the bridge those of a vif. */
export const probeBridge = async (open: () => RouteSocket): Promise<Datapath> => {
  const answer = (unavailable: string): Datapath => ({
    name: 'bridge',
    technologies: unavailable === '' ? [...technologies] : [],
    unavailable,
  })
  let route: RouteSocket
  try {
    route = open()
  } catch (error) {
    return answer((error as Error).message)
  }
  try {
    await tryAll(route)
    return answer('')
  } catch (error) {
    return answer((error as Error).message)
  } finally {
    await route.batch([deleteLink(bridge), deleteLink(tunnel)])
  }
}

const tryAll = async (route: RouteSocket): Promise<void> => {
  // A probe that was killed may have left some.
  await route.batch([deleteLink(bridge), deleteLink(tunnel)])
  await run(route, [
    addLink({ name: bridge, info: { kind: 'bridge', ...newBridge } }),
    addLink({ name: tunnel, info: { kind: 'vxlan', identifier, port, remote: '192.0.2.1', local: '192.0.2.2' } }),
    setLink(bridge, { alias: 'weft probe' }),
    setLink(tunnel, { alias: 'weft probe' }),
  ])
  const [bridgeIndex, tunnelIndex] = [await indexOf(route, bridge), await indexOf(route, tunnel)]
  await run(route, [
    setLink(tunnel, { master: bridgeIndex }),
    ...isolateRequests(bridgeIndex, 'missing'),
    replaceQdisc({ index: bridgeIndex, parent: parent.root, options: bucketOf(1e6, 1500) }),
    ...pieces(1e9).map(({ request }) => request(tunnelIndex)),
  ])
}

const indexOf = async (route: RouteSocket, name: string): Promise<number> => {
  const [message] = (await route.request(getLink(name))).messages
  return message === undefined ? 0 : decodeLink(message).index
}

const run = async (route: RouteSocket, requests: readonly Request[]): Promise<void> => {
  for (const outcome of await route.batch(requests)) if (outcome instanceof NetlinkError) throw outcome
}
