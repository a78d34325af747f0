/**
 * The loop: for each VNet that needs a look, observe → plan → do → report. Level-triggered: whatever happened, the truth is read
 * again and the next steps follow from it alone. That is why a restart needs no memory of what was being done.
 */
import type { Logger } from 'pino'
import type { Reported, Slice } from '../../proto/generated/weft.v1.ts'
import type { IdleNode, PoolNode } from '../hypervisor/driver.ts'
import { isPool } from '../hypervisor/pool-key.ts'
import type { ImageStore } from '../images/store.ts'
import { type Refusal, type ReportInput, report, reportGone } from '../report/reported.ts'
import type { DesiredStore } from '../state/desired.ts'
import type { EndStore } from '../state/ends.ts'
import { isCurrent } from '../state/rules.ts'
import type { SlotStore } from '../state/slots.ts'
import { applyStep } from './apply.ts'
import { imageWaits } from './image-waits.ts'
import { type Limit, limit } from './limit.ts'
import { nodeSlots } from './node-slots.ts'
import { allLinks, allNodes, type Drivers, isWhole, nodesOf, observe } from './observe.ts'
import { type OuterParts, outerProblems } from './outer-problems.ts'
import { phases } from './phases.ts'
import { describeStep, objectOf, type Plan, plan, type Step } from './plan.ts'
import { asWeftError } from './plan-links.ts'
import { aboutToLeave, ownPart, poolsOf, takeable, takersOf } from './pooled.ts'
import { keyedQueue } from './queue.ts'
import { readings } from './readings.ts'
import { type Retries, retries } from './retry.ts'

export interface ReconcilerOptions extends OuterParts {
  readonly drivers: Drivers
  readonly desired: DesiredStore
  readonly slots: SlotStore
  readonly ends: EndStore
  /** Of the host, as it is now. */
  readonly bootId: string
  /** What nodes start from; undefined: drivers see to that alone. */
  readonly images?: Pick<ImageStore, 'open' | 'progress'> | undefined
  /** Names of all interfaces in Dom0. */
  readonly interfaceNames: () => Promise<ReadonlySet<string>>
  /** Called with every report that differs from the one before, and with that one; owner of the slice, '' where none was accepted. */
  readonly onReport: (reported: Reported, before: Reported | undefined, owner: string) => void
  /** Called when a node of a pool has become one of a VNet. */
  readonly onTaken?: (from: PoolNode, to: PoolNode) => void
  readonly log: Logger
  readonly retryFirstMs?: number
  readonly retryMostMs?: number
  /** How often everything is looked at even if nothing seems to have happened. */
  readonly sweepMs?: number
}

export interface Reconciler {
  /** Adopts what is there, looks at every VNet once, and from then on whenever something happens. */
  start(): Promise<void>
  /** Something about this VNet may have changed. */
  enqueue(vnet: string): void
  /** What this VNet shall be has changed: everything is tried at once, the clocks start. */
  changed(vnet: string): void
  /** What this VNet shall be was said again and is what is held: an earlier refusal is forgotten. */
  confirmed(vnet: string): void
  refused(vnet: string, refusal: Refusal): void
  /** Nobody asks for this VNet any more and nothing of it is held: its last report is forgotten. False where it is held. */
  dismiss(vnet: string): boolean
  reports(): readonly Reported[]
  reportOf(vnet: string): Reported | undefined
  /** Settles when nothing is being done and nothing waits for its turn; objects held back by failures do not count. */
  idle(): Promise<void>
  /** Begins nothing new. Settles when what was begun has ended, `graceMs` later at most. Nodes and links stay. */
  stop(graceMs: number): Promise<void>
}

const parallelVNets = 8
/** Steps over netlink: more would only wait for the kernel's one lock. */
const parallelSteps = 32
const problemLookMs = 5000
/** A look reads everything: steps that end shortly after one another are looked at together. */
const togetherMs = 10
const defaultSweepMs = 60_000

