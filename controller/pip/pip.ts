/**
 * A PIP: owns hosts and links, maps parts of VNets onto them, commands their agents by desired state and tells the VNPs what became
 * of it. This file joins its parts; what it decides stands in decisions.ts, what follows from reports in settle.ts.
 */

import type { ConsoleListenerOptions } from '../../proto/console/listener.ts'
import { toWireError, WeftError } from '../../proto/errors.ts'
import type { ExplainVNet, VNetState } from '../../proto/generated/weft.v1.ts'
import { localClient } from '../../proto/local.ts'
import { topics } from '../../proto/topics.ts'
import { createConsoleRelay } from '../console/relay.ts'
import type { Log } from '../log.ts'
import { directMapper, type Mapper } from '../mapper/mapper.ts'
import { answerVerbs, fitState, serveVerbs, type Verbs } from '../roles/api.ts'
import type { Clock } from '../roles/clock.ts'
import { createCoalescer } from '../roles/coalesce.ts'
import { type BrokerOptions, type Connect, connectRole } from '../roles/connect.ts'
import { controllerWill, createLeadership } from '../roles/epoch.ts'
import { createPublisher } from '../roles/publisher.ts'
import { createPursuit } from '../roles/pursuit.ts'
import type { Role, Term } from '../roles/run.ts'
import { createSerial } from '../roles/serial.ts'
import { createWatchers } from '../roles/watch.ts'
import type { DeclaredSubstrate } from '../substrate/substrate.ts'
import { type Admission, pictureFor, usageBeside } from './admit.ts'
import { type AdvertiseLevel, type Advertiser, createAdvertiser } from './advertise.ts'
import { openBook, watchedBook } from './book.ts'
import { type Fence, fenceBy } from './death/command.ts'
import { createDeathKeeper } from './death/keeper.ts'
import { deadHosts } from './death/list.ts'
import { checkPart, checkSeer, createDecisions } from './decisions.ts'
import { describeLink } from './describe-link.ts'
import { desiredOf } from './desired.ts'
import { createFreed, type Freed, freeingBook } from './freed.ts'
import { createHosts } from './hosts.ts'
import { createEasing } from './measured.ts'
import { listHosts } from './operator.ts'
import { claimsOf } from './pool/claims.ts'
import { createPoolKeeper } from './pool/keeper.ts'
import { listPools } from './pool/list.ts'
import { shapeOfPool } from './pool/names.ts'
import { createProgress } from './progress.ts'
import { askConsole, type RelayOptions, relayExec, relayHandler } from './relay.ts'
import type { VNetRow } from './rows.ts'
import { createSettling, isFinished } from './settle.ts'
import { isReported, type StateContext, stateOfRow } from './state.ts'

export interface PipParts extends BrokerOptions, Term {
  readonly name: string
  readonly domain: string
  readonly substrate: DeclaredSubstrate
  /** What VNPs are told of the substrate; nothing without it. */
  readonly advertise?: AdvertiseLevel | undefined
  readonly clock: Clock
  readonly log: Log
  readonly connect?: Connect | undefined
  /** Closed with the PIP; in this thread without it. */
  readonly mapper?: Mapper | undefined
  /** Makes certain that a host is off; without it what the substrate says. */
  readonly fence?: Fence | undefined
  /** Where consoles are passed on; undefined: nowhere. */
  readonly console?: ConsoleListenerOptions | undefined
}

/** A burst of reports becomes one state. */
const stateDelayMs = 20
/** After a start, how long a VNet's last published state is left standing while hosts report under the new epoch. */
const quietMs = 5000
/** The client does not wait longer for what is told of a few hosts more. */
const explainMs = 1500

