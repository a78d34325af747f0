/**
 * The NICs that links between hosts leave by, of one Dom0, and the readings of the kernel: what both data paths share. It is made where the drivers are made, and given
 * to both.
 */

import type { Link } from '../../netlink/link/link.ts'
import { type LinkTable, openLinkTable } from '../../netlink/link/table.ts'
import { openRoute, type RouteSocket } from '../../netlink/route.ts'
import { type KeptCopy, keepCopy } from '../../netlink/socket/copy.ts'
import { routeGroup } from '../../netlink/socket/monitor.ts'
import { dumpQdiscs } from '../../netlink/traffic/qdisc.ts'
import { type Addresses, readAddresses } from '../addresses.ts'
import type { SnapshotOptions } from '../driver.ts'
import { type InterfaceOrder, type Interfaces, interfaceOrder } from '../interfaces.ts'
import { tryNetem } from '../netem-probe.ts'
import { isNic, speedReader } from '../nics.ts'
import { type UnderlayKeeper, underlayKeeper } from './keeper.ts'
import type { NicRate } from './plan.ts'
import { type Traffic, trafficCopy } from './reading.ts'

export interface UnderlayOptions {
  /** Path of the network namespace that is Dom0's; the process's own without it. */
  readonly namespace?: string | undefined
  /** Bits per second of NICs, by name, where the driver's word for it is wrong or missing. */
  readonly nicRates?: Readonly<Record<string, number>>
}

export interface KernelReading {
  readonly interfaces: Interfaces
  readonly traffic: Traffic
  readonly addresses: Addresses
}

export interface Underlay extends UnderlayKeeper {
  /** What all links share, as it is; who asks at the same time shares a reading. Rejects with NetlinkError. */
  read(options?: SnapshotOptions): Promise<KernelReading>
  /** Of NICs among these interfaces, by name; those of which nobody knows are left out. */
  rates(interfaces: readonly Link[]): Promise<ReadonlyMap<string, NicRate>>
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

  let table: { readonly links: LinkTable; readonly order: InterfaceOrder } | undefined
  let copy: KeptCopy<Traffic> | undefined

  const route = (): RouteSocket => {
    if (socket === undefined || socket.closed) socket = openRoute({ namespace })
    return socket
  }

  /** Opened when they are first needed, and anew after they broke. */
  const interfaces = () => {
    if (table === undefined || table.links.closed) {
      const order = interfaceOrder()
      table = { order, links: openLinkTable({ namespace, changed: order.change }) }
    }
    return table
  }
  const traffic = (): KeptCopy<Traffic> => {
    if (copy === undefined || copy.closed) {
      const groups = [routeGroup.link, routeGroup.traffic]
      copy = keepCopy({ namespace, groups, dumps: [dumpQdiscs()], begin: trafficCopy })
    }
    return copy
  }

  return {
    ...underlayKeeper(route),

    read: async ({ thorough } = {}) => {
      const { links, order } = interfaces()
      const [, seen] = await Promise.all([links.refresh({ thorough }), traffic().read({ thorough })])
      const now = order.moment()
      return { interfaces: now, traffic: seen, addresses: await readAddresses(route(), now) }
    },

    rates: async (interfaces) => {
      speeds ??= speedReader({ namespace })
      const reader = speeds
      const read = await Promise.all(
        interfaces.filter(isNic).map(async (nic) => {
          const configured = nicRates[nic.name]
          const bitsPerSecond = configured ?? (await reader.speed(nic))
          return [nic.name, { bitsPerSecond, isConfigured: configured !== undefined }] as const
        }),
      )
      return new Map(read.filter(([, { bitsPerSecond }]) => bitsPerSecond > 0))
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
      table?.links.close()
      table = undefined
      copy?.close()
      copy = undefined
      socket?.close()
      socket = undefined
    },
  }
}
