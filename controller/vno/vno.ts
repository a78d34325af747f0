/**
 * A VNO: an operator of VNets. Asks its VNP, keeps what it asked for and what it was told last, and answers its operator from that when
 * the VNP is away.
 */
import { create } from '../../proto/codec.ts'
import type { ConsoleListenerOptions } from '../../proto/console/listener.ts'
import { WeftError } from '../../proto/errors.ts'
import type { VNetRequest, VNetState } from '../../proto/generated/weft.v1.ts'
import { topics } from '../../proto/topics.ts'
import { createConsoleRelay } from '../console/relay.ts'
import { validateRequest } from '../description/validate.ts'
import type { Log } from '../log.ts'
import { answerVerbs, type Verbs } from '../roles/api.ts'
import type { Clock } from '../roles/clock.ts'
import { type BrokerOptions, type Connect, connectRole } from '../roles/connect.ts'
import { execTimeoutMs, relayMarginMs } from '../roles/exec.ts'
import { createPursuit } from '../roles/pursuit.ts'
import { consoleTimeoutMs, countersTimeoutMs, handlerTimeoutMs } from '../roles/queries.ts'
import type { Role, Term } from '../roles/run.ts'
import { createWatchers } from '../roles/watch.ts'
import type { VNetRow } from './rows.ts'
import { openShelf } from './shelf.ts'
import { createVnpLink } from './vnp-link.ts'

export interface VnoParts extends BrokerOptions, Term {
  /** Identity, and owner of its VNets. */
  readonly name: string
  /** Of the VNP. */
  readonly vnpDomain: string
  readonly clock: Clock
  readonly log: Log
  readonly connect?: Connect | undefined
  /** Where consoles are passed on; undefined: nowhere. */
  readonly console?: ConsoleListenerOptions | undefined
}

/** Longer than the VNP needs for all its calls one after the other. */
const applyTimeoutMs = 45_000
const deleteTimeoutMs = 30_000
const getTimeoutMs = 10_000
const planTimeoutMs = 20_000
const explainTimeoutMs = 15_000
/** After a connection, how long retained states may take to arrive before they are asked for. */
const freshMs = 3000

const checkRequest = (request: VNetRequest | undefined): VNetRequest => {
  if (!request) throw new WeftError('message.malformed', 'the request is missing')
  const errors = validateRequest(request)
  if (errors.length > 0) throw new AggregateError(errors, errors[0]?.message)
  return request
}

