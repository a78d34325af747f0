/**
 * Process 1 of a container hears no signal that it has no trap for, whoever sends it (pid_namespaces(7)): what it is told before it has come to its traps (init.ts) is
 * lost, and a `poweroff` in a container that was started just now would do nothing.
 */
import { readFile } from 'node:fs/promises'
import { constants } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

/** Of `halt`, `poweroff` and `reboot`, and libvirt's. */
const trapped = ['SIGTERM', 'SIGUSR1', 'SIGUSR2', 'SIGINT'] as const

const pauseMs = 5
/** A shell that has not begun by then is not waited for. */
const longestMs = 60_000

/** Pure; `status` is /proc/PID/status. */
export const hasTraps = (status: string): boolean => {
  const caught = BigInt(`0x${/^SigCgt:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`)
  return trapped.every((name) => ((caught >> BigInt(constants.signals[name] - 1)) & 1n) === 1n)
}

/** Settles once process 1 has its traps, or has ended: some milliseconds after it was started. */
export const waitForTraps = async (init: number): Promise<void> => {
  for (const end = performance.now() + longestMs; performance.now() < end; await sleep(pauseMs)) {
    const status = await readFile(`/proc/${init}/status`, 'utf8').catch(() => undefined)
    if (status === undefined || hasTraps(status)) return
  }
}
