/** What the machine can do, by doing it: routers of each kind are put to a pair of interfaces, and removed at once. */
import type { Datapath, Segment } from '../../../proto/generated/weft.v1.ts'
import { type Technology, technologies } from '../../../proto/technologies.ts'
import { readConfiguration } from '../../click/service/configuration.ts'
import type { ClickService } from '../../click/service/service.ts'
import { missing } from '../../ebpf/features.ts'
import type { Link } from '../../netlink/link/link.ts'
import { addLink, deleteLink } from '../../netlink/link/requests.ts'
import type { RouteSocket } from '../../netlink/route.ts'
import { NetlinkError } from '../../netlink/socket/error.ts'
import { bestEffortClass } from '../underlay/pieces.ts'
import { attachHere } from './snapshot.ts'
import { formatValue, relayEthers, tableKey, tableValue } from './table.ts'
import { ipv4Only } from './text/ipv4-only.ts'
import { nicText } from './text/nic.ts'
import { portText } from './text/port.ts'
import { toInterface, toTunnel } from './text/tunnel.ts'

const [near, far] = ['wprobe-click-a', 'wprobe-click-b'] as const
/** Names of routers that no link has. */
const [sender, receiver] = ['probe', 'probe-nic'] as const

const place = { vnet: 'probe', link: 'probe', peer: '', parts: [], attach: attachHere() }

/** Never rejects. Links within a host need no technology. */
export const probeClick = async (
  open: () => RouteSocket,
  openService: () => Promise<ClickService>,
): Promise<Datapath> => {
  const answer = (made: readonly string[], unavailable = ''): Datapath => ({
    name: 'click',
    technologies: [...made],
    unavailable,
  })
  const lack = missing('bpf')
  if (lack !== undefined) return answer([], lack.message)
  let route: RouteSocket | undefined
  try {
    route = open()
    return answer(await tryAll(route, await openService()))
  } catch (error) {
    return answer([], (error as Error).message)
  } finally {
    route?.close()
  }
}

/** Names of the technologies; rejects where not even a link within the host can be made. */
const tryAll = async (route: RouteSocket, service: ClickService): Promise<readonly string[]> => {
  const clean = async (): Promise<void> => {
    for (const router of [sender, receiver]) await service.down(router).catch(() => undefined)
    await route.batch([deleteLink(near)])
  }
  // A probe that was killed may have left some.
  await clean()
  try {
    const pair = addLink({ name: near, info: { kind: 'veth', peer: { name: far } } })
    for (const outcome of await route.batch([pair])) if (outcome instanceof NetlinkError) throw outcome
    const [a, b] = [await route.link(near), await route.link(far)]
    if (a === undefined || b === undefined) throw new Error(`${near} is gone`)
    await service.up(sender, readConfiguration(portText({ ...place, port: a, to: toInterface(b) }), sender))
    await service.up(receiver, readConfiguration(nicText(b, place.attach), receiver))
    const made: string[] = []
    for (const technology of Object.values(technologies)) {
      if (technology.datapaths.includes('click') && (await isMade(service, technology, a, b))) {
        made.push(technology.name)
      }
    }
    return made
  } finally {
    await clean()
  }
}

const segmentOf = ({ name, crosses, identifier }: Technology, nic: Link): Segment => ({
  technology: name,
  identifier: identifier?.least ?? 0,
  local: crosses ? '192.0.2.1' : '',
  remote: crosses ? '192.0.2.2' : '',
  nic: nic.name,
  rateBitsPerSecond: 0,
  peer: '',
  nextHop: crosses ? '192.0.2.2' : '',
  remoteMac: nic.mac,
})

/** Both ways: into the tunnel, and out of it. */
const isMade = async (service: ClickService, technology: Technology, port: Link, nic: Link): Promise<boolean> => {
  const segment = segmentOf(technology, nic)
  const parts = technology.carries === 'ipv4' ? [ipv4Only] : []
  const to = toTunnel({ segment, nic, saidClass: bestEffortClass })
  const text = portText({ ...place, parts, port, to })
  const value = tableValue(segment, port, relayEthers)
  try {
    await service.swap(sender, readConfiguration(text, sender))
    await service.write(receiver, 'links.add', `${tableKey(segment)} ${formatValue(port.index, value)}`)
    return true
  } catch {
    return false
  }
}