export const startVno = async (parts: VnoParts): Promise<Role> => {
  const { name, vnpDomain, store, clock, log } = parts
  const timers = new Set<() => void>()
  const shelf = await openShelf(store, clock, (error) => log.error({ err: error }, 'a state was not stored'))
  /** Told of since the present connection. */
  const fresh = new Set<string>()

  const session = connectRole({
    ...parts,
    identity: name,
    onConnect: () => {
      fresh.clear()
      vnp.reconnected()
      checks.wake()
      checkSoon()
    },
  })
  const vnp = createVnpLink({ session, domain: vnpDomain, clock, onOnline: () => checks.wake() })

  const stateOf = (vnet: string, row: VNetRow): VNetState =>
    row.state ?? create('VNetState', { vnet, owner: name, phase: 'PHASE_PENDING', request: row.request })
  const allStates = (): readonly VNetState[] => [...shelf.rows].map(([vnet, row]) => stateOf(vnet, row))
  const watchers = createWatchers(allStates)

  const told = (state: VNetState): void => {
    fresh.add(state.vnet)
    shelf.putState(state)
    watchers.tell(state)
  }
  const gone = async (vnet: string): Promise<void> => {
    const row = shelf.rows.get(vnet)
    if (!row) return
    await shelf.delete(vnet)
    log.info({ vnet }, 'gone')
    const { generation = 0 } = row.state ?? {}
    watchers.tell(create('VNetState', { vnet, owner: name, generation, phase: 'PHASE_GONE' }))
  }

  /** A VNet of which nothing was told since the connection: gone while this VNO was away, or its state was lost. */
  const checks = createPursuit({
    clock,
    work: async (vnet) => {
      if (!shelf.rows.has(vnet) || fresh.has(vnet)) return true
      try {
        const { vnet: state } = await vnp.call({ get: { vnet } }, getTimeoutMs)
        if (state) told(state)
      } catch (error) {
        if (!(error instanceof WeftError) || error.code !== 'vnet.unknown') throw error
        await gone(vnet)
      }
      return true
    },
    onError: (vnet, error) => log.warn({ vnet, err: error }, 'not checked yet'),
  })
  const checkSoon = (): void => {
    const check = () => {
      for (const vnet of shelf.rows.keys()) if (!fresh.has(vnet)) void checks.pursue(vnet)
    }
    timers.add(clock.after(freshMs, check))
  }

  const rowFor = (vnet: string): VNetRow => {
    const row = shelf.rows.get(vnet)
    if (!row) throw new WeftError('vnet.unknown', `there is no VNet ${vnet}`, { object: `vnet/${vnet}` })
    return row
  }

  const consoles = createConsoleRelay(parts.console, log)
  const verbs: Verbs = {
    apply: async (asked) => {
      const request = checkRequest(asked.request)
      const { vnet: state } = await vnp.call({ apply: { ...asked, request } }, applyTimeoutMs)
      if (!state) throw new WeftError('message.malformed', 'the VNP answered apply without a state')
      await shelf.put(request.name, { request, state })
      fresh.add(request.name)
      watchers.tell(state)
      return { vnet: state }
    },

    plan: async ({ request: asked }) => {
      const { plan } = await vnp.call({ plan: { request: checkRequest(asked) } }, planTimeoutMs)
      return { plan }
    },

    delete: async ({ vnet }) => {
      try {
        const { vnet: state } = await vnp.call({ delete: { vnet } }, deleteTimeoutMs)
        if (!state) throw new WeftError('message.malformed', 'the VNP answered delete without a state')
        if (state.phase === 'PHASE_GONE') await gone(vnet)
        else if (shelf.rows.has(vnet)) told(state)
        return { vnet: state }
      } catch (error) {
        if (!(error instanceof WeftError) || error.code !== 'vnet.unknown' || !shelf.rows.has(vnet)) throw error
        await gone(vnet)
        return { vnet: create('VNetState', { vnet, owner: name, phase: 'PHASE_GONE' }) }
      }
    },

    get: async ({ vnet, asked }) => {
      if (vnet === '') return { vnets: { vnets: allStates() } }
      // What is to be changed is what stands: it is not answered from what was told last.
      if (asked) return { vnet: (await vnp.call({ get: { vnet, asked } }, getTimeoutMs)).vnet }
      return { vnet: stateOf(vnet, rowFor(vnet)) }
    },

    explain: async ({ vnet }) => {
      const { explanation } = await vnp.call({ explain: { vnet } }, explainTimeoutMs)
      return { explanation }
    },

    exec: async (exec) => {
      const timeoutMs = execTimeoutMs(exec)
      const reply = await vnp.call({ exec: { ...exec, timeoutMs } }, timeoutMs + 3 * relayMarginMs)
      return { exec: reply.exec }
    },

    console: async (console) => {
      const reply = await vnp.call({ console }, consoleTimeoutMs + 2 * relayMarginMs)
      return { console: await consoles.relay(reply.console) }
    },

    handler: async (handler) => {
      const { router } = await vnp.call({ handler }, handlerTimeoutMs + 2 * relayMarginMs)
      return { router }
    },

    link: async (link) => ({ link: (await vnp.call({ link }, countersTimeoutMs + 2 * relayMarginMs)).link }),
  }

  await vnp.watch()
  await session.subscribe(topics.apiVNet(vnpDomain, name, '+'), 'VNetState', (state) => {
    // The end is told by PHASE_GONE; that its topic was cleared afterwards says nothing more.
    if (!state) return
    if (state.phase !== 'PHASE_GONE') told(state)
    else gone(state.vnet).catch((error: unknown) => log.error({ vnet: state.vnet, err: error }, 'not deleted'))
  })
  log.info({ vnets: shelf.rows.size }, 'ready')

  return {
    answerLocal: answerVerbs(`the VNO ${name}`, verbs),
    stream: watchers.stream,
    close: async () => {
      for (const cancel of timers) cancel()
      checks.close()
      await consoles.close()
      await session.close()
      await shelf.close()
    },
  }
}
