/** Whether the machine can do it, by doing it: the router of a pair of interfaces is made and removed at once. */
import type { Datapath } from '../../../proto/generated/weft.v1.ts'
import { readConfiguration } from '../../click/service/configuration.ts'
import type { ClickService } from '../../click/service/service.ts'
import { have, missing } from '../../ebpf/features.ts'
import { addLink, deleteLink } from '../../netlink/link/requests.ts'
import type { RouteSocket } from '../../netlink/route.ts'
import { NetlinkError } from '../../netlink/socket/error.ts'
import type { Attach } from './text/part.ts'

const [near, far] = ['wprobe-click-a', 'wprobe-click-b'] as const
const router = 'probe'

const text = (attach: Attach = have('tcx') ? 'tcx' : 'clsact'): string =>
  `FromDevice(${near}, ATTACH ${attach}) -> Queue -> ToDevice(${far});`

/** Never rejects. Links within a host need no technology, and it has none for others. */
export const probeClick = async (
  open: () => RouteSocket,
  openService: () => Promise<ClickService>,
): Promise<Datapath> => {
  const answer = (unavailable: string): Datapath => ({ name: 'click', technologies: [], unavailable })
  const lack = missing('bpf')
  if (lack !== undefined) return answer(lack.message)
  let route: RouteSocket | undefined
  try {
    route = open()
    await tryAll(route, await openService())
    return answer('')
  } catch (error) {
    return answer((error as Error).message)
  } finally {
    route?.close()
  }
}

const tryAll = async (route: RouteSocket, service: ClickService): Promise<void> => {
  const clean = async (): Promise<void> => {
    await service.down(router).catch(() => undefined)
    await route.batch([deleteLink(near)])
  }
  // A probe that was killed may have left some.
  await clean()
  try {
    const pair = addLink({ name: near, info: { kind: 'veth', peer: { name: far } } })
    for (const outcome of await route.batch([pair])) if (outcome instanceof NetlinkError) throw outcome
    await service.up(router, readConfiguration(text(), router))
  } finally {
    await clean()
  }
}
