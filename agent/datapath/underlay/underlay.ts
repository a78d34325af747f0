/**
 * The NICs that links between hosts leave by, of one Dom0, and the readings of the kernel: what both data paths share. It is made where the drivers are made, and given
 * to both.
 */
import type { Link } from '../../netlink/link/link.ts'
import { type LinkTable, openLinkTable } from '../../netlink/link/table.ts'
import { openRoute, type RouteSocket } from '../../netlink/route.ts'
import { share } from '../../share.ts'
import type { SnapshotOptions } from '../driver.ts'
import { tryNetem } from '../netem-probe.ts'
import { isNic, speedReader } from '../nics.ts'
import { type UnderlayKeeper, underlayKeeper } from './keeper.ts'
import { readTraffic, type TrafficReading } from './reading.ts'

export interface UnderlayOptions {
  /** Path of the network namespace that is Dom0's; the process's own without it. */
  readonly namespace?: string | undefined
  /** Bits per second of NICs, by name, where the driver's word for it is wrong or missing. */
  readonly nicRates?: Readonly<Record<string, number>>
}

export interface Underlay extends UnderlayKeeper {
  /** All interfaces as they are. Rejects with NetlinkError. */
  links(options?: SnapshotOptions): Promise<readonly Link[]>
  /** Queueing as it is; who asks at the same time shares a reading. Rejects with NetlinkError. */
  traffic(): Promise<TrafficReading>
  /** Bits per second of NICs, by name; those of which nobody knows are left out. */
  rates(interfaces: readonly Link[]): Promise<ReadonlyMap<string, number>>
  /** Why the kernel emulates no lines (netem); undefined where it does. Tried once. */
  noNetem(): Promise<string | undefined>
  /** Whether a change that the kernel announced was made by this. */
  isOwn(portId: number): boolean
  /** Lets go of sockets, which are opened anew where they are needed. Idempotent. */
  close(): void
}

export const openUnderlay = ({ namespace, nicRates = {} }: UnderlayOptions = {}): Underlay => {
  let socket: RouteSocket | undefined
  let netem: Promise<string | undefined> | undefined
  let speeds: ReturnType<typeof speedReader> | undefined

  let table: LinkTable | undefined

  const route = (): RouteSocket => {
    if (socket === undefined || socket.closed) socket = openRoute({ namespace })
    return socket
  }

  return {
    ...underlayKeeper(route),

    links: (options) => {
      if (table === undefined || table.closed) table = openLinkTable({ namespace })
      return table.read(options)
    },

    traffic: share(() => readTraffic(route())),

    rates: async (interfaces) => {
      speeds ??= speedReader({ namespace })
      const reader = speeds
      const read = await Promise.all(
        interfaces
          .filter(isNic)
          .map(async (nic) => [nic.name, nicRates[nic.name] ?? (await reader.speed(nic))] as const),
      )
      return new Map(read.filter(([, rate]) => rate > 0))
    },

    noNetem: () => {
      netem ??= tryNetem(route()).catch((error: unknown) => {
        netem = undefined
        throw error
      })
      return netem
    },

    isOwn: (portId) => socket?.portId === portId,

    close: () => {
      speeds?.close()
      speeds = undefined
      table?.close()
      table = undefined
      socket?.close()
      socket = undefined
    },
  }
}
