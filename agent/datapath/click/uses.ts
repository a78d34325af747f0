/** Whether links of this data path leave by a NIC, and which classes of its queueing their packets say: the texts of routers tell. */
import type { ClickService } from '../../click/service/service.ts'
import type { RouteSocket } from '../../netlink/route.ts'
import { segmentIn } from './text/tunnel.ts'

/** See UsesOf. */
export const usesOf = async (
  route: RouteSocket,
  service: ClickService,
  nic: number,
): Promise<readonly number[] | undefined> => {
  const name = (await route.link(nic))?.name
  const segments = (await service.list(() => true)).flatMap(({ text }) => segmentIn(text) ?? [])
  const here = segments.filter((segment) => segment.nic === name)
  return here.length === 0 ? undefined : here.flatMap(({ saidClass }) => saidClass ?? [])
}
