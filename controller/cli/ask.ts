/** Calls of a role over its local socket. */
import { setTimeout as sleep } from 'node:timers/promises'
import { create, type Init } from '../../proto/codec.ts'
import { WeftError } from '../../proto/errors.ts'
import type { ApiReply, ApiRequest, VNetState } from '../../proto/generated/weft.v1.ts'
import { callLocal, streamLocal } from '../../proto/local.ts'
import type { Context } from './context.ts'
import type { Role } from './flags.ts'
import { findSocket } from './sockets.ts'
import { longestMs } from './values.ts'

type ApiRole = Exclude<Role, 'agent'>

export interface AskOptions {
  readonly role?: string
  /** 60 s without it. */
  readonly timeoutMs?: number
}

const roleOf = ({ role = 'vno' }: AskOptions): ApiRole => role as ApiRole

/** Throws the reply's error, call.unreachable, call.timeout. */
export const ask = async (context: Context, request: Init<ApiRequest>, options: AskOptions = {}): Promise<ApiReply> => {
  const path = await findSocket(context, roleOf(options))
  const { timeoutMs } = options
  return callLocal(path, 'ApiRequest', create('ApiRequest', request), 'ApiReply', {
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  })
}

const unexpected = (verb: string): WeftError =>
  new WeftError('message.malformed', `the role answered "${verb}" with something else`)

/** One VNet or, with an empty name, all, by name. */
export const askVNets = async (context: Context, vnet: string, options?: AskOptions): Promise<readonly VNetState[]> => {
  const reply = await ask(context, { get: { vnet } }, options)
  const states = reply.vnets?.vnets ?? (reply.vnet ? [reply.vnet] : undefined)
  if (!states) throw unexpected('get')
  return states.toSorted((a, b) => (a.vnet < b.vnet ? -1 : 1))
}

/** undefined where there is no such VNet. */
export const askVNet = async (context: Context, vnet: string, options?: AskOptions): Promise<VNetState | undefined> => {
  try {
    const states = await askVNets(context, vnet, options)
    return states.find((state) => state.vnet === vnet)
  } catch (error) {
    if (error instanceof WeftError && error.code === 'vnet.unknown') return undefined
    throw error
  }
}

/** Between attempts to reach a role that went. */
const retryMs = 500

export const isUnreachable = (error: unknown): boolean =>
  error instanceof WeftError && error.code === 'call.unreachable'

/**
 * What stands, then every change, until `signal` aborts. A role that goes (it is restarted, say) is waited for, and what stands then is
 * told again. Throws call.unreachable where it was never there.
 */
export async function* watchVNets(
  context: Context,
  vnet: string,
  options: AskOptions & { readonly signal?: AbortSignal | undefined } = {},
): AsyncGenerator<VNetState> {
  const path = await findSocket(context, roleOf(options))
  const { signal } = options
  const request = create('ApiRequest', { watch: { vnet } })
  const stream = { timeoutMs: longestMs, ...(signal ? { signal } : {}) }
  for (let isKnown = false, isSaid = false; ; ) {
    try {
      // Without a VNet there is no first answer to wait for.
      for await (const { vnet: state } of streamLocal(path, 'ApiRequest', request, 'ApiReply', stream)) {
        if (!state) throw unexpected('watch')
        yield state
        isSaid = false
        isKnown = true
      }
      isKnown = true
    } catch (error) {
      if (!(isKnown && isUnreachable(error))) throw error
    }
    if (signal?.aborted) return
    if (!isSaid) context.stderr.write(`${path} closed the connection; waiting for it\n`)
    isSaid = true
    await sleep(retryMs, undefined, signal ? { signal } : {}).catch(() => undefined)
    if (signal?.aborted) return
  }
}
