/**
 * Guards at vifs whose data path has none of its own (`bridge`): each guarded vif has a Click router at its ingress, compiled to eBPF and pinned, which
 * drops what the guest may not send and lets the rest go on to the bridge. This driver is that of the data path with guards around its steps: they
 * stand before a vif is joined, and go after it has left.
 */
import { mkdir } from 'node:fs/promises'
import { WeftError } from '../../../proto/errors.ts'
import { clickService } from '../../click/service/service.ts'
import { missing } from '../../ebpf/features.ts'
import { mountBpffs } from '../../ebpf/pins.ts'
import { serial } from '../../state/serial.ts'
import { inspectRouter } from '../click/inspect.ts'
import { routerName } from '../click/names.ts'
import { attachHere, isAsked, trustIn } from '../click/snapshot.ts'
import { mergeDrops } from '../counters.ts'
import type { DatapathDriver, LinkStep, ObservedLink, Snapshot } from '../driver.ts'
import type { Interfaces } from '../interfaces.ts'
import { applyGuard } from './apply.ts'
import { guardDrops } from './counters.ts'
import { type GuardOperation, type Guards, guardsOf, planGuards } from './plan.ts'

export interface GuardOptions {
  /** Path of the network namespace that is Dom0's; the process's own without it. */
  readonly namespace?: string | undefined
  /** Of the guards' records; no other service's. */
  readonly directory: string
  /** Of the pins: a bpf file system, mounted there where none is. It has to stay mounted when the agent has ended. */
  readonly bpffs: string
}

/** As the data path's own driver reads it, which tells interfaces and marks. */
type InnerSnapshot = Snapshot & Interfaces

interface GuardedSnapshot extends Snapshot {
  readonly inner: InnerSnapshot
  readonly guards: Guards
}

export const guardedDriver = (inner: DatapathDriver, { namespace, directory, bpffs }: GuardOptions): DatapathDriver => {
  const service = clickService({ namespace, directory, bpffs, group: 'guards', isRemade: true })
  const inOrder = serial()

  const apply = (operation: GuardOperation): Promise<void> =>
    inOrder(async () => {
      await mkdir(bpffs, { recursive: true, mode: 0o700 })
      await mountBpffs(bpffs)
      await applyGuard(service, operation)
    })

  return {
    ...inner,

    snapshot: async (options = {}): Promise<GuardedSnapshot> => {
      const seen = (await inner.snapshot(options)) as InnerSnapshot
      const routers = await service.list(trustIn(seen.byIndex, options), isAsked(options)).catch((cause: Error) => {
        throw new WeftError('datapath.failed', `the guards cannot be read: ${cause.message}`, { cause })
      })
      const guards = guardsOf(routers, attachHere(), missing('bpf')?.message ?? '')
      return { inner: seen, guards, links: allLinks(seen, guards) }
    },

    plan: (vnet, specs, snapshot) => {
      const { inner: seen, guards } = snapshot as GuardedSnapshot
      const plans = new Map(planGuards(vnet, specs, guards, seen))
      const steps = inner.plan(vnet, specs, seen).map((step): LinkStep => {
        const { first = [], last = [], reasons = [] } = plans.get(step.link) ?? {}
        plans.delete(step.link)
        return { ...step, operations: [...first, ...step.operations, ...last], reasons: [...reasons, ...step.reasons] }
      })
      const wanted = new Set(specs.map(({ link }) => link.id))
      const others = [...plans].map(([link, { first, last, reasons }]): LinkStep => {
        const action = wanted.has(link) ? 'change' : 'remove'
        return { vnet, link, action, reasons, operations: [...first, ...last], waitsFor: [] }
      })
      return [...steps, ...others]
    },

    apply: async (step) => {
      const operations = step.operations as readonly ({ readonly op: '' } | GuardOperation)[]
      const guards = async (op: GuardOperation['op']): Promise<void> => {
        for (const one of operations) if (one.op === op) await apply(one).catch(failed(step))
      }
      const others = operations.filter(({ op }) => op !== 'guard' && op !== 'unguard')
      await guards('guard')
      if (others.length > 0) await inner.apply({ ...step, operations: others })
      await guards('unguard')
    },

    inspect: async (vnet, node, index, withHandlers) =>
      (await inspectRouter(service, vnet, `${node}.${index}`, withHandlers)) ??
      inner.inspect?.(vnet, node, index, withHandlers),

    counters: async (spec) => {
      const counted = await inner.counters?.(spec)
      if (counted === undefined) return undefined
      const directions = counted.directions.map(async (direction) => {
        const router = routerName({ vnet: spec.vnet, link: spec.link.id, end: direction.from })
        return { ...direction, drops: mergeDrops([...(await guardDrops(service, router)), ...direction.drops]) }
      })
      return { ...counted, directions: await Promise.all(directions) }
    },
  }
}

/** Also those of which a guard alone is left. */
const allLinks = ({ links }: Snapshot, { observed }: Guards): readonly ObservedLink[] => {
  const guarded = [...observed.values()].map(({ vnet, link }) => ({ vnet, id: link, interfaces: [] }))
  return [...new Map([...guarded, ...links].map((link) => [`${link.vnet}/${link.id}`, link])).values()]
}

const failed =
  ({ vnet, link }: LinkStep) =>
  (error: Error): never => {
    const details = { object: `link/${link}`, cause: error }
    throw new WeftError('datapath.failed', `link ${link} of ${vnet}: ${error.message}`, details)
  }
