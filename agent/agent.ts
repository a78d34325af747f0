/**
 * The agent of one host, put together from its parts: state, the reconcile loop, reports, the wire and the local socket. Nothing here knows
 * a process, a signal or a file of configuration (main.ts does): many agents live in one process in tests and on fake hosts.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { create } from '../proto/codec.ts'
import type { ConsolePlace } from '../proto/console/listener.ts'
import { toWireError, WeftError } from '../proto/errors.ts'
import type {
  HostCommand,
  HostInventory,
  HostReply,
  HostView,
  Nic,
  Reported,
  Slice,
} from '../proto/generated/weft.v1.ts'
import { type LocalServer, serveLocal } from '../proto/local.ts'
import { connectSession } from '../proto/mqtt-session.ts'
import type { Session, SessionOptions } from '../proto/session.ts'
import { readBootId } from './boot-id.ts'
import { localOwner } from './commands/context.ts'
import { handleCommand } from './commands/handle.ts'
import type { AgentConfig } from './config.ts'
import { keepConsoles } from './console/keeper.ts'
import { probedOnce } from './datapath/once.ts'
import type { ForwardingKeeper } from './forwarding/keeper.ts'
import type { ImageStore } from './images/store.ts'
import { interfaceNames, readInterfaces } from './interfaces.ts'
import { openWire, type Wire } from './mqtt/wire.ts'
import type { PathKeeper } from './paths/keeper.ts'
import { limit } from './reconcile/limit.ts'
import type { Drivers } from './reconcile/observe.ts'
import { createReconciler, type Reconciler, type ReconcilerOptions } from './reconcile/reconciler.ts'
import { inventoryReader } from './report/inventory.ts'
import { createPublisher, type Publisher } from './report/publisher.ts'
import { hostStatus } from './report/status.ts'
import { usageReader } from './report/usage.ts'
import { nextNumber } from './state/counter.ts'
import { openDesired } from './state/desired.ts'
import { openEnds } from './state/ends.ts'
import { controllerOwner } from './state/rules.ts'
import { firstSlotBesideXen, openSlots } from './state/slots.ts'
import { validateSlice, vnetPattern } from './state/validate.ts'

export interface AgentParts {
  /** Of the host; its identity on the wire. */
  readonly name: string
  readonly domain: string
  /** Without one the agent serves its local socket alone. */
  readonly brokerUrl?: string | undefined
  readonly password?: string | undefined
  /** Client whose commands are the controller's; the domain's own name without it. */
  readonly controller?: string | undefined
  readonly stateDir: string
  /** Of the host, another one after each boot; the kernel's without it. */
  readonly bootId?: string
  /** Of the local socket; undefined: none. */
  readonly socketPath?: string | undefined
  readonly drivers: Drivers
  /** Forwards in Dom0 for nodes; is closed with the agent. */
  readonly forwarding?: (changed: (vnet: string) => void) => ForwardingKeeper
  /** Watches the ways to other hosts; called back with a VNet that is worth another look. */
  readonly paths?: (changed: (vnet: string) => void) => PathKeeper
  /** Where consoles of nodes are served; undefined: nowhere. */
  readonly console?: ConsolePlace | undefined
  /** Physical interfaces of the host. */
  readonly nics: () => Promise<readonly Nic[]>
  readonly config: Pick<AgentConfig, 'location' | 'nics'>
  /** What nodes start from; is closed with the agent. */
  readonly images?: ImageStore
  readonly log: Logger
  readonly connect?: (options: SessionOptions) => Session
  readonly usageMs?: number
  readonly inventoryMs?: number
  /** Told of every report, as the broker is. */
  readonly onReport?: (reported: Reported) => void
  /** For tests. */
  readonly retry?: Pick<ReconcilerOptions, 'retryFirstMs' | 'retryMostMs' | 'sweepMs'>
  readonly interfaceNames?: () => Promise<ReadonlySet<string>>
}

export interface Agent {
  readonly reconciler: Reconciler
  /** As over the wire or the local socket. Throws WeftError. */
  command(command: HostCommand, owner?: string): Promise<HostReply>
  /** As in host/{h}/desired/{vnet}. Settles when it is accepted or refused. */
  desire(slice: Slice): Promise<void>
  /** Ends it; nodes and links stay. What is being done is ended first, for `graceMs` at most. Idempotent. */
  close(graceMs?: number): Promise<void>
}

