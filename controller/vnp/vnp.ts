/**
 * A VNP: takes requests of VNOs, finds providers, reserves at each, decides, and tells the VNOs what became of it. This file joins its
 * parts; the way to a decision stands in apply.ts, what follows from it in carry.ts.
 */
import { create } from '../../proto/codec.ts'
import { toWireError, WeftError, type WireError } from '../../proto/errors.ts'
import type { VNetState } from '../../proto/generated/weft.v1.ts'
import { localClient } from '../../proto/local.ts'
import type { Session } from '../../proto/session.ts'
import { topics } from '../../proto/topics.ts'
import type { Log } from '../log.ts'
import { answerVerbs, fitReply, fitState, type Verbs } from '../roles/api.ts'
import type { Clock } from '../roles/clock.ts'
import { createCoalescer } from '../roles/coalesce.ts'
import { type BrokerOptions, type Connect, connectRole } from '../roles/connect.ts'
import { controllerWill, createLeadership } from '../roles/epoch.ts'
import { execTimeoutMs, relayMarginMs } from '../roles/exec.ts'
import { createPublisher } from '../roles/publisher.ts'
import { createPursuit } from '../roles/pursuit.ts'
import type { Role, Term } from '../roles/run.ts'
import { createKeyedSerial } from '../roles/serial.ts'
import { createWatchers } from '../roles/watch.ts'
import { applyRequest, checkAsked, offerRequest } from './apply.ts'
import { openBook } from './book.ts'
import { createCarry } from './carry.ts'
import { composeState } from './compose.ts'
import { createProvider, type Provider } from './providers.ts'
import type { VNetRow } from './rows.ts'

export interface ProviderAddress {
  /** Identity of the PIP; its domain where none is given. */
  readonly name: string
  readonly domain: string
  readonly brokerUrl: string
}

export interface VnpParts extends BrokerOptions, Term {
  readonly name: string
  readonly domain: string
  readonly pips: readonly ProviderAddress[]
  readonly clock: Clock
  readonly log: Log
  readonly connect?: Connect | undefined
}

const stateDelayMs = 20
/** After a start, how long a VNet's last published state is left standing while providers tell theirs. */
const quietMs = 5000
/** After a connection to a provider, how long its retained states may take to arrive before they are asked for. */
const freshMs = 3000
const getTimeoutMs = 10_000

const goneState = ({ name: vnet, owner, generation }: VNetRow): VNetState =>
  create('VNetState', { vnet, owner, generation, phase: 'PHASE_GONE' })

