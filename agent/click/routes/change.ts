/** Changes of a table, one or many at once: all or none. */
import { Full, HandlerError } from '../handlers.ts'
import { roomFor } from './room.ts'
import type { RouteTable, TablePrefix, TableRoute } from './table.ts'
import { formatRoute, readRemoval, readTableRoute } from './text.ts'

export type Verb = 'add' | 'set' | 'remove'

export interface Command {
  readonly verb: Verb
  readonly text: string
}

/** What a prefix's route is before and after. */
interface Change {
  readonly before: TableRoute | undefined
  readonly after: TableRoute | undefined
}

const keyOf = ({ address, length }: TablePrefix): number => address * 64 + length

/** What commands come to, one after the other, for each prefix. Throws HandlerError: then nothing was changed. */
const changesOf = (table: RouteTable, commands: readonly Command[], outputs: number): readonly Change[] => {
  const changes = new Map<number, Change>()
  for (const { verb, text } of commands) {
    const route = verb === 'remove' ? readRemoval(text, outputs) : readTableRoute(text, outputs)
    const key = keyOf(route)
    const earlier = changes.get(key)
    const before = earlier ? earlier.before : table.find(route)
    const now = earlier ? earlier.after : before
    if (verb === 'add' && now) throw new HandlerError(`conflict with existing route '${formatRoute(now)}'`)
    if (verb === 'remove' && !(now && isMeant(route, now)))
      throw new HandlerError(`route '${formatRoute(route)}' not found`)
    changes.set(key, { before, after: verb === 'remove' ? undefined : route })
  }
  return [...changes.values()]
}

const isMeant = (asked: TableRoute, route: TableRoute): boolean =>
  asked.output < 0 || (asked.output === route.output && asked.gateway === route.gateway)

/**
 * Routes come and change before others go: a packet has the route from before or from after, never none in between. Throws HandlerError, and
 * Full with the room that would do; then nothing was changed.
 */
export const change = (table: RouteTable, commands: readonly Command[], outputs: number): void => {
  const changes = changesOf(table, commands, outputs)
  const done: Change[] = []
  for (const each of changes) {
    if (!each.after) continue
    if (!table.put(each.after)) {
      for (const { before, after } of done.reverse()) undo(table, before, after)
      throw full(table, changes)
    }
    done.push(each)
  }
  for (const { before, after } of changes) if (before && !after) table.remove(before)
}

const undo = (table: RouteTable, before: TableRoute | undefined, after: TableRoute | undefined): void => {
  if (before) table.put(before)
  else if (after) table.remove(after)
}

const full = (table: RouteTable, changes: readonly Change[]): Full => {
  const routes = new Map([...table.routes()].map((route) => [keyOf(route), route]))
  for (const { after } of changes) if (after) routes.set(keyOf(after), after)
  const { room } = table
  const wanted = roomFor([...routes.values()])
  const lacking = roomParts.filter((name) => wanted[name] > room[name]).map((name) => `${wanted[name]} ${words[name]}`)
  return new Full(
    `no memory to store ${changes.length === 1 ? 'the route' : 'these routes'}: the table has no room for ${lacking.join(' and ')}; a configuration that has the routes makes room`,
    // Never less of anything: a table of another layout must not have the same size.
    Object.fromEntries(roomParts.map((name) => [name, Math.max(wanted[name], room[name])])),
  )
}

const words = { routes: 'routes', nextHops: 'next hops', blocks: 'blocks' } as const
const roomParts = ['routes', 'nextHops', 'blocks'] as const
