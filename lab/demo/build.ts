/** Asks a VNO for a VNet and follows it until it is ready, telling each phase when it is over. */
import { setTimeout as sleep } from 'node:timers/promises'
import { create } from '../../proto/codec.ts'
import { fromWireError, WeftError } from '../../proto/errors.ts'
import type { VNetRequest, VNetState } from '../../proto/generated/weft.v1.ts'
import { callLocal, streamLocal } from '../../proto/local.ts'

export interface BuildOptions {
  readonly vnoSocket: string
  readonly request: VNetRequest
  /** Where resources are discovered; as the VNP is configured without it. */
  readonly discovery?: 'pip' | 'vnp'
  readonly timeoutMs: number
  readonly onPhase: (name: string, seconds: number) => void
  readonly onState: (state: VNetState) => void
  readonly signal: AbortSignal
}

/** The roles find each other while the first request is on its way. */
const isEarly = (error: unknown): boolean =>
  error instanceof WeftError && ['call.unreachable', 'provider.unavailable'].includes(error.code)

const apply = async ({ vnoSocket, request, discovery, signal }: BuildOptions, end: number): Promise<VNetState> => {
  for (;;) {
    try {
      const message = create('ApiRequest', { apply: { request, ...(discovery && { discovery }) } })
      const timeoutMs = Math.max(1, end - performance.now())
      const { vnet } = await callLocal(vnoSocket, 'ApiRequest', message, 'ApiReply', { timeoutMs })
      if (!vnet) throw new WeftError('message.malformed', 'the VNO answered "apply" with something else')
      return vnet
    } catch (error) {
      if (!isEarly(error) || performance.now() > end) throw error
      await sleep(50, undefined, { signal })
    }
  }
}

const stuck = ({ vnet, phase, nodes, links, error }: VNetState, why: string): WeftError => {
  const unready = [
    ...nodes.map(({ id, state, error }) => ({ object: `node/${id}`, state, error })),
    ...links.map(({ id, state, error }) => ({ object: `link/${id}`, state, error })),
  ].filter(({ state }) => state !== 'OBJECT_STATE_READY')
  const first = error ?? unready.find(({ error }) => error)?.error
  const cause = first ? fromWireError(first) : undefined
  return new WeftError(cause?.code ?? 'call.timeout', `${vnet} ${why}: ${cause?.message ?? phase}`, {
    object: cause?.object || unready[0]?.object || `vnet/${vnet}`,
    hint: cause?.hint,
  })
}

/** The state once all is ready. Throws what refused it, or what is not there when the time is over. */
export const buildVNet = async (options: BuildOptions): Promise<VNetState> => {
  const { vnoSocket, request, timeoutMs, onPhase, onState, signal } = options
  const end = performance.now() + timeoutMs
  const told = new Set<string>()
  const tell = (state: VNetState): void => {
    for (const { name, seconds } of state.timings) {
      if (!told.has(name)) onPhase(name, seconds)
      told.add(name)
    }
    onState(state)
  }
  let state = await apply(options, end)
  tell(state)
  const watching = AbortSignal.any([signal, AbortSignal.timeout(Math.ceil(Math.max(1, end - performance.now())))])
  const watch = create('ApiRequest', { watch: { vnet: request.name } })
  for await (const { vnet } of streamLocal(vnoSocket, 'ApiRequest', watch, 'ApiReply', {
    timeoutMs,
    signal: watching,
  })) {
    if (!vnet) continue
    state = vnet
    tell(state)
    if (state.phase === 'PHASE_READY' && ['nodes', 'links'].every((name) => told.has(name))) return state
    if (['PHASE_REJECTED', 'PHASE_POSTPONED', 'PHASE_GONE'].includes(state.phase)) throw stuck(state, 'was not built')
  }
  signal.throwIfAborted()
  throw stuck(state, `is not ready after ${Math.round(timeoutMs / 1000)} s`)
}
