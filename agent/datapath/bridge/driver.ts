/**
 * The data path `bridge`: each link is a Linux bridge of two ports (a wire), a tunnel device where the other end is on another host, and
 * queueing disciplines that keep its rates. Nothing is remembered outside the kernel: marks say whose an interface is.
 */
import { WeftError } from '../../../proto/errors.ts'
import { openRoute, type RouteSocket } from '../../netlink/route.ts'
import type { DatapathDriver } from '../driver.ts'
import { isNic, speedReader } from '../nics.ts'
import { openWatch, type Watch } from '../watch.ts'
import { applyStep } from './apply.ts'
import { deleter } from './deletion.ts'
import { blocks } from './isolation.ts'
import { planLinks } from './plan.ts'
import { probeBridge } from './probe.ts'
import { type BridgeSnapshot, readKernel, snapshotOf } from './snapshot.ts'
import { underlayKeeper } from './underlay-apply.ts'

export interface BridgeDriverOptions {
  /** Path of the network namespace that is Dom0's; the process's own without it. */
  readonly namespace?: string
  /** Bits per second of NICs, by name, where the driver's word for it is wrong or missing. */
  readonly nicRates?: Readonly<Record<string, number>>
}

export const bridgeDriver = ({ namespace, nicRates = {} }: BridgeDriverOptions = {}): DatapathDriver => {
  const open = (): RouteSocket => openRoute({ namespace })
  const speeds = speedReader({ namespace })
  const watches = new Set<Watch>()
  let socket: RouteSocket | undefined

  /** Opened when it is first needed, and anew after it broke. */
  const route = (): RouteSocket => {
    if (socket === undefined || socket.closed) socket = open()
    return socket
  }
  const keeper = underlayKeeper(route)
  const deletions = deleter(route)

  const rates = async (interfaces: BridgeSnapshot['interfaces']): Promise<ReadonlyMap<string, number>> => {
    const nics = interfaces.filter(isNic)
    const read = await Promise.all(
      nics.map(async (nic) => [nic.name, nicRates[nic.name] ?? (await speeds.speed(nic))] as const),
    )
    return new Map(read.filter(([, rate]) => rate > 0))
  }

  return {
    name: 'bridge',

    probe: async () => {
      let opened: RouteSocket | undefined
      const answer = await probeBridge(() => {
        opened = open()
        return opened
      })
      opened?.close()
      return answer
    },

    snapshot: async () => {
      try {
        const reading = await readKernel(route())
        return snapshotOf({ ...reading, nicRates: await rates(reading.interfaces) })
      } catch (error) {
        const message = `the kernel cannot be read: ${(error as Error).message}`
        throw new WeftError('datapath.failed', message, { cause: error })
      }
    },

    plan: (vnet, specs, snapshot) => planLinks(vnet, specs, snapshot as BridgeSnapshot),

    apply: (step) => applyStep({ route: route(), keeper, deleter: deletions }, step),

    watch: async (changed) => {
      watches.add(await openWatch({ namespace, route: route(), changed, blocks: Object.values(blocks) }))
    },

    close: async () => {
      for (const watch of watches) watch.close()
      watches.clear()
      speeds.close()
      socket?.close()
      socket = undefined
    },
  }
}
