/** The PIPs as the VNP sees them: calls, whether they are there, and the last state of each part. */
import { create, type Init } from '../../proto/codec.ts'
import { WeftError } from '../../proto/errors.ts'
import type { ApiReply, ApiRequest, VNetState } from '../../proto/generated/weft.v1.ts'
import type { Session } from '../../proto/session.ts'
import { topics } from '../../proto/topics.ts'

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
  /** Throws call.unreachable at once where it is known to be away, call.timeout, and its own error. */
  call(request: Init<ApiRequest>, timeoutMs: number): Promise<ApiReply>
  /** Starts to listen; the callbacks may be called before it settles. */
  watch(): Promise<void>
}

export interface ProviderOptions {
  readonly name: string
  readonly domain: string
  readonly session: Session
  /** A part's state was told, or that it is gone. */
  readonly onState: (vnet: string) => void
  /** It came back. */
  readonly onOnline: () => void
}

export const createProvider = (options: ProviderOptions): Provider => {
  const { name, domain, session, onState, onOnline } = options
  const states = new Map<string, VNetState>()
  const fresh = new Set<string>()
  // Until it says otherwise it may be there: a call finds out.
  let online = true

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
    reconnected: () => fresh.clear(),

    call: async (request, timeoutMs) => {
      if (!session.connected || !online) {
        throw new WeftError('call.unreachable', `${name} is not connected`, { object: `provider/${name}` })
      }
      return session.call(
        topics.apiRequest(domain, session.identity),
        'ApiRequest',
        create('ApiRequest', request),
        topics.apiReply(domain, session.identity),
        'ApiReply',
        { timeoutMs, idempotencyKey: crypto.randomUUID() },
      )
    },

    watch: async () => {
      await Promise.all([
        session.subscribe(topics.controllerState(domain), 'ControllerState', (state) => {
          const before = online
          online = state?.online ?? true
          if (online && !before) onOnline()
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
