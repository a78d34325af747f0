/** The verb watch of a role's local socket: states as they change, to whoever looks. */
import { create } from '../../proto/codec.ts'
import type { ApiReply, ApiRequest, VNetState } from '../../proto/generated/weft.v1.ts'

export interface Watchers {
  /** Tells a new state to all that watch the VNet. */
  tell(state: VNetState): void
  /** A stream for serveLocal: false for any verb but watch. */
  stream(request: ApiRequest, emit: (reply: ApiReply) => void, signal: AbortSignal): Promise<boolean>
}

/** `snapshot` gives what stands. */
export const createWatchers = (snapshot: () => Iterable<VNetState>): Watchers => {
  const listeners = new Set<(state: VNetState) => void>()
  return {
    tell: (state) => {
      for (const listener of [...listeners]) listener(state)
    },
    stream: async ({ watch }, emit, signal) => {
      if (!watch) return false
      const listener = (state: VNetState) => {
        if (watch.vnet === '' || watch.vnet === state.vnet) emit(create('ApiReply', { vnet: state }))
      }
      for (const state of snapshot()) listener(state)
      if (signal.aborted) return true
      listeners.add(listener)
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
      listeners.delete(listener)
      return true
    },
  }
}
