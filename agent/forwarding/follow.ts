/**
 * Follows the routes and neighbours of one node, in its own network namespace, and keeps the tables of its router like them. The namespace is only
 * listened to: nothing is written there. Changes are gathered for a moment, then everything is read again and the difference is written.
 */
import type { ClickService } from '../click/service/service.ts'
import { openRoute, type RouteSocket, routeProtocol } from '../netlink/route.ts'
import { openMonitor, routeGroup } from '../netlink/socket/monitor.ts'
import { type GuestInterface, readTables, type Tables, tablesOf, writesBetween } from './tables.ts'
import { neighboursElement, routesElement } from './text.ts'

export interface FollowOptions {
  /** Of the node, for instance /proc/1234/ns/net. */
  readonly namespace: string
  readonly service: Pick<ClickService, 'read' | 'write'>
  readonly router: string
  readonly interfaces: readonly GuestInterface[]
  /** What went wrong; it is tried again. undefined: all is well again. */
  readonly onState: (problem: Error | undefined) => void
  readonly gatherMs?: number
  readonly retryMs?: number
}

export interface Follower {
  /** Settles once the tables were made like the node's for the first time. */
  readonly first: Promise<void>
  close(): void
}

/** Throws NetlinkError where the namespace cannot be entered. */
export const follow = (options: FollowOptions): Follower => {
  const { namespace, service, router, interfaces, onState, gatherMs = 20, retryMs = 1000 } = options
  let held: Tables | undefined
  let timer: NodeJS.Timeout | undefined
  let busy = false
  let again = false
  let closed = false
  const first = Promise.withResolvers<void>()

  const route: RouteSocket = openRoute({ namespace })
  const soon = (ms: number): void => {
    again = true
    if (timer !== undefined || busy || closed) return
    timer = setTimeout(() => void look(), ms)
  }
  const monitor = openMonitor(routeProtocol, {
    namespace,
    groups: [routeGroup.ipv4Route, routeGroup.ipv4Address, routeGroup.neighbour],
    onMessage: () => soon(gatherMs),
    onLost: () => soon(gatherMs),
  })

  const look = async (): Promise<void> => {
    timer = undefined
    again = false
    busy = true
    let problem: Error | undefined
    try {
      const [routes, neighbours] = await Promise.all([route.routes(), route.neighbours()])
      held ??= await readHeld(service, router, interfaces)
      const wanted = tablesOf(routes, neighbours, interfaces)
      for (const { handler, text } of writesBetween(held, wanted)) await service.write(router, handler, text)
      held = wanted
      first.resolve()
    } catch (error) {
      // What was written of it is told by the router.
      held = undefined
      problem = error as Error
    } finally {
      busy = false
    }
    if (closed) return
    onState(problem)
    if (problem !== undefined) soon(retryMs)
    else if (again) soon(gatherMs)
  }

  soon(0)
  return {
    first: first.promise,
    close: () => {
      closed = true
      clearTimeout(timer)
      monitor.close()
      route.close()
      first.resolve()
    },
  }
}

const readHeld = async (
  service: Pick<ClickService, 'read'>,
  router: string,
  interfaces: readonly GuestInterface[],
): Promise<Tables> => {
  const neighbours = new Map<number, string>()
  for (const { index } of interfaces) {
    neighbours.set(index, await service.read(router, `${neighboursElement(index)}.table`))
  }
  return readTables(await service.read(router, `${routesElement}.table`), neighbours)
}
