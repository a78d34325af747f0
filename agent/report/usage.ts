/** What of this host is in use now (host/{h}/usage), from /proc. proc(5) */
import { readFile, statfs } from 'node:fs/promises'
import { create } from '../../proto/codec.ts'
import type { HostUsage } from '../../proto/generated/weft.v1.ts'
import type { InterfaceCounters } from '../interfaces.ts'

export interface UsageOptions {
  /** On the file system that nodes take their disks from. */
  readonly directory: string
  readonly counters: () => Promise<ReadonlyMap<string, InterfaceCounters>>
  /** Physical interfaces, by name. */
  readonly nics: () => readonly string[]
  readonly count: () => Standing
}

/** What stands on the host. */
export interface Standing {
  readonly nodes: number
  readonly links: number
  /** By the slices of these nodes. */
  readonly givenMemoryBytes: number
  readonly givenDiskBytes: number
}

export interface CpuTime {
  /** In ticks of all CPUs together. */
  readonly busy: number
  readonly all: number
  readonly cpus: number
}

/** Pure: the first line is user nice system idle iowait irq softirq steal guest guest_nice; a line `cpuN` for each CPU. */
export const parseStat = (text: string): CpuTime => {
  const [first = ''] = text.split('\n')
  const fields = first.split(/\s+/).slice(1, 9).map(Number)
  const all = fields.reduce((sum, ticks) => sum + ticks, 0)
  const idle = (fields[3] ?? 0) + (fields[4] ?? 0)
  return { busy: all - idle, all, cpus: text.match(/^cpu\d/gm)?.length ?? 1 }
}

/** Pure: thousandths of one CPU between two readings. */
export const cpuMillis = (before: CpuTime, now: CpuTime): number => {
  const all = now.all - before.all
  return all <= 0 ? 0 : Math.max(0, Math.round(((now.busy - before.busy) / all) * now.cpus * 1000))
}

/** Pure: MemAvailable of /proc/meminfo, in bytes. */
export const parseAvailable = (text: string): number => Number(/^MemAvailable:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) * 1024

/** Each reading tells the CPU time since the one before. */
export const usageReader = (options: UsageOptions): (() => Promise<HostUsage>) => {
  let before: CpuTime | undefined
  return async () => {
    const [stat, memory, disk, counters] = await Promise.all([
      readFile('/proc/stat', 'utf8').then(parseStat),
      readFile('/proc/meminfo', 'utf8').then(parseAvailable),
      statfs(options.directory),
      options.counters(),
    ])
    const millis = before ? cpuMillis(before, stat) : 0
    before = stat
    return create('HostUsage', {
      unixMs: Date.now(),
      cpuMillis: millis,
      memoryAvailableBytes: memory,
      diskAvailableBytes: disk.bavail * disk.bsize,
      ...options.count(),
      nics: options.nics().flatMap((name) => {
        const counted = counters.get(name)
        return counted ? [{ name, ...counted }] : []
      }),
    })
  }
}
