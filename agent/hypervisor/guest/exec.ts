/** Runs a command in a guest through its agent, as run-bounded.ts does on the host: output bounded, all of it killed when its time is over. */
import { setTimeout as sleep } from 'node:timers/promises'
import { create } from '../../../proto/codec.ts'
import { WeftError } from '../../../proto/errors.ts'
import type { ExecResult } from '../../../proto/generated/weft.v1.ts'
import type { Ended, GuestAgent } from './agent.ts'

/** Of standard output and of standard error, each. */
const outputBytes = 48 * 1024

/** The path that Debian gives to root. */
const env = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', TERM: 'dumb' }

/** More than that, of 512 bytes: the unit of ulimit(1p). */
const blocks = Math.ceil((outputBytes + 1) / 512)

/**
 * Runs "$@" to its end. The agent would gather all output in its memory, and would wait for a daemon that keeps it open after the command
 * has ended: what is too much is read and thrown away, and a daemon is not waited for. cat(1) writes what it reads at once, head(1) does not.
 */
const boundedScript = `d=$(mktemp -d) && mkfifo "$d/o" "$d/e" || exit 126
take() { (ulimit -f ${blocks}; trap '' XFSZ; exec cat >"$d/$1.taken"); cat >/dev/null; : >"$d/$1.end"; }
(exec <"$d/o" >/dev/null 2>&1; take o) &
(exec <"$d/e" >/dev/null 2>&1; take e) &
cd /
"$@" </dev/null >"$d/o" 2>"$d/e"
status=$?
tries=0
until [ -e "$d/o.end" ] && [ -e "$d/e.end" ] || [ $tries -ge 10 ]; do tries=$((tries + 1)); sleep 0.05; done
cat "$d/o.taken"
cat "$d/e.taken" >&2
rm -rf "$d"
exit $status`

const firstPauseMs = 10
const longestPauseMs = 300

/** Waits for a program; undefined where its time is over before. */
const waitFor = async (agent: GuestAgent, pid: number, timeoutMs: number): Promise<Ended | undefined> => {
  const end = performance.now() + timeoutMs
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(longestPauseMs, 1.5 * pauseMs)) {
    const ended = await agent.status(pid)
    if (ended) return ended
    const left = end - performance.now()
    if (left <= 0) return undefined
    await sleep(Math.min(pauseMs, left))
  }
}

/** As its own session, so that all of it can be killed; process ids stay, since nothing is forked on the way. By its path: busybox would take itself for `sh`. */
const inSession = (script: string, words: readonly string[]): readonly string[] => [
  '-c',
  'exec setsid /bin/sh -c "$@"',
  'sh',
  script,
  'sh',
  ...words,
]

const killTimeoutMs = 60_000

/** @param target a process id; with a minus before it, all of the session's */
const killInGuest = async (agent: GuestAgent, target: number): Promise<void> => {
  // Without `--`, which some shells do not know.
  const killer = await agent.start({ path: '/bin/sh', words: ['-c', `kill -KILL ${target}`], env })
  await waitFor(agent, killer, killTimeoutMs)
}

/** The argv is no shell's. Throws call.timeout, hypervisor.failed where the guest does not answer. */
export const execInGuest = async (
  agent: GuestAgent,
  argv: readonly string[],
  timeoutMs: number,
): Promise<ExecResult> => {
  const pid = await agent.start({ path: '/bin/sh', words: inSession(boundedScript, argv), env })
  const ended = await waitFor(agent, pid, timeoutMs)
  if (!ended) {
    await killInGuest(agent, -pid)
    throw new WeftError('call.timeout', `the command did not end within ${timeoutMs} ms and was killed`)
  }
  const { exitStatus, stdout, stderr } = ended
  return create('ExecResult', {
    exitStatus,
    stdout: stdout.subarray(0, outputBytes),
    stderr: stderr.subarray(0, outputBytes),
    truncated: stdout.length > outputBytes || stderr.length > outputBytes,
  })
}

/** Most time of a script of our own. */
const scriptTimeoutMs = 300_000

/** Runs one of our own scripts, of any length, in one shell. Throws hypervisor.failed with its words where it fails. */
export const runScript = async (agent: GuestAgent, what: string, script: string): Promise<void> => {
  const pid = await agent.start({ path: '/bin/sh', words: ['-s'], env, input: Buffer.from(script) })
  const ended = await waitFor(agent, pid, scriptTimeoutMs)
  if (!ended) await killInGuest(agent, pid)
  if (ended?.exitStatus === 0) return
  const said = Buffer.from(ended?.stderr ?? [])
    .toString()
    .trim()
    .replace(/\s*\n\s*/g, '; ')
  const why = ended ? said || `exit status ${ended.exitStatus}` : 'it did not end'
  throw new WeftError('hypervisor.failed', `inside the guest, ${what}: ${why.slice(0, 500)}`)
}
