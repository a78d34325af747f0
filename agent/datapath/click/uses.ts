/** What links of this data path have at NICs: the texts of routers tell. */
import type { ClickService } from '../../click/service/service.ts'
import type { RouteSocket } from '../../netlink/route.ts'
import { nicOf } from './names.ts'
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

export interface LeavingByNic {
  /** What a look saw: of the VNets that it was at, or of all. */
  saw(snapshot: Pick<ClickSnapshot, 'routers'>, vnets: ReadonlySet<string> | undefined): void
  /** VNets that have links which leave by a NIC, by its name. */
  by(nic: string): readonly string[]
}

export const leavingByNic = (): LeavingByNic => {
  const nicsOf = new Map<string, ReadonlySet<string>>()
  return {
    saw: ({ routers }, vnets) => {
      for (const vnet of vnets ?? [...nicsOf.keys()]) nicsOf.delete(vnet)
      for (const { vnet, end, info } of routers.values()) {
        const nic = segmentIn(info.text)?.nic ?? nicOf(end)
        if (nic !== undefined) nicsOf.set(vnet, new Set([...(nicsOf.get(vnet) ?? []), nic]))
      }
    },
    by: (nic) => [...nicsOf].flatMap(([vnet, nics]) => (nics.has(nic) ? [vnet] : [])),
  }
}
