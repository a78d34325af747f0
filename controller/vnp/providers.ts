/** The PIPs as the VNP sees them: calls, whether they are there, and the last state of each part. */
import type { VNetState } from '../../proto/generated/weft.v1.ts'
import type { Session } from '../../proto/session.ts'
import { topics } from '../../proto/topics.ts'
import type { Clock } from '../roles/clock.ts'
import { createPresence, type Presence } from '../roles/presence.ts'
import { createSubscription, type Subscription } from './subscription.ts'

export interface Provider {
  readonly name: string
  /** The last state it told of a VNet's part since the connection was made, or before. */
  state(vnet: string): VNetState | undefined
  /** Whether it told a state, or answered for it, since the present connection. */
  isFresh(vnet: string): boolean
  /** An answer of a call, kept as a told state; undefined: it does not have the VNet. */
  note(vnet: string, state: VNetState | undefined): void
  /** The connection was made anew: what is known may be old. */
  reconnected(): void
  readonly reach: Presence['reach']
  readonly call: Presence['call']
  /** What it advertises. */
  readonly substrate: Subscription
  /** Starts to listen; the callbacks may be called before it settles. */
  watch(): Promise<void>
}

export interface ProviderOptions {
  readonly name: string
  readonly domain: string
  readonly session: Session
  readonly clock: Clock
  /** A part's state was told, or that it is gone. */
  readonly onState: (vnet: string) => void
  /** It came back. */
  readonly onOnline: () => void
  /** It has room that it had not. */
  readonly onFreed: () => void
  /** What it advertises could not be had. */
  readonly onUnknown: (error: unknown) => void
}

const pageTimeoutMs = 10_000

export const createProvider = (options: ProviderOptions): Provider => {
  const { name, domain, session, clock, onState, onOnline, onFreed, onUnknown } = options
  const presence = createPresence({ who: `the PIP ${name}`, domain, session, clock, onOnline })
  const substrate = createSubscription({
    domain,
    session,
    ask: (from) => presence.call({ advertisement: { from } }, pageTimeoutMs),
    onError: onUnknown,
  })
  const states = new Map<string, VNetState>()
  const fresh = new Set<string>()

  const note = (vnet: string, state: VNetState | undefined): void => {
    const known = states.get(vnet)
    fresh.add(vnet)
    if (!state) states.delete(vnet)
    // An answer and a told state may overtake each other.
    else if (!known || state.generation >= known.generation) states.set(vnet, state)
  }

  return {
    name,
    state: (vnet) => states.get(vnet),
    isFresh: (vnet) => fresh.has(vnet),
    note,
    reach: presence.reach,
    call: presence.call,
    substrate,
    reconnected: () => {
      fresh.clear()
      presence.reconnected()
    },

    watch: async () => {
      await Promise.all([
        presence.watch(),
        substrate.watch(),
        session.subscribe(topics.freed(domain), 'Freed', (freed) => {
          if (freed) onFreed()
        }),
        session.subscribe(topics.apiVNet(domain, session.identity, '+'), 'VNetState', (state, { topic }) => {
          // The end of a part is told by PHASE_GONE; that its topic was cleared afterwards says nothing more.
          if (!state || topic.vnet === undefined) return
          note(topic.vnet, state.phase === 'PHASE_GONE' ? undefined : state)
          onState(topic.vnet)
        }),
      ])
    },
  }
}
