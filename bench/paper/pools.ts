/** Waits for the PIP's pools, so that no run shares the machine with nodes that are booted for the next one. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Stack } from '../../lab/stack.ts'
import { create } from '../../proto/codec.ts'
import { fromWireError, WeftError } from '../../proto/errors.ts'
import type { PoolEntry } from '../../proto/generated/weft.v1.ts'
import { callLocal } from '../../proto/local.ts'

const isFull = ({ shape, idle, building, leaving }: PoolEntry): boolean =>
  idle >= (shape?.nodes ?? 0) && building === 0 && leaving === 0

const entryText = ({ shape, host, idle, error }: PoolEntry): string =>
  `${shape?.name} on ${host} has ${idle} of ${shape?.nodes}${error ? `: ${fromWireError(error).message}` : ''}`

/** Settles once all idle nodes are there that shall be. Throws call.timeout with what is missing. */
export const poolsAreFull = async (stack: Stack, timeoutMs: number): Promise<void> => {
  const end = performance.now() + timeoutMs
  const socket = stack.sockets['pip'] ?? ''
  for (;;) {
    const { pools } = await callLocal(socket, 'ApiRequest', create('ApiRequest', { pools: {} }), 'ApiReply')
    const missing = (pools?.pools ?? []).filter((entry) => !isFull(entry))
    if (missing.length === 0) return
    if (performance.now() > end)
      throw new WeftError('call.timeout', `the pools are not filled: ${missing.map(entryText).join('; ')}`)
    await sleep(100)
  }
}
