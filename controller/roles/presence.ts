/**
 * Whether the controller of a domain is there to answer calls: it says so after it subscribed to them, at each of its connections, and
 * the broker says so when it goes. What was heard before this side's own reconnection counts no more: the broker may have lost both.
 */
import { create, type Init } from '../../proto/codec.ts'
import { WeftError } from '../../proto/errors.ts'
import type { ApiReply, ApiRequest } from '../../proto/generated/weft.v1.ts'
import type { Session } from '../../proto/session.ts'
import { topics } from '../../proto/topics.ts'
import type { Clock } from './clock.ts'

export interface Presence {
  /** Starts to listen; onOnline may be called before it settles. */
  watch(): Promise<void>
  /** This side's connection was made anew. */
  reconnected(): void
  /** Throws call.unreachable where nobody is there. */
  reach(): Promise<void>
  /**
   * A call of the domain's controller. Throws call.unreachable where nothing was sent, as nobody is there; call.timeout; the
   * controller's own error.
   */
  call(request: Init<ApiRequest>, timeoutMs: number): Promise<ApiReply>
}

export interface PresenceOptions {
  /** For messages: "the VNP vnp1". */
  readonly who: string
  readonly domain: string
  readonly session: Session
  readonly clock: Clock
  /** It came (back). */
  readonly onOnline: () => void
}

/** For the retained controller/state to arrive after a connection. */
const unknownMs = 3000

export const createPresence = ({ who, domain, session, clock, onOnline }: PresenceOptions): Presence => {
  let online: boolean | undefined
  let known = Promise.withResolvers<void>()

  const set = (next: boolean): void => {
    const before = online
    online = next
    known.resolve()
    if (next && before !== true) onOnline()
  }

  const unreachable = (what: string): WeftError =>
    new WeftError('call.unreachable', `${what} is not there`, {
      hint: 'nothing was sent and nothing changes; VNets go on meanwhile: ask again once it is back',
    })

  const whenKnown = async (): Promise<void> => {
    let cancel = () => {}
    const tooLate = new Promise<void>((resolve) => {
      cancel = clock.after(unknownMs, resolve)
    })
    await Promise.race([known.promise, tooLate])
    cancel()
  }

  const reach = async (): Promise<void> => {
    if (!session.connected) throw unreachable(`the broker of ${who}`)
    if (online === undefined) await whenKnown()
    if (!online) throw unreachable(who)
  }

  return {
    watch: () =>
      session.subscribe(topics.controllerState(domain), 'ControllerState', (state) => {
        if (state) set(state.online)
      }),

    reconnected: () => {
      if (online !== undefined) known = Promise.withResolvers<void>()
      online = undefined
    },

    reach,

    call: async (request, timeoutMs) => {
      await reach()
      return session.call(
        topics.apiRequest(domain, session.identity),
        'ApiRequest',
        create('ApiRequest', request),
        topics.apiReply(domain, session.identity),
        'ApiReply',
        { timeoutMs, idempotencyKey: crypto.randomUUID() },
      )
    },
  }
}
