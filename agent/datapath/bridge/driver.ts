/**
 * The data path `bridge`: each link is a Linux bridge of two ports (a wire), a tunnel device where the other end is on another host, and
 * queueing disciplines that keep its rates. Nothing is remembered outside the kernel: marks say whose an interface is.
 */
import { WeftError } from '../../../proto/errors.ts'
import { openRoute, type RouteSocket } from '../../netlink/route.ts'
import type { DatapathDriver } from '../driver.ts'
import type { Interfaces } from '../interfaces.ts'
import { openUnderlay, type Underlay } from '../underlay/underlay.ts'
import { openWatch, type Watch } from '../watch.ts'
import { applyStep } from './apply.ts'
import { linkCounters } from './counters.ts'
import { deleter } from './deletion.ts'
import { blocks } from './isolation.ts'
import { planLinks } from './plan.ts'
import { probeBridge } from './probe.ts'
import { type BridgeSnapshot, readKernel, snapshotOf, usesOf } from './snapshot.ts'

export interface BridgeDriverOptions {
  /** Path of the network namespace that is Dom0's; the process's own without it. */
  readonly namespace?: string
  /** What it shares with the other data path of that Dom0; one of its own without it. */
  readonly underlay?: Underlay
}

/** VNets of the links that a NIC is given to. */
const holdersOf = (nic: string, { holders, marks, ports, byName }: Interfaces): readonly string[] => {
  const bridge = holders.get(nic) ?? ''
  const shares = ports.get(byName.get(bridge)?.index ?? -1) ?? []
  return [bridge, ...shares.map(({ name }) => name)].flatMap((name) => marks.get(name)?.vnet ?? [])
}

export const bridgeDriver = ({ namespace, underlay: shared }: BridgeDriverOptions = {}): DatapathDriver => {
  const open = (): RouteSocket => openRoute({ namespace })
  const underlay = shared ?? openUnderlay({ namespace })
  const watches = new Set<Watch>()
  /** What the last look saw of NICs that links hold: a hint for the watch. */
  let held: Interfaces | undefined
  let socket: RouteSocket | undefined

  /** Opened when it is first needed, and anew after it broke. */
  const route = (): RouteSocket => {
    if (socket === undefined || socket.closed) socket = open()
    return socket
  }
  const deletions = deleter(route)
  underlay.ask((nic) => usesOf(route(), underlay, nic))

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

    snapshot: async (options = {}) => {
      try {
        const reading = await readKernel(route(), underlay, options)
        const [nicRates, noNetem] = await Promise.all([underlay.rates(reading.interfaces.unmarked), underlay.noNetem()])
        const snapshot = snapshotOf({ ...reading, nicRates, noNetem }, options.vnets)
        held = snapshot
        return snapshot
      } catch (error) {
        const message = `the kernel cannot be read: ${(error as Error).message}`
        throw new WeftError('datapath.failed', message, { cause: error })
      }
    },

    plan: (vnet, specs, snapshot) => planLinks(vnet, specs, snapshot as BridgeSnapshot),

    apply: (step) => applyStep({ route: route(), keeper: underlay, deleter: deletions }, step),

    counters: async (spec) => {
      const [links, qdiscs] = await Promise.all([route().links({ counters: true }), route().qdiscs()])
      return linkCounters(spec, links, qdiscs)
    },

    watch: async (changed) => {
      watches.add(
        await openWatch({
          namespace,
          route: route(),
          changed,
          blocks: Object.values(blocks),
          isOwn: underlay.isOwn,
          leavingBy: (nic) => (held === undefined ? [] : holdersOf(nic, held)),
        }),
      )
    },

    close: async () => {
      for (const watch of watches) watch.close()
      watches.clear()
      if (shared === undefined) underlay.close()
      socket?.close()
      socket = undefined
    },
  }
}
