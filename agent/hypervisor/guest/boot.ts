/** Waits until a guest has come up: its agent answers. */
import { setTimeout as sleep } from 'node:timers/promises'
import { hasCode, WeftError } from '../../../proto/errors.ts'
import type { GuestAgent } from './agent.ts'

/** A stock image under software emulation takes a minute or two where a machine has nothing else to do. */
export const bootTimeoutMs = 900_000

const firstPauseMs = 50
const longestPauseMs = 1000
/** libvirt's least. */
const pingTimeoutMs = 5000

export interface BootOptions {
  /** Whether the guest runs still: one that has ended is not waited for. Left out where its channel throws node.not-running or node.unknown. */
  readonly isRunning?: () => Promise<boolean>
  readonly timeoutMs: number
}

/** Throws node.not-running where it ended before, hypervisor.failed where it never comes up. */
export const waitForGuest = async (
  agent: GuestAgent,
  node: string,
  { isRunning = async () => true, timeoutMs }: BootOptions,
): Promise<void> => {
  const object = `node/${node}`
  const end = performance.now() + timeoutMs
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(longestPauseMs, 2 * pauseMs)) {
    const problem = await agent.ping(pingTimeoutMs).then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
    )
    if (problem === undefined) return
    if (hasCode(problem, 'node.not-running') || hasCode(problem, 'node.unknown') || !(await isRunning())) {
      throw new WeftError('node.not-running', `node ${node} ended before its guest had come up`, { object })
    }
    if (performance.now() > end) {
      throw new WeftError(
        'hypervisor.failed',
        `the guest of node ${node} did not come up in ${Math.round(timeoutMs / 1000)} s: ${problem.message}`,
        { object, hint: 'does its image have qemu-guest-agent? Its console tells how far it came', cause: problem },
      )
    }
    await sleep(pauseMs)
  }
}