export const startPip = async (parts: PipParts): Promise<Role> => {
  const {
    name,
    domain,
    epoch,
    substrate,
    advertise = 'none',
    mapper = directMapper,
    store,
    clock,
    log,
    onLater,
  } = parts
  const onError = (topic: string, error: unknown) => log.error({ topic, err: error }, 'publishing failed')
  let advertiser: Advertiser | undefined
  let freed: Freed | undefined
  const stored = freeingBook(await openBook(store), () => freed?.tell())
  const changed = (): void => {
    advertiser?.touch()
    keeper.touch()
  }
  const book = watchedBook(stored, changed)
  const session = connectRole({
    ...parts,
    identity: name,
    will: controllerWill(domain, epoch),
    onConnect: () => {
      death.connected()
      leadership.republish()
      desired.republish()
      states.republish()
      advertiser?.republish()
    },
  })
  const told = createFreed({ session, domain, clock, onError })
  freed = {
    ...told,
    tell: () => {
      told.tell()
      death.wake()
    },
  }
  const leadership = createLeadership({ session, domain, epoch, onLater, onError })
  const serial = createSerial()
  const progress = createProgress(clock)
  const desired = createPublisher({ session, name: 'Slice', epoch, mirror: false, onError })
  const states = createPublisher({ session, name: 'VNetState', epoch, mirror: true, onError })

  const touch = (vnet: string): void => coalescer.touch(vnet)

  const stateOf = (row: VNetRow): VNetState => {
    const state = stateOfRow(context, row)
    return { ...state, timings: [...row.timings, ...missing(row, progress.observe(state))] }
  }
  const missing = (row: VNetRow, timings: VNetState['timings']) =>
    timings.filter((timing) => !row.timings.some((known) => known.name === timing.name))

  const eases = createEasing()
  const hosts = createHosts({
    session,
    domain,
    log,
    onStatus: (host) => {
      changed()
      death.noteStatus(host)
      if (hosts.online(host)) freed?.tell()
      for (const row of book.vnets.values()) if (row.version.slices.has(host)) touch(row.vnet)
    },
    onResources: (host) => {
      changed()
      if (eases(host, hosts.views.get(host)?.usage)) freed?.tell()
    },
    onReport: (host, vnet, report) => {
      if (shapeOfPool(vnet) !== undefined) {
        keeper.noteReport(host, vnet)
        // One more node may be idle.
        advertiser?.touch()
        freed?.tell()
        return
      }
      const row = book.vnets.get(vnet)
      const takesPart = row !== undefined && (row.leaving.has(host) || (!row.removing && row.version.slices.has(host)))
      if (takesPart) {
        touch(vnet)
        if (claimsOf(row.version).length > 0) keeper.touch()
      } else if (death.noteReport(host, vnet, report)) {
        return
      } else if (report && report.epoch > 0 && report.phase === 'PHASE_GONE') {
        settling.sweep(host, vnet).catch((error: unknown) => onError(vnet, error))
      }
    },
  })
  const dead = deadHosts({ book, refusalOf: (vnet) => death.refusalOf(vnet) })
  const context: StateContext = { name, epoch, hosts, dead }
  const admission: Admission = { substrate, hosts, book }
  const keeper = createPoolKeeper({ admission, domain, epoch, session, clock, serial, log, desired })

  const watchers = createWatchers(() => [...book.vnets.values()].map(stateOf))
  const settling = createSettling({
    domain,
    session,
    context,
    book,
    serial,
    log,
    desired,
    states,
    timings: (row) => stateOf(row).timings,
    onSettled: touch,
    onGone: (state) => {
      progress.forget(state.vnet)
      watchers.tell(state)
    },
  })
  const settlement = createPursuit({
    clock,
    work: settling.settle,
    onError: (vnet, error) => log.error({ vnet, err: error }, 'settling failed'),
  })

  // Told of by nobody yet since the start: hosts still report under the epoch before.
  const quiet = new Set(book.vnets.keys())
  const endQuiet = clock.after(quietMs, () => {
    quiet.clear()
    for (const vnet of book.vnets.keys()) touch(vnet)
  })

  const refresh = (vnet: string): void => {
    const row = book.vnets.get(vnet)
    if (!row) return
    if (settling.isDue(row)) void settlement.pursue(vnet)
    if (isFinished(row) || (quiet.has(vnet) && !isReported(context, row))) return
    quiet.delete(vnet)
    const state = stateOf(row)
    states.set(topics.apiVNet(domain, row.client, vnet), fitState(state))
    watchers.tell(state)
  }
  const coalescer = createCoalescer(clock, stateDelayMs, refresh)

  const publishDesired = (row: VNetRow): void => {
    for (const [host, slice] of desiredOf(row, epoch, book.boots))
      desired.set(topics.desired(domain, host, row.vnet), slice)
  }

  const onDecided = (vnet: string): void => {
    const row = book.vnets.get(vnet)
    if (!row) return
    progress.start(vnet, row.generation)
    publishDesired(row)
    quiet.delete(vnet)
    refresh(vnet)
  }

  const death = createDeathKeeper({
    name,
    admission,
    mapper,
    epoch,
    clock,
    serial,
    log,
    fence: parts.fence ?? (substrate.fencing && fenceBy(substrate.fencing)),
    isConnected: () => session.connected,
    onDecided,
    touch,
    publish: publishDesired,
    tell: (host, vnet, slice) => desired.set(topics.desired(domain, host, vnet), slice),
    sweep: settling.sweep,
    onFreed: () => freed?.tell(),
  })

  const decisions = createDecisions({
    admission,
    mapper,
    context,
    clock,
    serial,
    log,
    tellsEmbeddings: advertise !== 'none',
    onDecided,
  })

  const rowFor = (vnet: string, client: string): VNetRow => {
    const row = book.vnets.get(vnet)
    if (!row) throw new WeftError('vnet.unknown', `there is no VNet ${vnet}`)
    checkSeer(row, client)
    return row
  }

  const get = async ({ vnet }: { readonly vnet: string }, client: string) => {
    if (vnet !== '') return { vnet: stateOf(rowFor(vnet, client)) }
    const seen = [...book.vnets.values()].filter((row) => client === localClient || row.client === client)
    return { vnets: { vnets: seen.map(stateOf) } }
  }

  /** At the PIP and at the VNP, each for those who may see the VNet; `part`: of one that the PIP does not have. */
  const explain = async ({ vnet, part }: ExplainVNet, client: string) => {
    const row = book.vnets.get(vnet)
    const asked = { provider: name, vnet, usage: usageBeside(admission, ''), budgetMs: explainMs }
    const of = !part || row ? { standing: rowFor(vnet, client).version } : { part: checkPart(part) }
    const explanation = await mapper.explain(pictureFor(admission, vnet), { ...asked, of })
    const declined = 'part' in of && !explanation.error ? await decisions.declining(of.part) : undefined
    return { explanation: { ...explanation, ...(declined && { error: toWireError(declined) }) } }
  }

  const remove = async (vnet: string, client: string) => {
    const row = book.vnets.get(vnet)
    // Its client may ask because it was just told that all is gone: its row goes right after.
    if (row && isFinished(row)) await settlement.pursue(vnet)
    return decisions.remove(vnet, client)
  }

  const relay: RelayOptions = { session, domain, hosts }
  const consoles = createConsoleRelay(parts.console, log)
  const northbound: Verbs = {
    offer: decisions.offer,
    reserve: decisions.reserve,
    commit: ({ reservation }, client) => decisions.commit(reservation, client),
    release: ({ reservation }, client) => decisions.release(reservation, client),
    advertisement: async ({ from }) => ({ advertisement: advertised.page(from) }),
    delete: ({ vnet }, client) => remove(vnet, client),
    get,
    explain,
    exec: async (exec, client) => relayExec(relay, rowFor(exec.vnet, client), exec),
    console: async (console, client) => ({
      console: await consoles.relay(await askConsole(relay, rowFor(console.vnet, client), console)),
    }),
    handler: async (handler, client) => relayHandler(relay, rowFor(handler.vnet, client), handler),
    link: async ({ vnet, link }, client) => ({ link: await describeLink(relay, rowFor(vnet, client), name, link) }),
  }
  const operators: Verbs = {
    get,
    explain,
    hosts: async () => listHosts(admission, death.entryOf),
    fence: async (asked) => {
      await death.fence(asked)
      const { hosts: list } = listHosts(admission, death.entryOf)
      return { hosts: { hosts: (list?.hosts ?? []).filter((entry) => entry.name === asked.host) } }
    },
    pools: async () => listPools(admission),
    substrate: async () => ({ substrate }),
  }

  // Everything is in place before the first message: watching calls back at once. What the broker holds is heard before it is replaced.
  await leadership.watch()
  await hosts.watch()
  const advertised = createAdvertiser({
    level: advertise,
    domain,
    epoch,
    session,
    clock,
    substrate,
    picture: () => pictureFor(admission, ''),
    onError,
  })
  advertiser = advertised
  keeper.publish()
  keeper.touch()
  for (const row of book.vnets.values()) {
    publishDesired(row)
    if (settling.isDue(row)) void settlement.pursue(row.vnet)
  }
  await death.start()
  await serveVerbs(session, domain, `the PIP ${name}`, northbound)
  leadership.announce()
  log.info({ epoch, vnets: book.vnets.size, reservations: book.reservations.size }, 'ready')

  return {
    answerLocal: answerVerbs(`the PIP ${name}`, operators),
    stream: watchers.stream,
    close: async () => {
      leadership.close()
      advertised.close()
      keeper.close()
      endQuiet()
      freed?.close()
      coalescer.close()
      settlement.close()
      decisions.close()
      death.close()
      await mapper.close()
      await consoles.close()
      await session.close()
    },
  }
}
