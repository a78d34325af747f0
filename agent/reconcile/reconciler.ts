/**
 * The loop: for each VNet that needs a look, observe → plan → do → report. Level-triggered: whatever happened, the truth is read
 * again and the next steps follow from it alone. That is why a restart needs no memory of what was being done.
 */
import type { Logger } from 'pino'
import type { WeftError } from '../../proto/errors.ts'
import type { Reported, Slice } from '../../proto/generated/weft.v1.ts'
import type { ForwardingKeeper } from '../forwarding/keeper.ts'
import { forwardingMode } from '../forwarding/text.ts'
import type { ObservedNode } from '../hypervisor/driver.ts'
import type { ImageStore } from '../images/store.ts'
import type { PathKeeper } from '../paths/keeper.ts'
import { type Refusal, type ReportInput, report, reportGone } from '../report/reported.ts'
import type { DesiredStore } from '../state/desired.ts'
import type { EndStore } from '../state/ends.ts'
import type { SlotStore } from '../state/slots.ts'
import { applyStep } from './apply.ts'
import { imageWaits } from './image-waits.ts'
import { type Limit, limit } from './limit.ts'
import { allLinks, allNodes, type Drivers, isWhole, nodesOf, type Observation, observe } from './observe.ts'
import { phases } from './phases.ts'
import { describeStep, objectOf, type Plan, plan, type Step } from './plan.ts'
import { asWeftError } from './plan-links.ts'
import { keyedQueue } from './queue.ts'
import { readings } from './readings.ts'
import { type Retries, retries } from './retry.ts'

