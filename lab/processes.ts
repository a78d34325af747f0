/**
 * Processes of a lab: spawned so that they end with us, named so that a reused process id is never taken for one of ours.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** A process id alone is reused after a while; with its start time it is not (within one boot of the machine). */
export interface ProcessIdentity {
  readonly pid: number
  /** Clock ticks since boot: field 22 of /proc/PID/stat (proc(5)). */
  readonly startTicks: number
}

/** undefined where there is no such process, or only its zombie. */
export const identify = (pid: number): ProcessIdentity | undefined => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The command name, in parentheses, may hold spaces: count fields from its end. The first after it is field 3, the state.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined
    return { pid, startTicks: Number(fields[19]) }
  } catch {
    return undefined
  }
}

export const isAlive = (identity: ProcessIdentity): boolean =>
  identify(identity.pid)?.startTicks === identity.startTicks

/** Children of a process, as far as they live. */
export const childrenOf = (parent: number): readonly ProcessIdentity[] =>
  readdirSync('/proc').flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return []
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'latin1')
      const [, parentField] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      const identity = Number(parentField) === parent ? identify(Number(entry)) : undefined
      return identity ? [identity] : []
    } catch {
      return []
    }
  })

/** The kernel's id of this boot: start times of another one mean nothing. */
export const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()

/**
 * Clock ticks since boot, as start times of processes are counted (USER_HZ: 100 a second on every architecture that Node runs on).
 * /proc/uptime has two digits behind the point (proc(5)); a hundred times such a number may be a little less than the whole one that it means.
 */
export const ticksNow = (): number => ticksOf(readFileSync('/proc/uptime', 'latin1'))
export const ticksOf = (uptime: string): number => Math.round(Number(uptime.split(' ')[0]) * 100)

/** Sends a signal to exactly this process, or to none. */
export const signal = (identity: ProcessIdentity, name: NodeJS.Signals): boolean => {
  if (!isAlive(identity)) return false
  try {
    return process.kill(identity.pid, name)
  } catch {
    return false
  }
}

/** True once `condition` holds; false where it does not within `timeoutMs`. */
export const until = async (condition: () => boolean, timeoutMs: number, intervalMs = 10): Promise<boolean> => {
  const end = performance.now() + timeoutMs
  while (!condition()) {
    if (performance.now() > end) return false
    await sleep(intervalMs)
  }
  return true
}

export interface HeldOptions {
  /** Descriptors or 'ignore', 'pipe' for stdin, stdout and stderr. */
  readonly stdio: readonly ['ignore' | 'pipe', number | 'ignore' | 'pipe', number | 'ignore' | 'pipe']
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
}

/**
 * Starts a process that the kernel kills when we end, however we end (prctl(2), PR_SET_PDEATHSIG), and that a Ctrl-C at our
 * terminal does not reach: ending it in order is ours.
 */
export const spawnHeld = (argv: readonly string[], options: HeldOptions): ChildProcess =>
  spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...argv], {
    stdio: [...options.stdio],
    detached: true,
    ...(options.env ? { env: options.env } : {}),
    ...(options.cwd ? { cwd: options.cwd } : {}),
  })

/** Settles with the exit status, or with the name of the signal that ended it, once the process has ended. */
export const ended = (child: ChildProcess): Promise<number | NodeJS.Signals> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve(child.signalCode ?? child.exitCode ?? 0)
    : new Promise((resolve) => child.once('exit', (code, name) => resolve(name ?? code ?? 0)))

export interface Output {
  /** 128 and above where a signal ended it, as a shell counts. */
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  /** Written to its standard input. */
  readonly input?: string
  /** Killed after that long; 60 s without it. */
  readonly timeoutMs?: number
  readonly env?: NodeJS.ProcessEnv
}

/** Runs a command to its end. Throws only where it cannot be started. */
export const run = (argv: readonly string[], options: RunOptions = {}): Promise<Output> =>
  new Promise((resolve, reject) => {
    const [command = '', ...args] = argv
    const child = spawn(command, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: options.timeoutMs ?? 60_000,
      killSignal: 'SIGKILL',
      ...(options.env ? { env: options.env } : {}),
    })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    child.once('error', reject)
    child.once('close', (code) => resolve({ status: code ?? 128, stdout, stderr }))
    // A command that does not read its input closes it: that is its right.
    child.stdin.on('error', () => undefined).end(options.input ?? '')
  })

/** Runs a command and throws an Error with its words where its status is not 0. Gives its standard output. */
export const runChecked = async (argv: readonly string[], options: RunOptions = {}): Promise<string> => {
  const { status, stdout, stderr } = await run(argv, options)
  if (status !== 0) throw new Error(`${argv.join(' ')}: ${stderr.trim() || stdout.trim() || `status ${status}`}`)
  return stdout
}
