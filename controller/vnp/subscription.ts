/**
 * A PIP's advertised substrate as its VNP holds it: the whole, kept current by numbered deltas; where a number is missing, the whole is asked
 * for again, in pages. It may be behind: the PIP looks at what is made by it.
 */
import type { AdvertisedLink, AdvertisedNode, Advertisement, ApiReply } from '../../proto/generated/weft.v1.ts'
import type { Session } from '../../proto/session.ts'
import { topics } from '../../proto/topics.ts'
import { pictureOf } from '../advertisement/advertised.ts'
import type { Picture } from '../mapping/mapping.ts'

export interface Subscription {
  /** undefined: nothing is advertised, or not all of it has come. */
  picture(): Picture | undefined
  /** Asks for the whole; settles when it is there, or could not be had. */
  refresh(): Promise<void>
  /** Starts to listen. */
  watch(): Promise<void>
}

export interface SubscriptionOptions {
  readonly domain: string
  readonly session: Session
  /** Asks the PIP for a page. */
  readonly ask: (from: number) => Promise<ApiReply>
  readonly onError: (error: unknown) => void
}

interface Held {
  readonly epoch: number
  number: number
  readonly nodes: Map<string, AdvertisedNode>
  readonly links: Map<string, AdvertisedLink>
}

/** Of a refresh, where the PIP starts anew or messages are lost meanwhile. */
const tries = 3

const holdAll = ({ epoch, number }: Advertisement): Held => ({ epoch, number, nodes: new Map(), links: new Map() })

const put = ({ nodes, links }: Held, { nodes: newNodes, links: newLinks }: Advertisement): void => {
  for (const one of newNodes) if (one.node) nodes.set(one.node.id, one)
  for (const one of newLinks) if (one.link) links.set(one.link.id, one)
}

/** Whether it is held then: its number is known, or it is the next one, or all that there is. */
const follow = (held: Held, message: Advertisement): boolean => {
  const { epoch, number, whole } = message
  if (epoch !== held.epoch || (!whole && number > held.number + 1)) return false
  if (number <= held.number) return true
  put(held, message)
  held.number = number
  return true
}

const isOlder = (one: Advertisement, held: Held): boolean =>
  one.epoch < held.epoch || (one.epoch === held.epoch && one.number < held.number)

export const createSubscription = ({ domain, session, ask, onError }: SubscriptionOptions): Subscription => {
  let held: Held | undefined
  let picture: Picture | undefined
  let refreshing: Promise<void> | undefined
  /** Deltas that come while the whole is asked for. */
  let waiting: Advertisement[] = []

  const hold = (next: Held | undefined): void => {
    held = next
    picture = undefined
  }

  /** undefined where the PIP started anew between two pages. */
  const askAll = async (): Promise<Held | undefined> => {
    let all: Held | undefined
    for (let from = 0; ; ) {
      const { advertisement: page } = await ask(from)
      if (!page || (all && page.epoch !== all.epoch)) return undefined
      all ??= holdAll(page)
      put(all, page)
      if (page.next <= from) return all
      from = page.next
    }
  }

  const refreshAll = async (): Promise<void> => {
    for (let count = 0; count < tries; count++) {
      waiting = []
      const all = await askAll()
      // What later pages say is newer than their first; the deltas between are gone through once more, in order.
      if (!all || !waiting.filter((delta) => !isOlder(delta, all)).every((delta) => follow(all, delta))) continue
      hold(all)
      return
    }
    hold(undefined)
  }

  const refresh = (): Promise<void> => {
    refreshing ??= refreshAll()
      .catch((error: unknown) => {
        hold(undefined)
        onError(error)
      })
      .finally(() => {
        refreshing = undefined
      })
    return refreshing
  }

  const take = (message: Advertisement): void => {
    if (refreshing !== undefined) waiting.push(message)
    else if (message.whole && message.next === 0) {
      if (held && isOlder(message, held)) return
      const all = holdAll(message)
      put(all, message)
      hold(all)
    } else if (held && follow(held, message)) picture = undefined
    else if (!held || !isOlder(message, held)) void refresh()
  }

  return {
    picture: () => {
      if (held) picture ??= pictureOf(held)
      return picture
    },
    refresh,
    watch: () =>
      session.subscribe(topics.advertisement(domain), 'Advertisement', (message) => {
        if (message) take(message)
        else hold(undefined)
      }),
  }
}
