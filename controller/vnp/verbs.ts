/** What a VNP serves: its VNOs, who see their own VNets alone, and its own operator, who sees all. */
import { WeftError } from '../../proto/errors.ts'
import type { ConsoleRelay } from '../console/relay.ts'
import type { Log } from '../log.ts'
import type { Verbs } from '../roles/api.ts'
import { execTimeoutMs, relayMarginMs } from '../roles/exec.ts'
import type { Pursuit } from '../roles/pursuit.ts'
import { consoleTimeoutMs, countersTimeoutMs, handlerTimeoutMs } from '../roles/queries.ts'
import type { KeyedSerial } from '../roles/serial.ts'
import { type ApplyOptions, applyRequest, checkAsked, offerRequest } from './apply.ts'
import { askLink } from './describe-link.ts'
import type { VNetRow } from './rows.ts'
import { goneState, type States } from './states.ts'

export interface VerbsOptions extends Omit<ApplyOptions, 'isLost' | 'onReleases'> {
  readonly states: States
  /** One decision on a VNet at a time. */
  readonly serial: KeyedSerial
  /** Carries out what was decided on a VNet. */
  readonly decisions: Pursuit
  readonly releases: Pursuit
  readonly consoles: Pick<ConsoleRelay, 'relay'>
  readonly log: Log
}

export const createVerbs = (options: VerbsOptions): { readonly northbound: Verbs; readonly operators: Verbs } => {
  const { book, providers, states, serial, decisions, releases, consoles, log } = options
  const applying: ApplyOptions = {
    ...options,
    isLost: states.isLost,
    onReleases: (ids) => {
      for (const id of ids) void releases.pursue(id)
    },
  }

  const rowAt = (key: string, vnet: string): VNetRow => {
    const row = book.vnets.get(key)
    if (!row) throw new WeftError('vnet.unknown', `there is no VNet ${vnet}`, { object: `vnet/${vnet}` })
    return row
  }

  /** The provider that carries a node. Throws vnet.unknown, node.unknown. */
  const carrierOf = ({ vnet, node }: { readonly vnet: string; readonly node: string }, client: string) => {
    const row = rowAt(`${client}.${vnet}`, vnet)
    const part = row.parts.find(({ request }) => request.nodes.some(({ id }) => id === node))
    const provider = part && providers.get(part.pip)
    if (!provider) throw new WeftError('node.unknown', `${vnet} has no node ${node}`, { object: `node/${node}` })
    return { row, provider }
  }

  const northbound: Verbs = {
    apply: async ({ request, expectedGeneration }, client) => {
      const key = `${client}.${request?.name ?? ''}`
      const row = await serial(key, () => applyRequest(applying, request, client, expectedGeneration))
      log.info({ vnet: key, generation: row.generation, pips: row.parts.map(({ pip }) => pip) }, 'applied')
      // Decided: it is an answer whether or not every provider could be told yet.
      await decisions.pursue(key)
      states.endQuiet(key)
      return { vnet: states.of(book.vnets.get(key) ?? row) }
    },

    plan: async ({ request }, client) => {
      const asked = checkAsked(book, request, client)
      if (asked.changes.length > 0) await offerRequest({ providers }, asked)
      return { plan: { changes: asked.changes } }
    },

    delete: async ({ vnet }, client) => {
      const key = `${client}.${vnet}`
      const removed = await serial(key, async () => {
        const row = rowAt(key, vnet)
        const removing = { ...row, removing: true }
        if (!row.removing) await book.save({ vnets: new Map([[key, removing]]) })
        return removing
      })
      log.info({ vnet: key }, 'removing')
      states.touch(key)
      await decisions.pursue(key)
      const row = book.vnets.get(key)
      return { vnet: row ? states.of(row) : goneState(removed) }
    },

    get: async ({ vnet, asked }, client) => {
      if (vnet === '') {
        return { vnets: { vnets: [...book.vnets.values()].filter(({ owner }) => owner === client).map(states.of) } }
      }
      const row = rowAt(`${client}.${vnet}`, vnet)
      const state = states.of(row)
      return { vnet: asked ? { ...state, request: row.request } : state }
    },

    exec: async (exec, client) => {
      const { row, provider } = carrierOf(exec, client)
      const timeoutMs = execTimeoutMs(exec)
      const reply = await provider.call({ exec: { ...exec, vnet: row.key, timeoutMs } }, timeoutMs + 2 * relayMarginMs)
      return { exec: reply.exec }
    },

    console: async (console, client) => {
      const { row, provider } = carrierOf(console, client)
      const request = { console: { ...console, vnet: row.key } }
      const reply = await provider.call(request, consoleTimeoutMs + relayMarginMs)
      return { console: await consoles.relay(reply.console) }
    },

    handler: async (handler, client) => {
      const { row, provider } = carrierOf(handler, client)
      const { router } = await provider.call(
        { handler: { ...handler, vnet: row.key } },
        handlerTimeoutMs + relayMarginMs,
      )
      return { router }
    },

    link: async ({ vnet, link }, client) => {
      const row = rowAt(`${client}.${vnet}`, vnet)
      return { link: await askLink(providers, row, link, countersTimeoutMs + relayMarginMs) }
    },
  }

  const operators: Verbs = {
    get: async ({ vnet }) =>
      vnet === ''
        ? { vnets: { vnets: [...book.vnets.values()].map(states.forOperator) } }
        : { vnet: states.forOperator(rowAt(vnet, vnet)) },
  }
  return { northbound, operators }
}
