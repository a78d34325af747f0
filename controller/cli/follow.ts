/** Follows one VNet until it is as wanted, or gone, or the time is over. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { VNetState } from '../../proto/generated/weft.v1.ts'
import { type AskOptions, askVNet, isUnreachable, watchVNets } from './ask.ts'
import type { Context } from './context.ts'

export interface FollowOptions extends AskOptions {
  readonly timeoutMs: number
  /** Whether this is what is waited for. */
  readonly done: (state: VNetState) => boolean
  readonly onState?: (state: VNetState) => void
}

export interface Ending {
  readonly how: 'done' | 'gone' | 'timeout'
  /** The last that was seen; undefined: none, there was no such VNet. */
  readonly state: VNetState | undefined
}

/** The stream tells changes; this finds out that the VNet went before the stream began. */
const pollMs = 2000

export const follow = async (context: Context, vnet: string, options: FollowOptions): Promise<Ending> => {
  const { role, timeoutMs, done, onState } = options
  const asked = role === undefined ? {} : { role }
  const over = new AbortController()
  const timer = setTimeout(() => over.abort(), timeoutMs)
  const cancel = () => over.abort()
  context.signal?.addEventListener('abort', cancel, { once: true })
  const { signal } = over
  let state: VNetState | undefined

  const watching = async (): Promise<Ending['how']> => {
    for await (state of watchVNets(context, vnet, { ...asked, signal })) {
      onState?.(state)
      if (state.phase === 'PHASE_GONE') return 'gone'
      if (done(state)) return 'done'
    }
    return 'timeout'
  }
  const polling = async (): Promise<Ending['how']> => {
    for (let isKnown = false; ; isKnown = true) {
      const stands = await askVNet(context, vnet, asked).catch((error: unknown) => {
        if (isKnown && isUnreachable(error)) return true
        throw error
      })
      if (!stands) return 'gone'
      await sleep(pollMs, undefined, { signal })
    }
  }
  const timedOut = new Promise<Ending['how']>((resolve) =>
    signal.addEventListener('abort', () => resolve('timeout'), { once: true }),
  )

  try {
    const attempts = [watching(), polling(), timedOut]
    // Those that lose the race end by the abort below; what they throw then is of no interest.
    for (const attempt of attempts) attempt.catch(() => undefined)
    return { how: await Promise.race(attempts), state }
  } finally {
    clearTimeout(timer)
    context.signal?.removeEventListener('abort', cancel)
    over.abort()
  }
}
