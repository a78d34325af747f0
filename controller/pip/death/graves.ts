/**
 * What dead hosts may still have of VNets that were removed meanwhile. For everybody else such a VNet is gone; its hosts are told so as long as
 * they have not said that nothing is left, and its numbers are given to nobody.
 */
import type { Reported, Slice } from '../../../proto/generated/weft.v1.ts'
import type { Log } from '../../log.ts'
import type { Clock } from '../../roles/clock.ts'
import { createPursuit } from '../../roles/pursuit.ts'
import type { Serial } from '../../roles/serial.ts'
import type { Book } from '../book.ts'
import { absentSlice } from '../compile.ts'
import { nothingUsed } from '../holdings.ts'
import type { Hosts } from '../hosts.ts'
import type { Held, VNetRow } from '../rows.ts'
import { type Tombstone, tombstoneKey } from './rows.ts'

/** Of a VNet that is being removed, for the hosts on which it cannot be. */
export const tombstonesOf = (row: VNetRow, hosts: readonly string[]): ReadonlyMap<string, Tombstone> => {
  const { vnet, generation, version, held } = row
  const { request, segments } = version.allocation
  const macs = request.nodes.flatMap(({ interfaces }) => interfaces.map(({ mac }) => mac))
  const left = hosts.map((host): Tombstone => {
    const own = [...segments, ...(held?.segments ?? [])].filter(({ from, to }) => from === host || to === host)
    return { host, vnet, generation, segments: own, macs }
  })
  return new Map(left.map((one) => [tombstoneKey(one), one]))
}

/** What a VNet has to take over that is made under the name of one that is gone: its hosts are told of the new one. */
export const takeOver = (
  { tombstones }: Pick<Book, 'tombstones'>,
  vnet: string,
): {
  readonly hosts: readonly string[]
  readonly held: Held | undefined
  readonly change: ReadonlyMap<string, undefined>
} => {
  const own = tombstones.size === 0 ? [] : [...tombstones].filter(([, one]) => one.vnet === vnet)
  const segments = own.flatMap(([, one]) => one.segments)
  return {
    hosts: own.map(([, { host }]) => host),
    held: own.length === 0 ? undefined : { usage: nothingUsed, segments },
    change: new Map(own.map(([key]) => [key, undefined])),
  }
}

export interface GravesOptions {
  readonly book: Book
  readonly epoch: number
  readonly hosts: Pick<Hosts, 'reports'>
  readonly clock: Clock
  readonly serial: Serial
  readonly log: Log
  /** Hosts that the substrate has. */
  readonly isDeclared: (host: string) => boolean
  readonly tell: (host: string, vnet: string, slice: Slice) => void
  /** Clears what the broker holds of a VNet for a host. */
  readonly sweep: (host: string, vnet: string) => Promise<void>
  /** Called after numbers, or a host, can be had again. */
  readonly onFreed: () => void
}

export interface Graves {
  /** Tells hosts what is stored. */
  start(): Promise<void>
  /** Whether the report is about a VNet that is gone. */
  noteReport(host: string, vnet: string, report: Reported | undefined): boolean
  close(): void
}

export const createGraves = (options: GravesOptions): Graves => {
  const { book, epoch, hosts, clock, serial, log, isDeclared, tell, sweep, onFreed } = options

  const isGone = ({ host, vnet, generation }: Tombstone): boolean => {
    const report = hosts.reports(vnet).get(host)
    return report?.phase === 'PHASE_GONE' && report.generation === generation && report.epoch === epoch
  }

  /** First the broker: until the row is deleted it can be done again. */
  const settle = async (key: string): Promise<boolean> => {
    const one = book.tombstones.get(key)
    if (!one || !isGone(one)) return true
    await sweep(one.host, one.vnet)
    const isOver = await serial(async () => {
      // A VNet of that name may have taken it over meanwhile.
      if (book.tombstones.get(key) !== one) return false
      await book.save({ tombstones: new Map([[key, undefined]]) })
      return true
    })
    if (!isOver) return true
    log.info({ host: one.host, vnet: one.vnet }, 'nothing is left of it on the host')
    onFreed()
    return true
  }
  const pursuit = createPursuit({
    clock,
    work: settle,
    onError: (key, error) => log.error({ tombstone: key, err: error }, 'settling failed'),
  })

  return {
    start: async () => {
      // A host that is declared no more is not waited for; what the broker holds for it stays there.
      const abandoned = [...book.tombstones].filter(([, { host }]) => !isDeclared(host))
      if (abandoned.length > 0) {
        await serial(() => book.save({ tombstones: new Map(abandoned.map(([key]) => [key, undefined])) }))
        log.warn(
          { tombstones: abandoned.map(([key]) => key) },
          'not waited for any more: the substrate has no such host',
        )
      }
      for (const { host, vnet, generation } of book.tombstones.values())
        tell(host, vnet, absentSlice(vnet, generation, epoch))
    },
    noteReport: (host, vnet, report) => {
      const key = tombstoneKey({ host, vnet })
      if (!book.tombstones.has(key)) return false
      if (report) void pursuit.pursue(key)
      return true
    },
    close: pursuit.close,
  }
}