const parallelExecs = 16
const defaultUsageMs = 10_000
const defaultInventoryMs = 30_000
const defaultGraceMs = 10_000

/** Settles when what was there is adopted and the local socket serves; a broker is connected to in the background. */
export const startAgent = async (parts: AgentParts): Promise<Agent> => {
  const { name, domain, stateDir, log } = parts
  const drivers = { ...parts.drivers, datapaths: parts.drivers.datapaths.map(probedOnce) }
  // Root file systems of nodes lie below: their mapped users must be able to walk through.
  await mkdir(stateDir, { recursive: true, mode: 0o755 })
  const hasXen = drivers.hypervisors.some((driver) => driver.name === 'xen')
  const bootId = parts.bootId ?? (await readBootId())
  const [desired, ends, slots, run] = await Promise.all([
    openDesired(join(stateDir, 'desired'), bootId),
    openEnds({
      path: join(stateDir, 'ends.json'),
      onError: (error) => log.warn({ err: error }, 'how nodes ended cannot be kept'),
    }),
    openSlots(join(stateDir, 'slots.json'), hasXen ? firstSlotBesideXen : 1),
    nextNumber(join(stateDir, 'runs')),
  ])
  for (const vnet of desired.unreadable) log.error({ vnet }, 'its desired state cannot be read; it is left as it is')

  let inventory: HostInventory | undefined
  const status = (online: boolean) => hostStatus({ online, bootId, session: run, inventory })
  const readInventory = inventoryReader({
    host: name,
    drivers,
    nics: parts.nics,
    nicConfig: parts.config.nics,
    location: parts.config.location,
    images: parts.images,
  })
  const countReady = () => {
    const reports = reconciler.reports()
    const ready = (things: readonly { readonly state: string }[]) =>
      things.filter(({ state }) => state === 'OBJECT_STATE_READY').length
    const made = reports.flatMap(({ vnet, nodes }) => {
      const there = new Set(nodes.filter(({ state }) => state === 'OBJECT_STATE_READY').map(({ id }) => id))
      return (desired.get(vnet)?.nodes ?? []).filter(({ id }) => there.has(id))
    })
    return {
      nodes: reports.reduce((sum, { nodes }) => sum + ready(nodes), 0),
      links: reports.reduce((sum, { links }) => sum + ready(links), 0),
      givenMemoryBytes: made.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0),
      givenDiskBytes: made.reduce((sum, { diskBytes }) => sum + diskBytes, 0),
    }
  }
  const readUsage = usageReader({
    directory: stateDir,
    counters: readInterfaces,
    nics: () => inventory?.nics.map((nic) => nic.name) ?? [],
    count: countReady,
  })

  let publisher: Publisher | undefined
  const forwarding = parts.forwarding?.((vnet) => reconciler.enqueue(vnet))
  const paths = parts.paths?.((vnet) => reconciler.enqueue(vnet))
  const reconciler: Reconciler = createReconciler({
    drivers,
    forwarding,
    paths,
    desired,
    slots,
    ends,
    bootId,
    images: parts.images,
    log,
    interfaceNames: parts.interfaceNames ?? interfaceNames,
    onReport: (reported, before, owner) => {
      parts.onReport?.(reported)
      publisher?.reported(reported, before, owner)
      consoles?.look(reported.vnet, desired.get(reported.vnet))
      if (!publisher && reported.phase === 'PHASE_GONE') reconciler.dismiss(reported.vnet)
    },
    onTaken: (from, to) => consoles?.move(from, to),
    ...parts.retry,
  })

  const refreshInventory = async (): Promise<HostInventory> => {
    const next = await readInventory()
    if (JSON.stringify(next) !== JSON.stringify(inventory)) {
      inventory = next
      publisher?.inventory(next)
      publisher?.status(status(true))
    }
    return next
  }

  const hostView = async (): Promise<HostView> => {
    const [, usage] = await Promise.all([refreshInventory(), readUsage()])
    return create('HostView', { status: status(true), inventory, usage })
  }

  const tellAll = (): void => {
    publisher?.status(status(true))
    publisher?.all(reconciler.reports())
  }

  const resync = async (): Promise<void> => {
    await refreshInventory()
    tellAll()
  }

  const consoles =
    parts.console === undefined
      ? undefined
      : keepConsoles({
          place: parts.console,
          directory: join(stateDir, 'consoles'),
          keyDirectory: stateDir,
          hypervisors: drivers.hypervisors,
          wanted: desired.list(),
          log,
        })

  const context = {
    desired,
    slots,
    reconciler,
    hypervisors: drivers.hypervisors,
    datapaths: drivers.datapaths,
    hostView,
    resync,
    consoles,
    execLimit: limit(parallelExecs),
  }
  const command = (message: HostCommand, owner = localOwner) => handleCommand(context, message, owner)

  const desire = async (sent: Slice): Promise<void> => {
    const { vnet, generation, epoch } = sent
    try {
      validateSlice(sent)
      const admission = await desired.set({ ...sent, owner: controllerOwner })
      if (admission === 'new') reconciler.changed(vnet)
      else reconciler.confirmed(vnet)
    } catch (error) {
      log.warn({ vnet, generation, epoch, error: toWireError(error) }, 'a slice is refused')
      // An old message says nothing of what its controller wants now; an invalid one has to be answered.
      const isAnswer = error instanceof WeftError && error.code === 'slice.invalid' && vnetPattern.test(vnet)
      if (isAnswer) reconciler.refused(vnet, { generation, epoch, error })
      else publisher?.event(vnet, { kind: 'slice.refused', object: `vnet/${vnet}`, error: toWireError(error) })
    }
  }

  const wire: Wire | undefined =
    parts.brokerUrl === undefined
      ? undefined
      : openWire({
          connect: parts.connect ?? connectSession,
          brokerUrl: parts.brokerUrl,
          password: parts.password,
          domain,
          host: name,
          controller: parts.controller ?? domain,
          farewell: status(false),
          log,
          onDesired: (slice) => void desire(slice),
          onCleared: (vnet) => {
            if (reconciler.dismiss(vnet)) publisher?.clear(vnet)
          },
          onCommand: (message, owner) => command(message, owner),
          onReady: tellAll,
        })
  if (wire) {
    const { session } = wire
    const onLastWord = (vnet: string) => void reconciler.dismiss(vnet)
    publisher = createPublisher({ session, domain, host: name, run, log, onLastWord })
  }

  const problem = (what: string) => (error: unknown) => log.error({ err: error }, what)
  await reconciler.start()
  const local: LocalServer | undefined =
    parts.socketPath === undefined
      ? undefined
      : await serveLocal(parts.socketPath, 'HostCommand', 'HostReply', (message) => command(message))
  wire?.listen().catch(problem('the broker refused to be listened to'))
  refreshInventory().catch(problem('the inventory cannot be read'))

  /** Every node that shall be here or that is. */
  const knownNodes = (): ReadonlySet<string> => {
    const slices = [...desired.list(), ...reconciler.reports()]
    return new Set(slices.flatMap(({ vnet, nodes }) => nodes.map(({ id }) => `${vnet}/${id}`)))
  }
  const collectImages = async (): Promise<void> => {
    // Of what cannot be read nobody knows what it uses.
    if (desired.unreadable.size === 0) await parts.images?.collect(knownNodes())
  }

  const timers = [
    setInterval(() => {
      readUsage()
        .then((usage) => publisher?.usage(usage))
        .catch(problem('the usage cannot be read'))
    }, parts.usageMs ?? defaultUsageMs),
    setInterval(() => {
      collectImages().catch(problem('images that nobody uses cannot be removed'))
      refreshInventory().catch(problem('the inventory cannot be read'))
    }, parts.inventoryMs ?? defaultInventoryMs),
  ]

  let closing: Promise<void> | undefined
  const close = async (graceMs: number): Promise<void> => {
    for (const timer of timers) clearInterval(timer)
    await local?.close()
    await consoles?.close()
    await reconciler.stop(graceMs)
    await ends.settled()
    await parts.images?.close()
    forwarding?.close()
    paths?.close()
    await wire?.session.close()
    await Promise.all([...drivers.hypervisors, ...drivers.datapaths].map((driver) => driver.close()))
  }

  return {
    reconciler,
    command,
    desire,
    close: (graceMs = defaultGraceMs) => {
      closing ??= close(graceMs)
      return closing
    },
  }
}
