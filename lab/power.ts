/** A virtual host whose power goes. */
import { readFileSync } from 'node:fs'
import { WeftError } from '../proto/errors.ts'
import { type Hierarchy, killGroup, removeGroup } from './cgroup.ts'
import type { Holder } from './host/hold.ts'
import { signal, until } from './processes.ts'

export interface PowerOff {
  readonly holder: Holder
  readonly hierarchies: readonly Hierarchy[]
  /** Group of the host. */
  readonly group: string
  /** Far ends of its wires, each with a process in its network namespace: they go with the host's own. */
  readonly ports: readonly { readonly pid: number; readonly name: string }[]
  readonly timeoutMs: number
}

/**
 * Kills process 1 of a host, and with it all that runs there; settles when nothing of it is left but its files. Idempotent, and the same where somebody
 * else has killed it. Throws lab.failed.
 */
export const powerOff = async ({ holder, hierarchies, group, ports, timeoutMs }: PowerOff): Promise<void> => {
  signal(holder.identity, 'SIGKILL')
  const ended = await killGroup(hierarchies, group, timeoutMs)
  const removed = await removeGroup(hierarchies, group, timeoutMs)
  // The kernel takes a network namespace down a while after its last process.
  const unplugged = await until(() => !ports.some(({ pid, name }) => hasInterface(pid, name)), timeoutMs, 50)
  if (ended && removed && unplugged) return
  const left = !ended ? 'processes' : !removed ? 'control groups' : 'wires'
  throw new WeftError('lab.failed', `${left} of ${holder.name} outlive it`, { object: `host/${holder.name}` })
}

/** By /proc/PID/net/dev, which lists the interfaces of that process's network namespace (proc(5)). */
const hasInterface = (pid: number, name: string): boolean => {
  try {
    return readFileSync(`/proc/${pid}/net/dev`, 'latin1')
      .split('\n')
      .some((line) => line.trimStart().startsWith(`${name}:`))
  } catch {
    return false
  }
}
