/**
 * Control groups of a lab: `weft-lab-LAB/HOST` in every hierarchy of the machine. Whatever a host starts is born in its group and
 * cannot leave it, so that the group, not a list of process ids, says what has to end. cgroups(7)
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { until } from './processes.ts'

export interface Hierarchy {
  /** Where the machine has it mounted. */
  readonly path: string
  readonly version: 1 | 2
  /** As mount(8) takes them, to mount the same hierarchy elsewhere. */
  readonly options: string
}

const generic = /^(rw|ro|nosuid|nodev|noexec|relatime|noatime|seclabel|xattr|release_agent=.*|clone_children)$/

/**
 * The hierarchies in the text of /proc/self/mounts. Where version 1 has controllers, version 2 has none that libvirt could use
 * (hybrid set-up) and is left out.
 */
export const parseHierarchies = (mounts: string): readonly Hierarchy[] => {
  const v1 = new Map<string, Hierarchy>()
  let v2: Hierarchy | undefined
  for (const line of mounts.split('\n')) {
    const [, path = '', type, flags = ''] = line.split(' ')
    if (type === 'cgroup2') v2 ??= { path, version: 2, options: '' }
    if (type !== 'cgroup') continue
    const own = flags.split(',').filter((flag) => !generic.test(flag))
    const options = (own.some((flag) => flag.startsWith('name=')) ? ['none', ...own] : own).join(',')
    if (!v1.has(options)) v1.set(options, { path, version: 1, options })
  }
  return v1.size > 0 ? [...v1.values()] : v2 ? [v2] : []
}

export const machineHierarchies = (): readonly Hierarchy[] =>
  parseHierarchies(readFileSync('/proc/self/mounts', 'utf8'))

/** What init.sh mounts: lines "directory type options"; "." as directory is /sys/fs/cgroup itself. */
export const mountLines = (hierarchies: readonly Hierarchy[]): string =>
  hierarchies.map((h) => (h.version === 2 ? '. cgroup2 -' : `${basename(h.path)} cgroup ${h.options}`)).join('\n')

const copyCpuset = (parent: string, directory: string): void => {
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    if (existsSync(join(directory, file))) writeFileSync(join(directory, file), readFileSync(join(parent, file)))
  }
}

/** Makes a group in every hierarchy, its parents too, with all that the parents may use. `name` is relative: a/b/c. */
export const createGroup = (hierarchies: readonly Hierarchy[], name: string): void => {
  for (const { path, version } of hierarchies) {
    let directory = path
    for (const level of name.split('/')) {
      const parent = directory
      directory = join(parent, level)
      if (version === 2) enableControllers(parent)
      mkdirSync(directory, { recursive: true })
      // A new group of version 1's cpuset has no CPU at all, and nothing can enter it.
      if (version === 1) copyCpuset(parent, directory)
    }
  }
}

const enableControllers = (directory: string): void => {
  for (const controller of readFileSync(join(directory, 'cgroup.controllers'), 'utf8').trim().split(' ')) {
    try {
      writeFileSync(join(directory, 'cgroup.subtree_control'), `+${controller}`)
    } catch {
      // One that cannot be delegated (realtime processes hold `cpu`, for instance): libvirt says what it lacks.
    }
  }
}

/** Files to write a process id to, so that it enters the group in every hierarchy. */
export const memberFiles = (hierarchies: readonly Hierarchy[], name: string): readonly string[] =>
  hierarchies.map(({ path }) => join(path, name, 'cgroup.procs'))

const tree = (directory: string): readonly string[] => {
  try {
    const below = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory())
    return [...below.flatMap((entry) => tree(join(directory, entry.name))), directory]
  } catch {
    return []
  }
}

/** Directories of the group and of all groups below it, the deepest first. */
export const groupDirectories = (hierarchies: readonly Hierarchy[], name: string): readonly string[] =>
  hierarchies.flatMap(({ path }) => tree(join(path, name)))

/** Every process in the group or below it. */
export const groupProcesses = (hierarchies: readonly Hierarchy[], name: string): ReadonlySet<number> => {
  const pids = new Set<number>()
  for (const directory of groupDirectories(hierarchies, name)) {
    try {
      for (const line of readFileSync(join(directory, 'cgroup.procs'), 'latin1').split('\n')) {
        if (Number(line) > 0) pids.add(Number(line))
      }
    } catch {
      // The group ended between the listing and the reading.
    }
  }
  return pids
}

/** Kills what is in the group until nothing is. False where something outlives `timeoutMs`. */
export const killGroup = (hierarchies: readonly Hierarchy[], name: string, timeoutMs = 20_000): Promise<boolean> =>
  until(() => {
    const pids = groupProcesses(hierarchies, name)
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // It ended by itself.
      }
    }
    return pids.size === 0
  }, timeoutMs)

/** Removes the group and all below it. False where something of it stays for `timeoutMs`. */
export const removeGroup = (hierarchies: readonly Hierarchy[], name: string, timeoutMs = 5000): Promise<boolean> =>
  until(() => {
    for (const directory of groupDirectories(hierarchies, name)) {
      try {
        rmdirSync(directory)
      } catch {
        // Busy for a moment after its last process ended.
      }
    }
    return groupDirectories(hierarchies, name).length === 0
  }, timeoutMs)

/**
 * Removes what labs left that crashed and whose files are gone as well: groups of that prefix, at the top, without any process. One that was
 * made within the last minute may be of a lab that starts just now.
 */
export const removeAbandonedGroups = async (hierarchies: readonly Hierarchy[], prefix: string): Promise<void> => {
  const names = new Set(
    hierarchies.flatMap(({ path }) =>
      readdirSync(path).filter((name) => name.startsWith(prefix) && isOld(join(path, name))),
    ),
  )
  for (const name of names) {
    if (groupProcesses(hierarchies, name).size === 0) await removeGroup(hierarchies, name, 0)
  }
}

const isOld = (directory: string): boolean => {
  try {
    return Date.now() - statSync(directory).mtimeMs > 60_000
  } catch {
    return false
  }
}