export interface ReconcilerOptions {
  readonly drivers: Drivers
  readonly desired: DesiredStore
  readonly slots: SlotStore
  readonly ends: EndStore
  /** Forwards in Dom0 for the nodes that ask for it; undefined: nobody does here. */
  readonly forwarding?: Pick<ForwardingKeeper, 'look'> | undefined
  /** Watches the ways to other hosts; undefined: nobody does here. */
  readonly paths?: Pick<PathKeeper, 'look'> | undefined
  /** What nodes start from; undefined: drivers see to that alone. */
  readonly images?: Pick<ImageStore, 'open' | 'progress'> | undefined
  /** Names of all interfaces in Dom0. */
  readonly interfaceNames: () => Promise<ReadonlySet<string>>
  /** Called with every report that differs from the one before, and with that one; owner of the slice, '' where none was accepted. */
  readonly onReport: (reported: Reported, before: Reported | undefined, owner: string) => void
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
    const heavy =
      step.kind === 'node.remove' ? step.hypervisor : step.kind === 'node.start' ? step.spec.node.hypervisor : ''
    return nodeLimits.get(heavy) ?? otherLimit
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
        await applyStep(vnet, step, drivers)
        retriesFor(vnet).succeeded(object)
        if (step.kind === 'node.start' && ends.started(vnet, step.spec.node.id)) retriesFor(vnet).restarted(object)
        if (step.kind === 'node.remove') ends.forget(vnet, [step.node])
        log.debug({ vnet, ms: Math.round(now() - since) }, `${what} done`)
      } catch (error) {
        failed(error, since)
      }
    })
  }

  const launch = (vnet: string, slice: Slice | undefined, step: Step): void => {
    const object = objectOf(step)
    const running = busyOf(vnet)
    const done = run(vnet, slice, step).finally(() => {
      running.delete(object)
      wake(vnet, running.size > 0 ? togetherMs : 0)
    })
    running.set(object, done)
  }

  /** Slots of all nodes of the slice; those of nodes that are found keep what they were made with. */
  const slotsFor = async (vnet: string, slice: Slice | undefined, seen: Observation) => {
    if (!slice || slice.nodes.length === 0) return new Map<string, number>()
    const ids = slice.nodes.map(({ id }) => id)
    for (const { vnet: of, id, slot } of allNodes(seen)) {
      if (of === vnet && slots.get(vnet, id) !== slot) await slots.adopt(vnet, id, slot)
    }
    if (ids.every((id) => slots.get(vnet, id) !== undefined)) return slots.allot(vnet, ids, [])
    const existing = [...(await options.interfaceNames()), ...allNodes(seen).map(({ slot }) => `vif${slot}.0`)]
    return slots.allot(vnet, ids, existing)
  }

  const freeSlots = async (vnet: string, slice: Slice | undefined, kept: ReadonlySet<string>): Promise<void> => {
    const wanted = new Set(slice?.nodes.map(({ id }) => id))
    const free = slots.nodesOf(vnet).filter((node) => !wanted.has(node) && !kept.has(node))
    if (free.length === 0) return
    ends.forget(vnet, free)
    await slots.free(vnet, free)
  }

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
    const seen = await seenNow.of(vnet)
    const byHypervisor = nodesOf(seen, vnet)
    const nodes = [...byHypervisor.values()].flatMap((view) => (view instanceof Error ? [] : view))
    const links = allLinks(seen).filter((link) => link.vnet === vnet)
    const slotsNow = await slotsFor(vnet, slice, seen)
    for (const node of nodes) if (!unsure.has(`node/${node.id}`)) ends.seen(vnet, node.id, node)
    // What shall be has changed meanwhile: the look that follows is the one that counts.
    if (stopped || desired.get(vnet) !== slice) return
    const planned = plan({ vnet, slice, slots: slotsNow, hypervisors: byHypervisor, datapaths: seen.datapaths })
    const next = {
      ...planned,
      problems: new Map([
        ...pathProblems(vnet, slice),
        ...(await forwardingProblems(vnet, slice, nodes)),
        ...planned.problems,
      ]),
    }

    const running = busyOf(vnet)
    const retrying = retriesFor(vnet)
    const nextTries = new Map<string, number>()
    for (const step of next.steps) {
      const object = objectOf(step)
      if (unsure.has(object) || running.has(object) || isWaiting(step)) continue
      const isRestart = step.kind === 'node.start' && step.restart
      const waitMs = retrying.waitMs(object, isRestart)
      if (waitMs > 0) {
        nextTries.set(object, retrying.nextTry(object, isRestart))
        wake(vnet, waitMs)
      } else launch(vnet, slice, step)
    }

    // What is wrong outside of us may come right without a word: another look is cheap.
    if (next.problems.size > 0 || !isWhole(seen)) wake(vnet, problemLookMs)
    const left = nodes.length + links.length + running.size
    if (isWhole(seen)) await freeSlots(vnet, slice, new Set([...nodes.map(({ id }) => id), ...nodesIn(running)]))
    if (left === 0 && next.problems.size === 0 && isWhole(seen) && (!slice || slice.absent)) {
      await forget(vnet, slice)
      if (!slice) tellRefusal(vnet)
      return
    }
    // What was told is known after a restart too.
    await ends.settled()
    tellState(vnet, slice, slotsNow, { nodes, links, next, nextTries })
  }

  const pathProblems = (vnet: string, slice: Slice | undefined): readonly (readonly [string, WeftError])[] =>
    [...(options.paths?.look(vnet, slice) ?? [])].map(([link, error]) => [`link/${link}`, error])

  const forwardingProblems = async (
    vnet: string,
    slice: Slice | undefined,
    nodes: readonly ObservedNode[],
  ): Promise<readonly (readonly [string, WeftError])[]> => {
    try {
      const problems = await options.forwarding?.look(vnet, slice, nodes)
      return [...(problems ?? [])].map(([node, error]) => [`node/${node}`, error])
    } catch (error) {
      // Without its records it can tell of none whether it forwards: those who asked for it are told.
      const asked = slice?.nodes.filter(({ forwarding }) => forwarding === forwardingMode) ?? []
      return asked.map(({ id }) => [`node/${id}`, asWeftError(error)])
    }
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
    for (const { vnet, id, slot } of allNodes(seen)) {
      if (slots.get(vnet, id) !== slot) await slots.adopt(vnet, id, slot)
    }
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
      refusals.delete(vnet)
      images.changed(vnet, desired.get(vnet))
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
  [...running.keys()].filter((object) => object.startsWith('node/')).map((object) => object.slice('node/'.length))
