/**
 * All interfaces of a network namespace, kept up to date: a reading costs what has changed since the one before, not what there is.
 *
 * The kernel announces changes to the same socket that asks it, in the order in which they were made. So once a question is answered, all
 * that was announced before it has been read, and what the table holds was true at a moment after the question: a reading is the truth, as
 * a dump is. What the kernel announces to nobody is asked for: of interfaces that are down it keeps silent about an alias or a way of
 * making addresses (netdev_state_change of net/core/dev.c). What is left, writes to /proc/sys, a thorough reading finds.
 */
import { constants } from 'node:os'
import { share } from '../../share.ts'
import { readS32 } from '../codec/byte-order.ts'
import { type Message, messageFlag } from '../codec/message.ts'
import { routeProtocol } from '../route.ts'
import { type Connection, openConnection } from '../socket/connection.ts'
import { NetlinkError } from '../socket/error.ts'
import { routeGroup } from '../socket/monitor.ts'
import { decodeLink, type Link } from './link.ts'
import { dumpLinks, getLink } from './requests.ts'

export interface LinkTable {
  /**
   * The interfaces as they are at a moment after the call, by index. Thorough: all is read anew. Rejects with NetlinkError.
   */
  read(options?: ReadingOptions): Promise<readonly Link[]>
  /** The same for who follows the changes: settles when all that was changed before the call has been told. */
  refresh(options?: ReadingOptions): Promise<void>
  /** Idempotent. */
  close(): void
  readonly closed: boolean
}

export interface ReadingOptions {
  readonly thorough?: boolean | undefined
}

export interface LinkTableOptions {
  /** Path of a network namespace; the process's own without it. */
  readonly namespace?: string | undefined
  /** Told of each interface that came (before undefined), went (now undefined) or is another one. */
  readonly changed?: ((before: Link | undefined, now: Link | undefined) => void) | undefined
}

/** AF_UNSPEC */
const familyOfAll = 0
const rtm = { newLink: 16, deleteLink: 17 } as const

/** The loopback is in every namespace and is the first there: a question that always has an answer. */
const loopback = 1

/** More single questions than this cost more than a dump of some thousands. */
const mostAsked = 64
/** Of readings during which announcements were lost. */
const attempts = 10

/** Throws NetlinkError (ENOENT: no such namespace), or ERR_ADDON_UNAVAILABLE. */
export const openLinkTable = ({ namespace, changed = () => {} }: LinkTableOptions = {}): LinkTable => {
  const links = new Map<number, Link>()
  /** Those that are down. */
  const silent = new Set<number>()
  /** Those of which something was announced that does not say all of it. */
  const unsure = new Set<number>()
  /** Indices that were heard of since a dump began; undefined while there is none. */
  let heard: Set<number> | undefined
  let isWhole = false

  const hold = (link: Link): void => {
    const before = links.get(link.index)
    links.set(link.index, link)
    if (link.up) silent.delete(link.index)
    else silent.add(link.index)
    changed(before, link)
  }

  const drop = (index: number): void => {
    const before = links.get(index)
    links.delete(index)
    silent.delete(index)
    if (before) changed(before, undefined)
  }

  const onMessage = (message: Message): void => {
    if (message.type !== rtm.newLink && message.type !== rtm.deleteLink) return
    const index = readS32(message.body, 4)
    const isAnswer = message.portId === connection.portId
    if (message.body[0] !== familyOfAll) {
      // Of a bridge's family: it tells of a port alone, which may be leaving its bridge, not its namespace.
      unsure.add(index)
    } else if (message.type === rtm.deleteLink) {
      drop(index)
      heard?.delete(index)
      unsure.delete(index)
    } else {
      const link = decodeLink(message)
      heard?.add(index)
      // What a driver says of its radio is announced as an interface without anything else.
      const isAll = isAnswer || link.qdisc !== ''
      if (isAll) hold(link)
      if (isAll && (message.flags & messageFlag.multi) === 0) unsure.delete(index)
      if (!isAll) unsure.add(index)
    }
  }

  const connection: Connection = openConnection(routeProtocol, {
    namespace,
    groups: [routeGroup.link],
    onMessage,
    onLost: () => {
      isWhole = false
    },
  })

  const readAll = async (): Promise<void> => {
    isWhole = true
    unsure.clear()
    const seen = new Set<number>()
    heard = seen
    try {
      await connection.dump(dumpLinks(false))
    } catch (error) {
      isWhole = false
      throw error
    } finally {
      heard = undefined
    }
    for (const index of links.keys()) if (!seen.has(index)) drop(index)
  }

  /** What is announced while the answers come may tell of others to ask for: one that went down, and since then is kept silent about. */
  const readChanges = async (): Promise<void> => {
    const asked = new Set<number>()
    for (let round = 1; isWhole; round++) {
      const wanted = [...new Set([...silent, ...unsure])].filter((index) => !asked.has(index))
      if (wanted.length === 0 && round > 1) return
      if (asked.size + wanted.length > mostAsked) return readAll()
      for (const index of wanted) asked.add(index)
      for (const outcome of await connection.batch([...wanted, loopback].map(getLink))) {
        // One that has gone was announced, too.
        if (outcome instanceof NetlinkError && outcome.code !== 'ENODEV') throw outcome
      }
    }
  }

  const refresh = async (): Promise<void> => {
    for (let attempt = 1; ; attempt++) {
      try {
        await (isWhole ? readChanges() : readAll())
      } catch (error) {
        const isLost = error instanceof NetlinkError && error.code === 'ENOBUFS'
        if (!isLost || attempt === attempts) throw error
      }
      if (isWhole) return
      if (attempt < attempts) continue
      const lost = { errno: constants.errno.ENOBUFS, operation: 'link show', subject: '' }
      throw new NetlinkError({ ...lost, cause: new Error('more was announced than could be read') })
    }
  }

  const shared = share(refresh)
  const refreshed = ({ thorough = false }: ReadingOptions = {}): Promise<void> => {
    if (thorough) isWhole = false
    return shared()
  }
  return {
    refresh: refreshed,
    read: async (options) => {
      await refreshed(options)
      return [...links.values()]
    },
    close: () => connection.close(),
    get closed() {
      return connection.closed
    },
  }
}