export const startVnp = async (parts: VnpParts): Promise<Role> => {
  const { name, domain, brokerUrl, epoch, pips, store, clock, log, onLater } = parts
  const onError = (topic: string, error: unknown) => log.error({ topic, err: error }, 'publishing failed')
  const book = await openBook(store)
  const serial = createKeyedSerial()
  const troubles = new Map<string, WireError>()
  const timers = new Set<() => void>()

  // One session a broker: an identity has one connection there, also where several domains share it.
  const sessions = new Map<string, Session>()
  const sessionAt = (url: string): Session => {
    const known = sessions.get(url)
    if (known) return known
    const session = connectRole({
      ...parts,
      brokerUrl: url,
      identity: name,
      ...(url === brokerUrl ? { will: controllerWill(domain, epoch) } : {}),
      onConnect: () => connected(url),
    })
    sessions.set(url, session)
    return session
  }
  const session = sessionAt(brokerUrl)
  const leadership = createLeadership({ session, domain, epoch, onLater, onError })
  const states = createPublisher({ session, name: 'VNetState', epoch, mirror: true, onError })

  const providers = new Map<string, Provider>()
  for (const pip of pips) {
    const provider = createProvider({
      name: pip.name,
      domain: pip.domain,
      session: sessionAt(pip.brokerUrl),
      clock,
      onOnline: () => wake(),
      onState: (key) => {
        const row = book.vnets.get(key)
        if (!row) return
        touch(key)
        if (row.removing && !provider.state(key)) void decisions.pursue(key)
      },
    })
    providers.set(pip.name, provider)
  }

  const connected = (url: string): void => {
    if (url === brokerUrl) {
      leadership.republish()
      states.republish()
    }
    for (const pip of pips) if (pip.brokerUrl === url) providers.get(pip.name)?.reconnected()
    wake()
    timers.add(clock.after(freshMs, checkParts))
  }

  const stateOf = (row: VNetRow): VNetState =>
    composeState({
      row,
      stateOf: (pip) => providers.get(pip)?.state(row.key),
      trouble: troubles.get(row.key),
    })

  /** As the VNP's own operator sees it: VNOs may use the same names. */
  const operatorState = (row: VNetRow): VNetState => ({ ...stateOf(row), vnet: row.key })

  const watchers = createWatchers(() => [...book.vnets.values()].map(operatorState))

  // Told of by no provider yet since the start.
  const quiet = new Set(book.vnets.keys())
  const isKnown = (row: VNetRow): boolean => row.parts.every(({ pip }) => providers.get(pip)?.isFresh(row.key))

  const refresh = (key: string): void => {
    const row = book.vnets.get(key)
    if (!row || ending.has(key) || (quiet.has(key) && !isKnown(row))) return
    quiet.delete(key)
    states.set(topics.apiVNet(domain, row.owner, row.name), fitState(stateOf(row)))
    watchers.tell(operatorState(row))
  }
  const coalescer = createCoalescer(clock, stateDelayMs, refresh)
  const touch = (key: string): void => coalescer.touch(key)

  /** VNets whose end is being told: no state may follow it. */
  const ending = new Set<string>()

  const tellGone = async (row: VNetRow): Promise<void> => {
    ending.add(row.key)
    const gone = goneState(row)
    const topic = topics.apiVNet(domain, row.owner, row.name)
    // Who is there learns it from this message; who was away, from a `get` that knows the VNet no more.
    await session.publish(topic, 'VNetState', gone, { epoch, mirror: true })
    await states.clear(topic)
    watchers.tell({ ...gone, vnet: row.key })
  }

  const carry = createCarry({
    book,
    providers,
    log,
    onTrouble: (key, trouble) => {
      if (trouble) troubles.set(key, trouble)
      else troubles.delete(key)
      touch(key)
    },
    onGone: tellGone,
  })
  const decisions = createPursuit({
    clock,
    work: (key) =>
      serial(key, async () => {
        const done = await carry.carryOut(key)
        if (!book.vnets.has(key)) forget(key)
        return done
      }),
    onError: (key, error) => log.error({ vnet: key, err: error }, 'carrying out a decision failed'),
  })
  const forget = (key: string): void => {
    ending.delete(key)
    troubles.delete(key)
  }
  const releases = createPursuit({
    clock,
    work: carry.release,
    onError: (id, error) => log.warn({ reservation: id, err: error }, 'not released yet'),
  })

  /** A part whose state did not come by itself: either its provider does not have it, or the message is lost. */
  const checks = createPursuit({
    clock,
    work: async (key) => {
      const row = book.vnets.get(key)
      for (const { pip, generation } of row?.parts ?? []) {
        const provider = providers.get(pip)
        if (!provider || generation === 0 || row?.removing || provider.isFresh(key)) continue
        try {
          const { vnet } = await provider.call({ get: { vnet: key } }, getTimeoutMs)
          provider.note(key, vnet)
          touch(key)
        } catch (error) {
          if (!(error instanceof WeftError) || error.code !== 'vnet.unknown') throw error
          log.error({ vnet: key, pip }, 'the provider does not have its part')
          troubles.set(key, toWireError(error))
          provider.note(key, undefined)
          touch(key)
        }
      }
      return true
    },
    onError: (key, error) => log.warn({ vnet: key, err: error }, 'not checked yet'),
  })
  const checkParts = (): void => {
    for (const row of book.vnets.values()) if (!isKnown(row)) void checks.pursue(row.key)
  }
  const isLost = (row: VNetRow): boolean =>
    troubles.get(row.key)?.code === 'vnet.unknown' && row.parts.some(({ pip }) => !providers.get(pip)?.state(row.key))

  const wake = (): void => {
    decisions.wake()
    releases.wake()
    checks.wake()
  }

  const rowFor = (vnet: string, client: string): VNetRow => {
    const row = book.vnets.get(client === localClient ? vnet : `${client}.${vnet}`)
    if (!row) throw new WeftError('vnet.unknown', `there is no VNet ${vnet}`, { object: `vnet/${vnet}` })
    return row
  }

  const northbound: Verbs = {
    apply: async ({ request, expectedGeneration }, client) => {
      const key = `${client}.${request?.name ?? ''}`
      const options = {
        book,
        providers,
        clock,
        isLost,
        onReleases: (ids: readonly string[]) => {
          for (const id of ids) void releases.pursue(id)
        },
      }
      const row = await serial(key, () => applyRequest(options, request, client, expectedGeneration))
      log.info({ vnet: key, generation: row.generation, pips: row.parts.map(({ pip }) => pip) }, 'applied')
      quiet.delete(key)
      await decisions.pursue(key)
      touch(key)
      return { vnet: stateOf(book.vnets.get(key) ?? row) }
    },

    plan: async ({ request }, client) => {
      const asked = checkAsked(book, request, client)
      if (asked.changes.length > 0) await offerRequest({ providers }, asked)
      return { plan: { changes: asked.changes } }
    },

    delete: async ({ vnet }, client) => {
      const { key } = rowFor(vnet, client)
      const removed = await serial(key, async () => {
        const row = rowFor(vnet, client)
        const removing = { ...row, removing: true }
        if (!row.removing) await book.save({ vnets: new Map([[key, removing]]) })
        return removing
      })
      log.info({ vnet: key }, 'removing')
      touch(key)
      await decisions.pursue(key)
      const row = book.vnets.get(key)
      return { vnet: row ? stateOf(row) : goneState(removed) }
    },

    get: async ({ vnet }, client) =>
      vnet === ''
        ? { vnets: { vnets: [...book.vnets.values()].filter(({ owner }) => owner === client).map(stateOf) } }
        : { vnet: stateOf(rowFor(vnet, client)) },

    exec: async (exec, client) => {
      const row = rowFor(exec.vnet, client)
      const part = row.parts.find(({ request }) => request.nodes.some(({ id }) => id === exec.node))
      const provider = part && providers.get(part.pip)
      if (!provider) {
        throw new WeftError('node.unknown', `${exec.vnet} has no node ${exec.node}`, { object: `node/${exec.node}` })
      }
      const timeoutMs = execTimeoutMs(exec)
      const reply = await provider.call({ exec: { ...exec, vnet: row.key, timeoutMs } }, timeoutMs + 2 * relayMarginMs)
      return { exec: reply.exec }
    },
  }
  const operators: Verbs = {
    get: async ({ vnet }) =>
      vnet === ''
        ? { vnets: { vnets: [...book.vnets.values()].map(operatorState) } }
        : { vnet: operatorState(rowFor(vnet, localClient)) },
  }

  // Everything is in place before the first message. What the broker holds is heard before it is replaced.
  await leadership.watch()
  await Promise.all([...providers.values()].map((provider) => provider.watch()))
  timers.add(clock.after(freshMs, checkParts))
  timers.add(
    clock.after(quietMs, () => {
      quiet.clear()
      for (const key of book.vnets.keys()) touch(key)
    }),
  )
  for (const id of book.releases.keys()) void releases.pursue(id)
  for (const key of book.vnets.keys()) void decisions.pursue(key)
  const answer = answerVerbs(`the VNP ${name}`, northbound)
  await session.serve(
    topics.apiRequest(domain, '+'),
    'ApiRequest',
    'ApiReply',
    (client) => topics.apiReply(domain, client),
    async (request, client) => fitReply(await answer(request, client)),
  )
  leadership.announce()
  log.info({ epoch, vnets: book.vnets.size, releases: book.releases.size }, 'ready')

  return {
    answerLocal: answerVerbs(`the VNP ${name}`, operators),
    stream: watchers.stream,
    close: async () => {
      for (const cancel of timers) cancel()
      coalescer.close()
      for (const pursuit of [decisions, releases, checks]) pursuit.close()
      await Promise.all([...sessions.values()].map((one) => one.close()))
    },
  }
}
