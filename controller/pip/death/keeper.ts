/**
 * Hosts that are gone, all of it joined: they are taken for dead (away.ts, or the operator), made certain to be off (fencing.ts), what they carried
 * is decided anew (recover.ts, graves.ts), and what comes back is told what is still its own (boots.ts).
 */
import type { Init } from '../../../proto/codec.ts'
import { WeftError, type WireError } from '../../../proto/errors.ts'
import type { FenceHost, HostEntry, Reported, Slice } from '../../../proto/generated/weft.v1.ts'
import type { Log } from '../../log.ts'
import type { Mapper } from '../../mapper/mapper.ts'
import type { Clock } from '../../roles/clock.ts'
import { createCoalescer } from '../../roles/coalesce.ts'
import type { Serial } from '../../roles/serial.ts'
import type { Admission } from '../admit.ts'
import type { VNetRow } from '../rows.ts'
import { createAway } from './away.ts'
import { createBoots } from './boots.ts'
import type { Fence } from './command.ts'
import { createFencing } from './fencing.ts'
import { createGraves } from './graves.ts'
import { deathEntry } from './list.ts'
import { createRecovering } from './recover.ts'

export interface DeathOptions {
  /** Name of the PIP. */
  readonly name: string
  readonly admission: Admission
  readonly mapper: Mapper
  readonly epoch: number
  readonly clock: Clock
  readonly serial: Serial
  readonly log: Log
  readonly fence: Fence | undefined
  readonly isConnected: () => boolean
  /** A VNet was decided anew. */
  readonly onDecided: (vnet: string) => void
  /** A VNet's state may be another. */
  readonly touch: (vnet: string) => void
  /** Publishes all that hosts are told of the VNet. */
  readonly publish: (row: VNetRow) => void
  /** Publishes what a host is told of a VNet that is gone. */
  readonly tell: (host: string, vnet: string, slice: Slice) => void
  readonly sweep: (host: string, vnet: string) => Promise<void>
  /** Something can be had that could not. */
  readonly onFreed: () => void
}

export interface DeathKeeper {
  /** Goes on with what is stored; what is stored of VNets was published. */
  start(): Promise<void>
  /** The connection to the broker was made anew. */
  connected(): void
  noteStatus(host: string): void
  /** Whether the report is about a VNet that is gone. */
  noteReport(host: string, vnet: string, report: Reported | undefined): boolean
  /** There may be room that was not. */
  wake(): void
  /** Why what is lost of a VNet has no place elsewhere. */
  refusalOf(vnet: string): WireError | undefined
  /** The operator takes a host for dead. Throws host.unknown, host.online, host.fencing-failed. */
  fence(request: FenceHost): Promise<void>
  entryOf(host: string): Init<HostEntry>
  close(): void
}

/** After a start all hosts tell of themselves at once: they are looked at together. */
const lookDelayMs = 20

export const createDeathKeeper = (options: DeathOptions): DeathKeeper => {
  const { admission, clock, serial, log, fence, isConnected, onDecided, touch, publish, onFreed } = options
  const { book, hosts, substrate } = admission
  const shared = { book, hosts, substrate, clock, serial, log }

  const rowsAt = (among: ReadonlySet<string>): readonly VNetRow[] =>
    [...book.vnets.values()].filter(({ version, leaving }) =>
      [...version.slices.keys(), ...leaving].some((host) => among.has(host)),
    )
  const touchAt = (among: ReadonlySet<string>): void => {
    for (const { vnet } of rowsAt(among)) touch(vnet)
  }

  const fencing = createFencing({
    ...shared,
    fence,
    onChange: (host) => {
      boots.look(host)
      looking.touch('')
      recovering.wake()
      touchAt(new Set([host]))
    },
  })
  const boots = createBoots({
    ...shared,
    isUnderWay: fencing.isUnderWay,
    onAdmitted: (admitted) => {
      for (const row of rowsAt(admitted)) {
        publish(row)
        touch(row.vnet)
      }
      onFreed()
    },
  })
  const away = createAway({
    ...shared,
    isConnected,
    onDead: (host) => {
      log.warn({ host, sinceUnixMs: away.sinceUnixMs(host) }, 'away for too long: taken for dead')
      // How it fails is told where the command is run.
      fencing.byCommand(host).catch(() => {})
    },
  })
  const looking = createCoalescer(clock, lookDelayMs, away.look)
  const recovering = createRecovering({ ...options, onDecided, onWaits: touch })
  const isDeclared = (host: string): boolean => substrate.nodes.some(({ id, kind }) => kind === 'host' && id === host)
  const graves = createGraves({ ...options, book, hosts, isDeclared })

  return {
    refusalOf: recovering.refusalOf,
    start: async () => {
      await graves.start()
      away.look()
      fencing.resume()
      recovering.wake()
    },
    connected: away.connected,
    noteStatus: (host) => {
      looking.touch('')
      if (hosts.online(host)) boots.look(host)
      else fencing.resume()
      recovering.wake()
    },
    noteReport: graves.noteReport,
    wake: recovering.wake,
    fence: async ({ host, confirmed }) => {
      const isKnown = isDeclared(host) || rowsAt(new Set([host])).length > 0
      if (!isKnown) throw new WeftError('host.unknown', `there is no host ${host}`, { object: `host/${host}` })
      await (confirmed ? fencing.byOperator(host) : fencing.byCommand(host))
    },
    entryOf: deathEntry({ book, away, fencing }),
    close: () => {
      looking.close()
      away.close()
      fencing.close()
      boots.close()
      recovering.close()
      graves.close()
    },
  }
}
