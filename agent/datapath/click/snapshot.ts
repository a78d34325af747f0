/** One reading: all interfaces and their disciplines, and the routers that are pinned. */
import type { ClickService, RouterInfo } from '../../click/service/service.ts'
import { have } from '../../ebpf/features.ts'
import type { Link } from '../../netlink/link/link.ts'
import type { RouteSocket } from '../../netlink/route.ts'
import { majorOf, parent } from '../../netlink/traffic/handle.ts'
import type { Qdisc } from '../../netlink/traffic/qdisc.ts'
import type { Interfaces } from '../check.ts'
import type { ObservedLink, Snapshot } from '../driver.ts'
import { type Mark, parseMark } from '../mark.ts'
import { placeOf, type RouterPlace } from './names.ts'

/** What was read, as lists. */
export interface Reading {
  readonly interfaces: readonly Link[]
  readonly qdiscs: readonly Qdisc[]
  readonly routers: readonly RouterInfo[]
  /** How programs come to interfaces here. */
  readonly attach: 'tcx' | 'clsact'
}

export interface ObservedRouter extends RouterPlace {
  readonly info: RouterInfo
  /** Vif that it takes the packets of; '' where it was never told. */
  readonly vif: string
}

export interface ClickSnapshot extends Snapshot, Interfaces {
  readonly attach: 'tcx' | 'clsact'
  /** By name. */
  readonly routers: ReadonlyMap<string, ObservedRouter>
  /** Records that cannot be read, by the router's name. */
  readonly broken: ReadonlyMap<string, string>
  /** Root disciplines that somebody chose, by interface index. */
  readonly roots: ReadonlyMap<number, Qdisc>
}

/** Pure: orders a reading. */
export const snapshotOf = ({ interfaces, qdiscs, routers, attach }: Reading): ClickSnapshot => {
  const marks = new Map(
    interfaces.flatMap(({ name, alias }): (readonly [string, Mark])[] => {
      const mark = parseMark(alias)
      return mark === undefined ? [] : [[name, mark]]
    }),
  )
  const observed = routers.flatMap((info): ObservedRouter[] => {
    const place = placeOf(info.name, info.file)
    return place === undefined ? [] : [{ ...place, info, vif: info.attachments[0]?.device ?? '' }]
  })
  return {
    attach,
    marks,
    byName: new Map(interfaces.map((link) => [link.name, link])),
    routers: new Map(observed.map((router) => [router.info.name, router])),
    broken: new Map(
      routers.filter(({ state }) => state === 'broken').map(({ name, problem }) => [name, problem] as const),
    ),
    // One without a handle is the kernel's own choice.
    roots: new Map(
      qdiscs
        .filter((qdisc) => qdisc.parent === parent.root && majorOf(qdisc.handle) !== 0)
        .map((qdisc) => [qdisc.index, qdisc]),
    ),
    links: observedLinks(observed),
  }
}

/** It has no interfaces beside vifs. */
const observedLinks = (routers: readonly ObservedRouter[]): readonly ObservedLink[] => {
  const links = routers.map(({ vnet, link }) => [`${vnet}/${link}`, { vnet, id: link, interfaces: [] }] as const)
  return [...new Map(links).values()]
}

export const readKernel = async (route: RouteSocket, service: ClickService): Promise<Reading> => {
  const [interfaces, qdiscs, routers] = await Promise.all([route.links(), route.qdiscs(), service.list()])
  return { interfaces, qdiscs, routers, attach: have('tcx') ? 'tcx' : 'clsact' }
}
