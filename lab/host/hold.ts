/**
 * A process that holds namespaces: everything started in them is its descendant in a process namespace of its own, so that the
 * kernel ends all of it when this one ends.
 */
import type { ChildProcess } from 'node:child_process'
import { closeSync, openSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { WeftError } from '../../proto/errors.ts'
import { type Hierarchy, memberFiles } from '../cgroup.ts'
import {
  childrenOf,
  ended,
  identify,
  type Output,
  type ProcessIdentity,
  type RunOptions,
  run,
  signal,
  spawnHeld,
  until,
} from '../processes.ts'

export interface Holder {
  readonly name: string
  /** Process 1 of the namespaces, as the machine sees it. */
  readonly identity: ProcessIdentity
  /** Names of its namespaces, for instance 'net:[4026532201]': to find who still is in one. */
  readonly namespaces: readonly string[]
  /** Of an emulated host, what runs a command in it, given as its arguments in these namespaces. */
  readonly inside?: readonly string[]
}

export interface HoldOptions {
  readonly name: string
  /** 'net' alone, or all that make a virtual host. */
  readonly namespaces: readonly ('net' | 'mount' | 'uts' | 'cgroup')[]
  /** Its script: prints its process id as the machine sees it, then may wait for a line before it starts what uses its group. */
  readonly script: string
  readonly env: Readonly<Record<string, string>>
  readonly hierarchies: readonly Hierarchy[]
  /** Group that it is born in. */
  readonly group: string
  /** Group of the process that waits for it, outside of it: version 2 allows none beside groups with controllers. */
  readonly outerGroup: string
  /** File for what it says on standard error. */
  readonly log: string
  readonly timeoutMs: number
}

/** Enters the groups whose files come before "--", then becomes the command after it. */
export const enterGroups = 'while [ "$1" != -- ]; do echo $$ >"$1" || exit; shift; done; shift; exec "$@"'

const firstLine = async (child: ChildProcess, timeoutMs: number): Promise<string | undefined> => {
  if (!child.stdout) return undefined
  const lines = createInterface({ input: child.stdout })
  let timer: NodeJS.Timeout | undefined
  try {
    return await new Promise((resolve) => {
      timer = setTimeout(() => resolve(undefined), timeoutMs)
      lines.once('line', resolve)
      lines.once('close', () => resolve(undefined))
    })
  } finally {
    clearTimeout(timer)
    lines.close()
    child.stdout.destroy()
  }
}

/** Starts one. Throws lab.failed with the last words of its log. */
export const hold = async (options: HoldOptions): Promise<Holder> => {
  const { name, group, hierarchies } = options
  const log = openSync(options.log, 'a')
  const argv = ['sh', '-c', enterGroups, 'hold', ...memberFiles(hierarchies, group), '--']
  const flags = options.namespaces.map((namespace) => `--${namespace}`)
  const child = spawnHeld([...argv, 'unshare', ...flags, '--pid', '--fork', '--kill-child', 'sh', options.script], {
    stdio: ['pipe', 'pipe', log],
    env: { PATH: process.env['PATH'] ?? '', ...options.env },
  })
  closeSync(log)
  const failed = new Promise<string>((resolve) => child.once('error', (error) => resolve(error.message)))
  const said = await Promise.race([firstLine(child, options.timeoutMs), failed])
  const identity = said && /^\d+$/.test(said) ? identify(Number(said)) : undefined
  if (!identity) {
    child.kill('SIGKILL')
    const words = readFileSync(options.log, 'utf8').trim().split('\n').slice(-3).join('; ')
    throw new WeftError('lab.failed', `${name} did not start: ${words || said || 'it said nothing'}`, {
      object: `host/${name}`,
    })
  }
  if (hierarchies.some(({ version }) => version === 2)) {
    for (const file of memberFiles(hierarchies, options.outerGroup)) writeFileSync(file, String(child.pid))
  }
  // It goes on; a script that does not wait for that has closed its input already.
  child.stdin?.on('error', () => undefined).end('\n')
  child.unref()
  const kinds = ['net', 'pid', ...(options.namespaces.includes('mount') ? ['mnt', 'uts', 'cgroup'] : [])]
  return { name, identity, namespaces: kinds.map((kind) => readlinkSync(`/proc/${identity.pid}/ns/${kind}`)) }
}

/** Command line that runs another in all namespaces of a holder. nsenter(1) */
export const entering = (holder: Holder, argv: readonly string[]): readonly string[] => [
  'nsenter',
  '--target',
  String(holder.identity.pid),
  '--all',
  ...argv,
]

/** Runs a command in the namespaces of a holder, to its end. */
export const runIn = (holder: Holder, argv: readonly string[], options: RunOptions = {}): Promise<Output> =>
  run(entering(holder, ['--', ...argv]), options)

/** A command that goes on in the namespaces of a holder. */
export interface HeldProcess {
  /** The command itself, as the machine sees it. */
  readonly identity: ProcessIdentity
  /** Exit status, or the name of the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals>
  /** False where it has ended already. */
  kill(name: NodeJS.Signals): boolean
}

/** Starts a command in the namespaces of a holder, its output appended to a file. It ends with the holder at the latest. */
export const spawnIn = async (
  holder: Holder,
  argv: readonly string[],
  logFile: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<HeldProcess> => {
  const log = openSync(logFile, 'a')
  const child = spawnHeld(entering(holder, ['--', ...argv]), { stdio: ['ignore', log, log], env, cwd: '/' })
  closeSync(log)
  const exited = ended(child)
  let failure: Error | undefined
  child.once('error', (error) => {
    failure = error
  })
  // nsenter(1) enters the process namespace by forking: what it forks is the command.
  let identity: ProcessIdentity | undefined
  await until(() => {
    identity = child.pid === undefined ? undefined : childrenOf(child.pid)[0]
    return identity !== undefined || failure !== undefined || child.exitCode !== null
  }, 20_000)
  if (!identity) {
    throw new WeftError('lab.failed', `${argv.join(' ')} did not start: ${failure?.message ?? `see ${logFile}`}`, {
      object: `host/${holder.name}`,
    })
  }
  const command = identity
  return { identity: command, exited, kill: (name) => signal(command, name) }
}
