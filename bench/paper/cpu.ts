/** The processor's time that the roles and hosts of a lab have taken: the kernel's own accounts, read before and after. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { machineHierarchies } from '../../lab/cgroup.ts'
import type { Stack } from '../../lab/stack.ts'
import { groupPrefix } from '../../lab/state.ts'
import { WeftError } from '../../proto/errors.ts'

/** Seconds of a processor since each began, or taken between two readings. */
export interface CpuSeconds {
  /** Processes of the roles by name: pip, vnp, vno. */
  readonly roles: Readonly<Record<string, number>>
  /** Whole hosts: agent, libvirtd, and whatever runs in them, guests too. */
  readonly hosts: Readonly<Record<string, number>>
  readonly agents: Readonly<Record<string, number>>
}

const read = (path: string): string => readFileSync(path, 'latin1')

/** All threads that a process has, to the nanosecond: /proc/PID/stat counts in hundredths of a second. Its first word is time on a CPU. */
const processSeconds = (pid: number): number =>
  readdirSync(`/proc/${pid}/task`).reduce((sum, thread) => {
    try {
      return sum + Number(read(`/proc/${pid}/task/${thread}/schedstat`).split(' ')[0]) / 1e9
    } catch {
      // The thread has ended since it was listed.
      return sum
    }
  }, 0)

/** A control group with all below it: cpuacct of version 1, cpu.stat of version 2. */
const groupSeconds = (group: string): number => {
  for (const { path, version, options } of machineHierarchies()) {
    if (version === 1 && options.split(',').includes('cpuacct')) {
      return Number(read(join(path, group, 'cpuacct.usage'))) / 1e9
    }
    if (version === 2) {
      const stat = read(join(path, group, 'cpu.stat'))
      return Number(/^usage_usec (\d+)$/m.exec(stat)?.[1]) / 1e6
    }
  }
  throw new WeftError('not-supported', 'no control group accounts for CPU time here (cpuacct, or version 2)')
}

/**
 * Processes that came into a host from outside, and so are in its namespaces but not in its group: its agent, and the QEMU of an emulated one.
 */
const enteredProcesses = (holder: number, group: string): readonly number[] => {
  const namespace = readlinkSync(`/proc/${holder}/ns/pid`)
  return readdirSync('/proc').flatMap((name) => {
    try {
      if (!/^\d+$/.test(name) || readlinkSync(`/proc/${name}/ns/pid`) !== namespace) return []
      return read(`/proc/${name}/cgroup`).includes(`/${group}`) ? [] : [Number(name)]
    } catch {
      // It has ended since it was listed.
      return []
    }
  })
}

/** Also of a program that the agent ran and that has just ended: what it took is lost. */
const secondsLeft = (pid: number): number => {
  try {
    return processSeconds(pid)
  } catch {
    return 0
  }
}

const hostSeconds = (holder: number, group: string): number =>
  enteredProcesses(holder, group).reduce((sum, pid) => sum + secondsLeft(pid), groupSeconds(group))

const ofEach = <T>(things: ReadonlyMap<string, T>, of: (thing: T) => number): Readonly<Record<string, number>> =>
  Object.fromEntries([...things].map(([name, thing]) => [name, of(thing)]))

/** Throws not-supported, and ENOENT where one of them has ended. */
export const readCpu = ({ roles, agents, lab }: Stack): CpuSeconds => ({
  roles: ofEach(roles, ({ identity }) => processSeconds(identity.pid)),
  hosts: ofEach(lab.hosts, ({ name, holder }) => hostSeconds(holder.identity.pid, `${groupPrefix}${lab.name}/${name}`)),
  agents: ofEach(agents, ({ identity }) => processSeconds(identity.pid)),
})

const difference = (after: Readonly<Record<string, number>>, before: Readonly<Record<string, number>>) =>
  Object.fromEntries(Object.entries(after).map(([name, seconds]) => [name, seconds - (before[name] ?? 0)]))

export const cpuBetween = (before: CpuSeconds, after: CpuSeconds): CpuSeconds => ({
  roles: difference(after.roles, before.roles),
  hosts: difference(after.hosts, before.hosts),
  agents: difference(after.agents, before.agents),
})
