/** Ends a lab by force and proves that nothing of it is left; works from what the lab left on disk and in its control group alone. */
import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { WeftError } from '../proto/errors.ts'
import { groupDirectories, groupProcesses, killGroup, machineHierarchies, removeGroup } from './cgroup.ts'
import { bootId, identify, isAlive, signal, ticksNow, until } from './processes.ts'
import {
  claimLabDirectory,
  forgetLabState,
  type LabState,
  labBase,
  labDirectory,
  readLabState,
  supervisorLives,
} from './state.ts'

export interface RemoveOptions {
  /** Leaves the directory with logs/ in it. */
  readonly keepLogs?: boolean
}

/**
 * Kills what is in the lab's control group: process 1 of every host is, and the kernel ends all others of its process namespace with
 * it, domains and daemons too, before their namespaces and mounts. Then removes groups and files. Throws lab.leftover.
 */
export const removeLab = async (state: LabState, directory: string, options: RemoveOptions = {}): Promise<void> => {
  const hierarchies = machineHierarchies()
  const sameBoot = state.bootId === bootId()
  const since = ticksNow()
  await killGroup(hierarchies, state.group)
  if (sameBoot) {
    for (const { identity } of state.held) signal(identity, 'SIGKILL')
    await until(() => state.held.every(({ identity }) => !isAlive(identity)), 10_000)
  }
  await removeGroup(hierarchies, state.group)
  const left = () => leftovers(state, directory, since)
  await until(() => left().length === 0, 5000, 50)
  const found = left()
  if (found.length > 0) {
    throw new WeftError('lab.leftover', `of lab ${state.name} is left: ${found.join(', ')}`, {
      object: `lab/${state.name}`,
      hint: `end what uses it, then: bin/weft lab down ${state.name}`,
    })
  }
  // Somebody else may have removed what a crashed lab left.
  for (const entry of existsSync(directory) ? readdirSync(directory) : []) {
    if (!(options.keepLogs && entry === 'logs')) rmSync(join(directory, entry), { recursive: true, force: true })
  }
  forgetLabState(directory)
  if (!options.keepLogs) rmSync(directory, { recursive: true, force: true })
}

/**
 * What of a lab is on the machine besides its files: processes, namespaces, mounts, control groups; a line each. A process that was born after
 * the lab began to end, `before` ticks since boot, is no one's of it: the kernel gives the number of a namespace that is gone to the next one.
 */
export const leftovers = (state: LabState, directory: string, before = Number.POSITIVE_INFINITY): readonly string[] => {
  const hierarchies = machineHierarchies()
  const known = new Map(state.held.flatMap(({ name, namespaces }) => namespaces.map((namespace) => [namespace, name])))
  const processes = new Set(groupProcesses(hierarchies, state.group))
  const inNamespaces: string[] = []
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry)
    const identity = Number.isInteger(pid) ? identify(pid) : undefined
    if (!identity || identity.startTicks > before) continue
    for (const kind of ['net', 'pid', 'mnt', 'uts', 'cgroup']) {
      const host = known.get(namespaceOf(pid, kind))
      if (host && state.bootId === bootId()) {
        inNamespaces.push(`process ${pid} in the namespace ${kind} of ${host}`)
        break
      }
    }
  }
  return [
    ...[...processes].map((pid) => `process ${pid}`),
    ...inNamespaces,
    ...mountsBelow(readFileSync('/proc/self/mountinfo', 'utf8'), directory).map((mount) => `mount ${mount}`),
    ...groupDirectories(hierarchies, state.group).map((group) => `control group ${group}`),
  ]
}

const namespaceOf = (pid: number, kind: string): string => {
  try {
    return readlinkSync(`/proc/${pid}/ns/${kind}`)
  } catch {
    return ''
  }
}

/** Mount points at or below a directory, or of namespace files; field 5 of a line is the mount point (proc(5)). */
export const mountsBelow = (mountinfo: string, directory: string): readonly string[] =>
  mountinfo
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((point) => point === directory || point.startsWith(`${directory}/`))

/** Asks the lab's supervisor to end it, and ends it itself where the supervisor is dead or does not. Throws lab.unknown, lab.leftover. */
export const endLab = async (name: string, base = labBase(), timeoutMs = 60_000): Promise<void> => {
  const directory = labDirectory(name, base)
  const state = readLabState(directory)
  if (!state) throw new WeftError('lab.unknown', `there is no lab ${name}`, { object: `lab/${name}` })
  if (supervisorLives(state) && state.supervisor.pid !== process.pid) {
    signal(state.supervisor, 'SIGTERM')
    await until(() => !readLabState(directory) || !supervisorLives(state), timeoutMs, 50)
    if (supervisorLives(state) && readLabState(directory)) signal(state.supervisor, 'SIGKILL')
  }
  // Of its last moment: it may have started more since.
  const last = readLabState(directory)
  if (last) await removeLab(last, directory)
}

/** Takes a lab's name; what a crashed lab of that name left is removed first. Throws lab.exists, lab.leftover. */
export const claimLab = async (state: LabState, directory: string): Promise<void> => {
  if (claimLabDirectory(directory, state)) return
  const former = readLabState(directory)
  if (former && supervisorLives(former)) {
    throw new WeftError('lab.exists', `lab ${state.name} runs already, started by process ${former.supervisor.pid}`, {
      object: `lab/${state.name}`,
      hint: `end it with: bin/weft lab down ${state.name}`,
    })
  }
  if (former) await removeLab(former, directory)
  else rmSync(directory, { recursive: true, force: true })
  if (!claimLabDirectory(directory, state)) {
    throw new WeftError('lab.exists', `lab ${state.name} was started by another process at this moment`)
  }
}
