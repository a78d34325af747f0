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
import { openWatch, type Watch } from '../watch.ts'
import { applyStep } from './apply.ts'
import { inspectRouter } from './inspect.ts'
import { planLinks } from './plan.ts'
import { probeClick } from './probe.ts'
import { type ClickSnapshot, readKernel, snapshotOf } from './snapshot.ts'

export interface ClickDriverOptions {
  /** Path of the network namespace that is Dom0's; the process's own without it. */
  readonly namespace?: string | undefined
  /** Of the routers' records. */
  readonly directory: string
  /** Of the pins: a bpf file system, mounted there where none is. It has to stay mounted when the agent has ended. */
  readonly bpffs: string
}

export const clickDriver = ({ namespace, directory, bpffs }: ClickDriverOptions): DatapathDriver => {
  const service = clickService({ namespace, directory, bpffs, group: 'links' })
  const open = (): RouteSocket => openRoute({ namespace })
  const watches = new Set<Watch>()
  // In the order in which they were begun: a vif leaves one link before another one takes it.
  const inOrder = serial()
  let socket: RouteSocket | undefined

  /** Opened when it is first needed, and anew after it broke. */
  const route = (): RouteSocket => {
    if (socket === undefined || socket.closed) socket = open()
    return socket
  }

  const mounted = async (): Promise<ClickService> => {
    await mkdir(bpffs, { recursive: true, mode: 0o700 })
    await mountBpffs(bpffs)
    return service
  }

  return {
    name: 'click',

    probe: () => inOrder(() => probeClick(open, mounted)),

    snapshot: async () => {
      try {
        return snapshotOf(await readKernel(route(), service))
      } catch (error) {
        const message = `the kernel cannot be read: ${(error as Error).message}`
        throw new WeftError('datapath.failed', message, { cause: error })
      }
    },

    plan: (vnet, specs, snapshot) => planLinks(vnet, specs, snapshot as ClickSnapshot),

    apply: (step) => inOrder(async () => applyStep({ route: route(), service: await mounted() }, step)),

    watch: async (changed) => {
      watches.add(await openWatch({ namespace, route: route(), changed }))
    },

    inspect: (vnet, node, index, withHandlers) => inspectRouter(service, vnet, `${node}.${index}`, withHandlers),

    close: async () => {
      for (const watch of watches) watch.close()
      watches.clear()
      socket?.close()
      socket = undefined
    },
  }
}
