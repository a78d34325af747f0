/** What a VNP serves: its VNOs, who see their own VNets alone, and its own operator, who sees all. */
import { WeftError } from '../../proto/errors.ts'
import type { ConsoleRelay } from '../console/relay.ts'
import type { Verbs } from '../roles/api.ts'
import { execTimeoutMs, relayMarginMs } from '../roles/exec.ts'
import { consoleTimeoutMs, countersTimeoutMs, handlerTimeoutMs } from '../roles/queries.ts'
import { type ApplyOptions, checkAsked, offerRequest } from './apply.ts'
import { askLink } from './describe-link.ts'
import { askExplanation } from './explain.ts'
import { planOf } from './plan.ts'
import type { Requests } from './requests.ts'
import type { QueuedRow, VNetRow } from './rows.ts'
import type { States } from './states.ts'

export interface VerbsOptions extends Pick<ApplyOptions, 'book' | 'providers'> {
  readonly states: States
  readonly requests: Requests
  readonly consoles: Pick<ConsoleRelay, 'relay'>
}

export const createVerbs = (options: VerbsOptions): { readonly northbound: Verbs; readonly operators: Verbs } => {
  const { book, providers, states, requests, consoles } = options

  const unknown = (vnet: string, why = `there is no VNet ${vnet}`): WeftError =>
    new WeftError('vnet.unknown', why, { object: `vnet/${vnet}` })

  /** One that stands or is being built. */
  const rowAt = (key: string, vnet: string): VNetRow => {
    const row = book.vnets.get(key)
    if (row) return row
    throw book.queued.has(key) ? unknown(vnet, `${vnet} waits for room: nothing of it is there yet`) : unknown(vnet)
  }

  /** Also one that waits. */
  const anyRowAt = (key: string, vnet: string): VNetRow | QueuedRow => book.queued.get(key) ?? rowAt(key, vnet)

  /** The provider that carries a node. Throws vnet.unknown, node.unknown. */
  const carrierOf = ({ vnet, node }: { readonly vnet: string; readonly node: string }, client: string) => {
    const row = rowAt(`${client}.${vnet}`, vnet)
    const part = row.parts.find(({ request }) => request.nodes.some(({ id }) => id === node))
    const provider = part && providers.get(part.pip)
    if (!provider) throw new WeftError('node.unknown', `${vnet} has no node ${node}`, { object: `node/${node}` })
    return { row, provider }
  }

  const northbound: Verbs = {
    apply: async (asked, client) => ({ vnet: await requests.apply(asked, client) }),

    plan: async ({ request }, client) => {
      const asked = checkAsked(book, request, client)
      if (asked.changes.length === 0) return { plan: { changes: [] } }
      const offers = await offerRequest({ providers }, asked)
      return {
        plan: {
          changes: planOf(
            asked.changes,
            offers.flatMap(({ effects }) => effects),
          ),
        },
      }
    },

    delete: async ({ vnet }, client) => ({ vnet: await requests.remove(`${client}.${vnet}`) }),

    get: async ({ vnet, asked }, client) => {
      if (vnet === '') {
        return {
          vnets: {
            vnets: states
              .rows()
              .filter(({ owner }) => owner === client)
              .map(states.of),
          },
        }
      }
      const row = anyRowAt(`${client}.${vnet}`, vnet)
      const state = states.of(row)
      return { vnet: asked ? { ...state, request: row.request } : state }
    },

    explain: async ({ vnet }, client) => ({
      explanation: await askExplanation(providers, anyRowAt(`${client}.${vnet}`, vnet)),
    }),

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
    explain: async ({ vnet }) => ({
      explanation: { ...(await askExplanation(providers, anyRowAt(vnet, vnet))), vnet },
    }),
    get: async ({ vnet }) =>
      vnet === ''
        ? { vnets: { vnets: states.rows().map(states.forOperator) } }
        : { vnet: states.forOperator(anyRowAt(vnet, vnet)) },
  }
  return { northbound, operators }
}
