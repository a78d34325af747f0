/** What tests could leave on a machine: read before and after, and compared. */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** Each entry is a sentence about one thing. */
export type MachineState = ReadonlySet<string>

const namespaceDirectory = '/run/netns'

const namesIn = (directory: string): string[] => {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

const textOf = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** Daemons that labs and tests start; a process is told from another with its number by its start time. */
const daemons = /^(libvirtd|virtlogd|libvirt_lxc|qemu-system-.*|mosquitto|bird|iperf3|tcpdump)$/

const processes = (): string[] =>
  namesIn('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      const stat = textOf(`/proc/${pid}/stat`)
      const command = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'))
      if (!daemons.test(command)) return []
      const startTime = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
      return [`process ${pid} ${command}, started at ${startTime}`]
    })

/** Namespaces of processes beyond our own, by the number of their inode. */
const networkNamespaces = (): string[] => {
  const seen = new Set<string>()
  for (const pid of namesIn('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      seen.add(readlinkSync(`/proc/${pid}/ns/net`))
    } catch {
      // The process went, or is the kernel's.
    }
  }
  return [...seen].map((namespace) => `network namespace ${namespace} of a process`)
}

const controlGroups = (): string[] =>
  namesIn('/sys/fs/cgroup').flatMap((controller) => [
    ...namesIn(`/sys/fs/cgroup/${controller}/machine`).flatMap((name) =>
      /^(lxc|qemu)-/.test(name) ? [`control group ${controller}/machine/${name}`] : [],
    ),
    // Of a lab; with version 2 alone, `controller` is such a group itself.
    ...[controller, ...namesIn(`/sys/fs/cgroup/${controller}`)].flatMap((name) =>
      name.startsWith('weft-lab-') ? [`control group ${name}`] : [],
    ),
  ])

export const machineState = (): MachineState =>
  new Set([
    ...namesIn(namespaceDirectory).map((name) => `network namespace ${name}`),
    ...namesIn('/sys/class/net').map((name) => `interface ${name}`),
    ...textOf('/proc/self/mounts')
      .split('\n')
      .filter(Boolean)
      .map((line) => `mount ${line.split(' ')[1]}`),
    ...processes(),
    ...networkNamespaces(),
    ...controlGroups(),
  ])

/**
 * ip-netns(8) mounts the directory of its names on itself as it makes the first, and leaves it so for good: where it was not before, and there is no
 * name in it any more, it is taken away again.
 */
export const releaseNamespaceDirectory = (before: MachineState): void => {
  const mount = `mount ${namespaceDirectory}`
  if (before.has(mount) || !machineState().has(mount) || namesIn(namespaceDirectory).length > 0) return
  spawnSync('umount', [namespaceDirectory])
}

/** What is there now and was not before. */
export const left = (before: MachineState, after: MachineState): string[] =>
  [...after].filter((thing) => !before.has(thing)).sort()
