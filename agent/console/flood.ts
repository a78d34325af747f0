/** Keeps a console that writes without end from taking the host's CPU and disk: what is above the rate waits in the node. */
import { setTimeout as sleep } from 'node:timers/promises'

/** Fifty thousand lines of text a second. */
const bytesPerSecond = 4 * 1024 * 1024
/** What may come at once. */
const burstBytes = 1024 * 1024

/** Told of what was read; returns a promise where the next reading has to wait. */
export const floodGate = (
  now: () => number = () => performance.now(),
): ((bytes: number) => Promise<void> | undefined) => {
  let level = 0
  let before = now()
  return (bytes) => {
    const time = now()
    level = Math.max(0, level - ((time - before) / 1000) * bytesPerSecond) + bytes
    before = time
    const excess = level - burstBytes
    return excess > 0 ? sleep((excess / bytesPerSecond) * 1000) : undefined
  }
}
