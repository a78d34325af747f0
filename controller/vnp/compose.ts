/** A VNet's state from those of its parts: pure. */
import { create } from '../../proto/codec.ts'
import type { WireError } from '../../proto/errors.ts'
import type { LinkState, NodeState, Phase, Timing, VNetRequest, VNetState } from '../../proto/generated/weft.v1.ts'
import { endOf } from './lifetimes.ts'
import type { QueuedRow, VNetRow } from './rows.ts'

export interface ComposeInput {
  readonly row: VNetRow
  /** The state that a part's provider told last; undefined: none. */
  readonly stateOf: (pip: string) => VNetState | undefined
  /** Why the decision could not be carried out yet. */
  readonly trouble?: WireError | undefined
}

/** Earlier in the list outweighs later. */
const heaviest: readonly Phase[] = ['PHASE_POSTPONED', 'PHASE_DEGRADED', 'PHASE_BUILDING', 'PHASE_READY']

const phaseOf = ({ row, stateOf, trouble }: ComposeInput): Phase => {
  if (row.removing) return 'PHASE_REMOVING'
  const phases = row.parts.map(({ pip, generation }): Phase => {
    const state = stateOf(pip)
    // Decided, and refused since: the lease had ended before the provider could be told.
    if (generation === 0 && trouble?.code.startsWith('admission.')) return state ? 'PHASE_DEGRADED' : 'PHASE_POSTPONED'
    if (generation > 0 && !state && trouble?.code === 'vnet.unknown') return 'PHASE_DEGRADED'
    if (generation === 0 || !state || state.generation < generation) return 'PHASE_BUILDING'
    return state.phase === 'PHASE_REMOVING' || state.phase === 'PHASE_GONE' ? 'PHASE_DEGRADED' : state.phase
  })
  return heaviest.find((phase) => phases.includes(phase)) ?? 'PHASE_BUILDING'
}

const pendingNode = (id: string, provider: string): NodeState =>
  create('NodeState', { id, provider, state: 'OBJECT_STATE_PENDING' })

const pendingLink = (id: string): LinkState => create('LinkState', { id, state: 'OBJECT_STATE_PENDING' })

/** Of all parts, the longest: they are built at the same time. */
const builtTimings = (states: readonly VNetState[]): readonly Timing[] =>
  ['nodes', 'links'].flatMap((name) => {
    const measured = states.map(({ timings }) => timings.find((timing) => timing.name === name)?.seconds)
    if (measured.length === 0 || measured.includes(undefined)) return []
    return [{ name, seconds: Math.max(...measured.filter((seconds) => seconds !== undefined)) }]
  })

/** The request as accepted, with what providers allocated. */
const allocated = (row: VNetRow, states: readonly VNetState[]): VNetRequest => {
  const nodes = new Map(states.flatMap(({ request }) => (request?.nodes ?? []).map((node) => [node.id, node] as const)))
  const links = new Map(states.flatMap(({ request }) => (request?.links ?? []).map((link) => [link.id, link] as const)))
  return {
    ...row.request,
    nodes: row.request.nodes.map((node) => nodes.get(node.id) ?? node),
    links: row.request.links.map((link) => links.get(link.id) ?? link),
  }
}

export const composeState = (input: ComposeInput): VNetState => {
  const { row, stateOf, trouble } = input
  const states = row.parts.flatMap(({ pip, generation }) => {
    const state = stateOf(pip)
    return state && state.generation >= generation ? [state] : []
  })
  // Of the version that was decided; while it is being confirmed a provider still tells of the one before.
  const current = row.parts.every(({ generation }) => generation > 0) ? states : []
  const nodes = new Map(states.flatMap((state) => state.nodes.map((node) => [node.id, node] as const)))
  const links = new Map(states.flatMap((state) => state.links.map((link) => [link.id, link] as const)))
  const providerOf = (id: string): string =>
    row.parts.find(({ request }) => request.nodes.some((node) => node.id === id))?.pip ?? ''
  return create('VNetState', {
    vnet: row.name,
    owner: row.owner,
    generation: row.generation,
    phase: phaseOf(input),
    error: trouble ?? states.find(({ error }) => error)?.error,
    nodes: row.request.nodes.map(({ id }) => nodes.get(id) ?? pendingNode(id, providerOf(id))),
    links: row.request.links.map(({ id }) => links.get(id) ?? pendingLink(id)),
    timings: [...row.timings, ...builtTimings(current)],
    request: allocated(row, states),
    endsUnixMs: endOf(row),
    discovery: row.discovery,
    recoveries: states.flatMap(({ recoveries }) => recoveries),
  })
}

/** Of a request that waits, or that was found to fit never. */
export const composeQueued = (row: QueuedRow, position: number): VNetState =>
  create('VNetState', {
    vnet: row.name,
    owner: row.owner,
    phase: row.rejected ? 'PHASE_REJECTED' : 'PHASE_POSTPONED',
    error: row.error,
    nodes: row.request.nodes.map(({ id }) => pendingNode(id, '')),
    links: row.request.links.map(({ id }) => pendingLink(id)),
    request: row.request,
    waiting: { sinceUnixMs: row.sinceUnixMs, position },
  })
