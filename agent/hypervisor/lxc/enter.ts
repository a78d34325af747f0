/**
 * The way into a container: its process 1, found by what the kernel says (libvirt's own record of it lags behind a restart), and a command
 * line that runs a command in its control groups, so that its limits hold, and in all its namespaces as its own root. nsenter(1), cgroups(7)
 */
import { access, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Where each hierarchy is mounted, by controller (`cpu`, `name=systemd`), '' for version 2. Pure; mountinfo is proc(5)'s. */
export const parseHierarchies = (mountinfo: string): ReadonlyMap<string, string> => {
  const hierarchies = new Map<string, string>()
  for (const line of mountinfo.split('\n')) {
    const [front = '', back = ''] = line.split(' - ')
    const mountPoint = front.split(' ')[4] ?? ''
    const [type, , superOptions = ''] = back.split(' ')
    if (type === 'cgroup2') hierarchies.set('', mountPoint)
    if (type !== 'cgroup') continue
    const names = superOptions.split(',').filter((option) => option !== 'rw' && option !== 'ro')
    for (const name of names) hierarchies.set(name, mountPoint)
  }
  return hierarchies
}

/** Directories of a process's groups other than the root. Pure; `cgroup` is /proc/PID/cgroup. */
export const parseGroups = (cgroup: string, hierarchies: ReadonlyMap<string, string>): readonly string[] => {
  const groups = new Set<string>()
  for (const line of cgroup.split('\n')) {
    const [, controllers = '', ...rest] = line.split(':')
    const path = rest.join(':')
    const mountPoint = hierarchies.get(controllers.split(',')[0] ?? '')
    if (path !== '' && path !== '/' && mountPoint !== undefined) groups.add(join(mountPoint, path))
  }
  return [...groups]
}

/** Parent of a process. Pure; `stat` is /proc/PID/stat, whose second field may hold anything. */
export const parseParent = (stat: string): number => Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])

const isThere = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  )

/** Files that a process is moved into the container's groups by. */
const groupFiles = async (controller: number): Promise<readonly string[]> => {
  const [mountinfo, cgroup] = await Promise.all([
    readFile('/proc/self/mountinfo', 'utf8'),
    readFile(`/proc/${controller}/cgroup`, 'utf8'),
  ])
  const files = parseGroups(cgroup, parseHierarchies(mountinfo)).map((group) => join(group, 'cgroup.procs'))
  const there = await Promise.all(files.map(isThere))
  return files.filter((_, i) => there[i])
}

const childOf = async (parent: number, candidates: readonly number[]): Promise<number | undefined> => {
  const parents = await Promise.all(
    candidates.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').then(parseParent, () => 0)),
  )
  return candidates[parents.indexOf(parent)]
}

const numbers = (words: readonly string[]): readonly number[] => words.filter((word) => /^\d+$/.test(word)).map(Number)

/**
 * Process id of a container's process 1: the one child of its controller, whose process id is libvirt's id of the domain. undefined where it has
 * ended. Searched among the container's own processes, and among all where it has no groups of its own.
 */
export const initOf = async (controller: number): Promise<number | undefined> => {
  const [file] = await groupFiles(controller).catch(() => [])
  const members = file === undefined ? [] : numbers((await readFile(file, 'utf8')).split('\n'))
  return (await childOf(controller, members)) ?? childOf(controller, numbers(await readdir('/proc')))
}

/** Joins the groups whose files stand before "--", then becomes what stands after it. */
const joinGroups = 'while [ "$1" != -- ]; do echo 0 >"$1" || exit 126; shift; done; shift; exec "$@"'

const namespaces = ['--user', '--mount', '--uts', '--ipc', '--net', '--pid']

/** For what is the agent's own: in all namespaces of a container, out of its limits. */
export const enterNamespaces = (init: number, argv: readonly string[]): readonly string[] => [
  'nsenter',
  '--target',
  String(init),
  ...namespaces,
  '--',
  ...argv,
]

export const enterCommand = async (
  controller: number,
  init: number,
  argv: readonly string[],
): Promise<readonly string[]> => {
  const files = await groupFiles(controller)
  return ['/bin/sh', '-c', joinGroups, 'enter', ...files, '--', ...enterNamespaces(init, argv)]
}