export const createReconciler = (options: ReconcilerOptions): Reconciler => {
  const { drivers, desired, slots, ends, log } = options
  const slotsOf = nodeSlots(options)
  const now = () => performance.now()
  const retryOptions = { now, firstMs: options.retryFirstMs ?? 1000, mostMs: options.retryMostMs ?? 60_000 }

  const seenNow = readings((how) => observe(drivers, how))
  const nodeLimits = new Map(drivers.hypervisors.map(({ name, parallel }) => [name, limit(parallel)]))
  const otherLimit = limit(parallelSteps)
  const busy = new Map<string, Map<string, Promise<void>>>()
  const retriesOf = new Map<string, Retries>()
  const refusals = new Map<string, Refusal>()
  const reports = new Map<string, Reported>()
  const clocks = phases(now)
  /** Pools that a VNet has asked, for as long as this process knows. */
  const askedPools = new Map<string, ReadonlySet<string>>()
  const images = imageWaits(options.images, (vnet) => queue.add(vnet))
  let sweep: NodeJS.Timeout | undefined
  let stopped = false

  const of = <T>(map: Map<string, T>, vnet: string, make: () => T): T => {
    const value = map.get(vnet) ?? make()
    map.set(vnet, value)
    return value
  }
  const busyOf = (vnet: string) => of(busy, vnet, () => new Map<string, Promise<void>>())
  const retriesFor = (vnet: string) => of(retriesOf, vnet, () => retries(retryOptions))

  const tell = (next: Reported, owner: string): void => {
    const before = reports.get(next.vnet)
    if (before && JSON.stringify(before) === JSON.stringify(next)) return
    reports.set(next.vnet, next)
    options.onReport(next, before, owner)
  }

  /** Something has happened to a VNet, or will have after the delay: it is looked at then. */
  const wake = (vnet: string, delayMs = 0): void => {
    seenNow.happened(vnet)
    queue.add(vnet, delayMs)
  }

  const limitOf = (step: Step): Limit => {
    const isHeavy = step.kind === 'node.start' && !step.from
    const heavy = step.kind === 'node.remove' ? step.hypervisor : isHeavy ? step.spec.node.hypervisor : ''
    return nodeLimits.get(heavy) ?? otherLimit
  }

  /** What a node has had since it was a pool's can be joined to links while it is told who it is. */
  const taken = async (from: IdleNode, to: PoolNode): Promise<void> => {
    await slots.adopt(to.vnet, to.id, from.slot, from)
    options.onTaken?.(from, to)
    wake(to.vnet, togetherMs)
  }

  /** Does a step unless what shall be has changed meanwhile; then another look follows and finds the right one. */
  const run = async (vnet: string, slice: Slice | undefined, step: Step): Promise<void> => {
    const object = objectOf(step)
    const what = describeStep(step)
    const failed = (thrown: unknown, since: number): void => {
      const error = asWeftError(thrown)
      retriesFor(vnet).failed(object, error)
      log.warn({ vnet, code: error.code, error: error.message, ms: Math.round(now() - since) }, `${what} failed`)
    }
    const asked = now()
    try {
      if (step.kind === 'node.start' && !(await images.here(step.spec))) return
    } catch (error) {
      if (desired.get(vnet) === slice) failed(error, asked)
      return
    }
    await limitOf(step)(async () => {
      if (stopped || desired.get(vnet) !== slice) return
      const since = now()
      log.info({ vnet, reasons: step.reasons }, what)
      try {
        await applyStep(vnet, step, drivers, (from) => taken(from, { vnet, id: nodeOf(object) }))
        retriesFor(vnet).succeeded(object)
        if (step.kind === 'node.start' && ends.started(vnet, step.spec.node.id)) retriesFor(vnet).restarted(object)
        if (step.kind === 'node.remove') ends.forget(vnet, [step.node])
        log.debug({ vnet, ms: Math.round(now() - since) }, `${what} done`)
      } catch (error) {
        failed(error, since)
      }
    }, !isPool(vnet))
  }

  const launch = (vnet: string, slice: Slice | undefined, step: Step): void => {
    const object = objectOf(step)
    const running = busyOf(vnet)
    // What is taken is in hand under both names.
    const from = step.kind === 'node.start' ? step.from : undefined
    const done = run(vnet, slice, step).finally(() => {
      running.delete(object)
      wake(vnet, running.size > 0 ? togetherMs : 0)
      if (from) {
        busyOf(from.vnet).delete(`node/${from.id}`)
        wake(from.vnet)
      }
      const pool = isPool(vnet) ? desired.get(vnet) : undefined
      const taker = pool && takersIn(pool).get(nodeOf(object))
      if (taker) wake(taker.vnet)
    })
    running.set(object, done)
    if (from) busyOf(from.vnet).set(`node/${from.id}`, done)
  }

  const takersIn = (pool: Slice) => takersOf(pool, desired.list())

  /** Whose look shows what this VNet takes, or what is taken from this pool. */
  const othersOf = (slice: Slice | undefined): ReadonlySet<string> =>
    slice && isPool(slice.vnet) ? new Set([...takersIn(slice).values()].map(({ vnet }) => vnet)) : poolsOf(slice)

  const forget = async (vnet: string, slice: Slice | undefined): Promise<void> => {
    if (slice) await desired.forget(slice)
    if (desired.get(vnet)) return
    busy.delete(vnet)
    retriesOf.delete(vnet)
    if (slice) {
      log.info({ vnet }, 'nothing is left of it')
      tell(reportGone(vnet, slice.generation, slice.epoch, clocks.end(vnet, 'removal')), slice.owner)
    }
  }

  const look = async (vnet: string): Promise<void> => {
    const slice = desired.get(vnet)
    if (!slice && desired.unreadable.has(vnet)) return
    // What was being done when the reading began may show half done in it: such objects wait for the next look.
    const unsure = new Set(busyOf(vnet).keys())
    const seen = await seenNow.of(vnet, othersOf(slice))
    const own = ownPart(slice, desired.list)
    const everything = allNodes(seen)
    // What somebody is about to take is no more the pool's to see to.
    const leaving = slice && isPool(vnet) ? aboutToLeave(takersIn(slice), everything) : new Set<string>()
    const byHypervisor = nodesOf(seen, vnet, leaving)
    const nodes = [...byHypervisor.values()].flatMap((view) => (view instanceof Error ? [] : view))
    const links = allLinks(seen).filter((link) => link.vnet === vnet)
    const slotsNow = await slotsOf.of(vnet, own, seen)
    for (const node of nodes) if (!unsure.has(`node/${node.id}`)) ends.seen(vnet, node.id, node)
    // What shall be has changed meanwhile: the look that follows is the one that counts.
    const isOld = (): boolean =>
      stopped || desired.get(vnet) !== slice || ownPart(slice, desired.list)?.nodes.length !== own?.nodes.length
    if (isOld()) return
    const outer = await outerProblems(options, vnet, own, nodes)
    if (isOld()) return
    const takes = slice
      ? takeable({ slice, desired: desired.get, takers: takersIn, seen: everything })
      : new Map<string, IdleNode>()
    const parts = { vnet, slice: own, slots: slotsNow, hypervisors: byHypervisor, datapaths: seen.datapaths }
    const planned = plan({ ...parts, takeable: takes, isCurrent: isCurrent(slice, options.bootId) })
    const next = { ...planned, problems: new Map([...outer, ...planned.problems]) }

    const running = busyOf(vnet)
    const retrying = retriesFor(vnet)
    const nextTries = new Map<string, number>()
    for (const step of next.steps) {
      const object = objectOf(step)
      if (unsure.has(object) || running.has(object) || isWaiting(step)) continue
      // The pool's own step with it ends first, and wakes this VNet.
      if (step.kind === 'node.start' && step.from && busyOf(step.from.vnet).has(`node/${step.from.id}`)) continue
      const isRestart = step.kind === 'node.start' && step.restart
      const waitMs = retrying.waitMs(object, isRestart)
      if (waitMs > 0) {
        nextTries.set(object, retrying.nextTry(object, isRestart))
        wake(vnet, waitMs)
      } else launch(vnet, slice, step)
    }

    // What is wrong outside of us may come right without a word: another look is cheap.
    if (next.problems.size > 0 || !isWhole(seen)) wake(vnet, problemLookMs)
    const left = nodes.length + leaving.size + links.length + running.size
    const kept = new Set([...nodes.map(({ id }) => id), ...leaving, ...nodesIn(running)])
    if (isWhole(seen)) await slotsOf.free(vnet, own, kept)
    if (left === 0 && next.problems.size === 0 && isWhole(seen) && (!slice || slice.absent)) {
      await forget(vnet, slice)
      if (!slice) tellRefusal(vnet)
      return
    }
    // What was told is known after a restart too.
    await ends.settled()
    tellState(vnet, own, slotsNow, { nodes, links, next, nextTries })
  }

  const tellState = (
    vnet: string,
    slice: Slice | undefined,
    slotsNow: ReadonlyMap<string, number>,
    { next, ...shown }: Pick<ReportInput, 'nodes' | 'links' | 'nextTries'> & { readonly next: Plan },
  ): void => {
    // What is left over of a VNet that nobody asks for is nobody's business but the log's.
    if (!slice) {
      tellRefusal(vnet)
      return
    }
    const parts = { vnet, slice, slots: slotsNow, ...shown, plan: next, busy: new Set(busyOf(vnet).keys()) }
    const historyOf = (node: string) => ends.get(vnet, node)
    const progressOf = (node: string) => images.progress(vnet, node)
    const rest = { failures: retriesFor(vnet).errors, refusal: refusals.get(vnet), historyOf, progressOf }
    const first = report({ ...parts, ...rest, timings: [] })
    tell({ ...first, timings: clocks.note(vnet, first) }, slice.owner)
  }

  const tellRefusal = (vnet: string): void => {
    const refusal = refusals.get(vnet)
    if (!refusal) return
    const nothing = { slice: undefined, slots: new Map<string, number>(), nodes: [], links: [], timings: [] }
    const still = { plan: { steps: [], problems: new Map() }, busy: new Set<string>(), failures: new Map() }
    tell(report({ vnet, ...nothing, ...still, refusal }), '')
  }

  const failures = new Map<string, number>()
  const queue = keyedQueue(
    async (vnet) => {
      try {
        await look(vnet)
        failures.delete(vnet)
      } catch (error) {
        const times = (failures.get(vnet) ?? 0) + 1
        failures.set(vnet, times)
        log.error({ vnet, err: error }, 'a look at the VNet failed')
        wake(vnet, Math.min(retryOptions.mostMs, retryOptions.firstMs * 2 ** times))
      }
    },
    { parallel: parallelVNets },
  )

  /** Every VNet that is wanted or of which something is there: what is wanted no more is found here. */
  const lookAtAll = async (): Promise<void> => {
    const seen = await seenNow.sweep()
    for (const node of allNodes(seen)) await slotsOf.found(desired.get(node.vnet), node)
    const vnets = new Set(desired.list().map(({ vnet }) => vnet))
    for (const { vnet } of [...allNodes(seen), ...allLinks(seen)]) vnets.add(vnet)
    for (const vnet of slots.vnets()) vnets.add(vnet)
    for (const vnet of vnets) queue.add(vnet)
  }

  const nodeChanged = (vnet: string): void => {
    if (vnet !== '') {
      wake(vnet)
      return
    }
    // A hypervisor went or came back: nothing that it refused before needs to wait.
    for (const retrying of retriesOf.values()) retrying.reset()
    lookAtAll().catch((error: unknown) => log.error({ err: error }, 'the sweep failed'))
  }

  const again = (): void => {
    if (stopped) return
    sweep = setTimeout(() => {
      lookAtAll()
        .catch((error: unknown) => log.error({ err: error }, 'the sweep failed'))
        .finally(again)
    }, options.sweepMs ?? defaultSweepMs)
  }

  const stepsEnd = (): Promise<unknown> => Promise.all([...busy.values()].flatMap((steps) => [...steps.values()]))

  return {
    start: async () => {
      await Promise.all([
        ...drivers.hypervisors.map((driver) => driver.watch(nodeChanged)),
        ...drivers.datapaths.map((driver) => driver.watch((vnet) => wake(vnet))),
      ])
      await lookAtAll()
      again()
    },
    enqueue: (vnet) => wake(vnet),
    changed: (vnet) => {
      const slice = desired.get(vnet)
      refusals.delete(vnet)
      images.changed(vnet, slice)
      const pools = poolsOf(slice)
      for (const pool of new Set([...pools, ...(askedPools.get(vnet) ?? [])])) wake(pool)
      if (pools.size > 0) askedPools.set(vnet, pools)
      else askedPools.delete(vnet)
      retriesOf.get(vnet)?.reset()
      clocks.begin(vnet)
      wake(vnet)
    },
    confirmed: (vnet) => {
      refusals.delete(vnet)
      wake(vnet)
    },
    refused: (vnet, refusal) => {
      refusals.set(vnet, refusal)
      wake(vnet)
    },
    dismiss: (vnet) => {
      if (desired.get(vnet)) return false
      refusals.delete(vnet)
      reports.delete(vnet)
      return true
    },
    reports: () => [...reports.values()],
    reportOf: (vnet) => reports.get(vnet),
    idle: async () => {
      for (;;) {
        await queue.idle()
        if ([...busy.values()].every((steps) => steps.size === 0)) return
        await stepsEnd()
        // The look that follows a step is queued a microtask later.
        await new Promise((resolve) => setImmediate(resolve))
      }
    },
    stop: async (graceMs) => {
      stopped = true
      images.stop()
      clearTimeout(sweep)
      let grace: NodeJS.Timeout | undefined
      const graceEnds = new Promise((resolve) => {
        grace = setTimeout(resolve, graceMs)
      })
      await Promise.race([Promise.all([queue.stop(), stepsEnd()]), graceEnds])
      clearTimeout(grace)
    },
  }
}

/** Nothing can be done for it before a vif comes. */
const isWaiting = (step: Step): boolean => step.kind === 'link' && step.step.operations.length === 0

const nodesIn = (running: ReadonlyMap<string, unknown>): readonly string[] =>
  [...running.keys()].filter((object) => object.startsWith('node/')).map(nodeOf)

/** Of `node/r1`. */
const nodeOf = (object: string): string => object.slice('node/'.length)
