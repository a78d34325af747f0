/** What links of this data path have at NICs: the texts of routers tell. */
import type { ClickService } from '../../click/service/service.ts'
import type { RouteSocket } from '../../netlink/route.ts'
import type { ClickSnapshot } from './snapshot.ts'
import { segmentIn } from './text/tunnel.ts'

/** See UsesOf: whether they leave by a NIC, and which classes of its queueing their packets say. */
export const usesOf = async (
  route: RouteSocket,
  service: ClickService,
  nic: number,
): Promise<readonly number[] | undefined> => {
  const name = (await route.link(nic))?.name
  const segments = (await service.list(() => 'if unchanged')).flatMap(({ text }) => segmentIn(text) ?? [])
  const here = segments.filter((segment) => segment.nic === name)
  return here.length === 0 ? undefined : here.flatMap(({ saidClass }) => saidClass ?? [])
}

/** VNets that have links which leave by a NIC, by its name. */
export const vnetsByNic = ({ routers }: Pick<ClickSnapshot, 'routers'>): ReadonlyMap<string, ReadonlySet<string>> => {
  const leading = [...routers.values()].flatMap(({ vnet, info }) => {
    const segment = segmentIn(info.text)
    return segment === undefined ? [] : [{ nic: segment.nic, vnet }]
  })
  const byNic = Map.groupBy(leading, ({ nic }) => nic)
  return new Map([...byNic].map(([nic, of]) => [nic, new Set(of.map(({ vnet }) => vnet))]))
}
