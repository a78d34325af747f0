/** What this process holds, and children to see how one ends. */
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

export const openDescriptors = (): number => readdirSync('/proc/self/fd').length

/** Threads that run calls of connections to libvirt. */
export const callThreads = (): number =>
  readdirSync('/proc/self/task').filter((thread) => {
    try {
      return readFileSync(`/proc/self/task/${thread}/comm`, 'utf8') === 'weft-virt-call\n'
    } catch {
      // It ended meanwhile.
      return false
    }
  }).length

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

/** Collects until the condition holds, with turns of the loop in between for finalizers. Returns whether it came to hold. */
export const collectUntil = async (condition: () => boolean, rounds = 200): Promise<boolean> => {
  for (let round = 0; round < rounds; round++) {
    // Looking at a WeakRef keeps its target until the end of the turn (ECMA-262, KeepDuringJob).
    if (condition()) return true
    await sleep(25)
    gc()
  }
  return condition()
}

/** Waits until the condition holds. Returns whether it came to hold. */
export const until = async (condition: () => boolean, timeoutMs = 60_000): Promise<boolean> => {
  for (const end = performance.now() + timeoutMs; !condition() && performance.now() < end; ) await sleep(20)
  return condition()
}

export interface Ended {
  /** Exit status, or the name of the signal. */
  readonly status: number | string
  readonly stdout: string
  readonly stderr: string
}

export const fixturePath = (name: string): string =>
  join(dirname(fileURLToPath(import.meta.url)), '..', 'fixtures', `${name}.ts`)

/** Runs a file of test/fixtures in a process of its own, to its end. One that does not end in two minutes is killed. */
export const runFixture = (name: string, args: readonly string[] = []): Promise<Ended> =>
  new Promise((resolve) => {
    // A sanitizer's runtime must come first in every process of Node's, and in no other (scripts/test-sanitize.ts).
    const preload = process.env['WEFT_PRELOAD']
    const env = { ...process.env, ...(preload ? { LD_PRELOAD: preload } : {}) }
    execFile(process.execPath, [fixturePath(name), ...args], { env, timeout: 120_000 }, (error, stdout, stderr) =>
      resolve({ status: error ? (error.signal ?? error.code ?? 'unknown') : 0, stdout, stderr }),
    )
  })
