/** What agents take while nothing happens. */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

export interface AgentCosts {
  /** Of the largest. */
  readonly residentBytes: number
  /** Of the busiest, as a share of one CPU. */
  readonly cpuShare: number
  readonly seconds: number
}

/** Kernel ticks a second as proc(5) counts them; 100 on every machine of Linux. */
const ticksPerSecond = 100

/** VmRSS of /proc/PID/status. */
export const residentBytesOf = (status: string): number => Number(/^VmRSS:\s*(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024

/** User and system time of /proc/PID/stat: fields 14 and 15, counted from the end of the name, which may hold spaces. */
export const cpuSecondsOf = (stat: string): number => {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

const read = (pid: number, file: string): string => readFileSync(`/proc/${pid}/${file}`, 'latin1')

/** Watches processes for a while. Throws ENOENT where one ends. */
export const agentCosts = async (pids: readonly number[], seconds: number): Promise<AgentCosts> => {
  const before = pids.map((pid) => cpuSecondsOf(read(pid, 'stat')))
  const began = performance.now()
  await sleep(seconds * 1000)
  const lasted = (performance.now() - began) / 1000
  const shares = pids.map((pid, position) => (cpuSecondsOf(read(pid, 'stat')) - (before[position] ?? 0)) / lasted)
  const resident = pids.map((pid) => residentBytesOf(read(pid, 'status')))
  return { residentBytes: Math.max(...resident), cpuShare: Math.max(...shares), seconds: lasted }
}
