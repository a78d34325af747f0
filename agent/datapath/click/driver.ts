/**
 * The data path `click`: each vif has a Click router of its own, compiled to eBPF and pinned, which takes all that its guest sends. Nothing is
 * remembered in the process: records, pins and marks say what there is, and links go on without an agent.
 */
import { mkdir } from 'node:fs/promises'
import { WeftError } from '../../../proto/errors.ts'
import { type ClickService, clickService } from '../../click/service/service.ts'
import { mountBpffs } from '../../ebpf/pins.ts'
import { openRoute, type RouteSocket } from '../../netlink/route.ts'
import { serial } from '../../state/serial.ts'
import type { DatapathDriver } from '../driver.ts'
import { openUnderlay, type Underlay } from '../underlay/underlay.ts'
import { openWatch, type Watch } from '../watch.ts'
import { applyStep } from './apply.ts'
import { countLink } from './counters.ts'
import { inspectRouter } from './inspect.ts'
import { ownAdmission } from './own/admission.ts'
import { admitOwn, ownFault } from './own/fault.ts'
import { useOwnHandlers } from './own/handlers.ts'
import { planLinks } from './plan.ts'
import { probeClick } from './probe.ts'
import { type ClickSnapshot, readKernel, snapshotOf } from './snapshot.ts'
import { leavingByNic, usesOf } from './uses.ts'

export interface ClickDriverOptions {
  /** Path of the network namespace that is Dom0's; the process's own without it. */
  readonly namespace?: string | undefined
  /** Of the routers' records. */
  readonly directory: string
  /** What it shares with the other data path of that Dom0; one of its own without it. */
  readonly underlay?: Underlay | undefined
  /** Of the pins: a bpf file system, mounted there where none is. It has to stay mounted when the agent has ended. */
  readonly bpffs: string
}

export const clickDriver = ({ namespace, directory, bpffs, underlay: shared }: ClickDriverOptions): DatapathDriver => {
  const service = clickService({ namespace, directory, bpffs, group: 'links', isRemade: true })
  const open = (): RouteSocket => openRoute({ namespace })
  const underlay = shared ?? openUnderlay({ namespace })
  const admission = ownAdmission()
  const watches = new Set<Watch>()
  // In the order in which they were begun: a vif leaves one link before another one takes it.
  const inOrder = serial()
  /** VNets by the NICs that their links left by at the last look: a hint for the watch. */
  const leaving = leavingByNic()
  let socket: RouteSocket | undefined

  /** Opened when it is first needed, and anew after it broke. */
  const route = (): RouteSocket => {
    if (socket === undefined || socket.closed) socket = open()
    return socket
  }

  underlay.ask((nic) => usesOf(route(), service, nic))

  const mounted = async (): Promise<ClickService> => {
    await mkdir(bpffs, { recursive: true, mode: 0o700 })
    await mountBpffs(bpffs)
    return service
  }

  return {
    name: 'click',

    probe: () => inOrder(() => probeClick(open, mounted)),

    snapshot: async (options = {}) => {
      try {
        const snapshot = snapshotOf(await readKernel(service, route(), underlay, options), options.vnets)
        leaving.saw(snapshot, options.vnets)
        return snapshot
      } catch (error) {
        const message = `the kernel cannot be read: ${(error as Error).message}`
        throw new WeftError('datapath.failed', message, { cause: error })
      }
    },

    plan: (vnet, specs, snapshot) => planLinks(vnet, specs, snapshot as ClickSnapshot),

    apply: async (step) => {
      await admitOwn(admission, step)
      return inOrder(async () => applyStep({ route: route(), service: await mounted(), underlay }, step)).catch(
        (error: unknown) => {
          throw ownFault(step, error)
        },
      )
    },

    watch: async (changed) => {
      watches.add(
        await openWatch({
          namespace,
          route: route(),
          changed,
          isOwn: underlay.isOwn,
          leavingBy: leaving.by,
        }),
      )
    },

    counters: (spec) => countLink(spec, service, route()),

    useOwn: (vnet, node, index, use) => inOrder(() => useOwnHandlers(service, vnet, `${node}.${index}`, use)),

    inspect: (vnet, node, index, withHandlers) => inspectRouter(service, vnet, `${node}.${index}`, withHandlers),

    close: async () => {
      for (const watch of watches) watch.close()
      watches.clear()
      await admission.close()
      if (shared === undefined) underlay.close()
      socket?.close()
      socket = undefined
    },
  }
}
