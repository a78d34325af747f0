/**
 * What a host says of its part of a VNet: a pure function of what shall be, what is, what is being done and what failed.
 */
import { create } from '../../proto/codec.ts'
import { toWireError, WeftError } from '../../proto/errors.ts'
import type {
  ObjectState,
  Phase,
  Reported,
  ReportedLink,
  ReportedNode,
  Slice,
  SliceNode,
  Timing,
} from '../../proto/generated/weft.v1.ts'
import type { ObservedLink } from '../datapath/driver.ts'
import { defaultMtu } from '../defaults.ts'
import { configurationDigest, isMadeFrom } from '../hypervisor/digest.ts'
import type { ObservedNode } from '../hypervisor/driver.ts'
import { endWords, objectOf, type Plan } from '../reconcile/plan.ts'
import { linkSpecs } from '../reconcile/plan-links.ts'
import type { NodeHistory } from '../state/ends.ts'

/** A slice that was refused after an older one was accepted, or before any was. */
export interface Refusal {
  readonly generation: number
  readonly epoch: number
  readonly error: WeftError
}

export interface ReportInput {
  readonly vnet: string
  readonly slice: Slice | undefined
  readonly slots: ReadonlyMap<string, number>
  /** Of this VNet, by all drivers. */
  readonly nodes: readonly ObservedNode[]
  readonly links: readonly ObservedLink[]
  readonly plan: Plan
  /** Objects, as kind/name, that a step is being done for. */
  readonly busy: ReadonlySet<string>
  readonly failures: ReadonlyMap<string, WeftError>
  readonly refusal?: Refusal | undefined
  /** How a node ended last and how often it came back. */
  readonly historyOf?: (node: string) => NodeHistory | undefined
  /** What takes long at a node, for people. */
  readonly progressOf?: (node: string) => string | undefined
  /** When objects that wait after a failure or an end are tried again, in milliseconds since the Unix epoch. */
  readonly nextTries?: ReadonlyMap<string, number>
  readonly timings: readonly Timing[]
}

interface State {
  readonly state: ObjectState
  readonly error?: WeftError
}

const nodeState = (
  input: ReportInput,
  node: SliceNode,
  slot: number | undefined,
  observed: ObservedNode | undefined,
): State => {
  const object = `node/${node.id}`
  const problem = input.plan.problems.get(object)
  if (problem) return { state: 'OBJECT_STATE_FAILED', error: problem }
  const hold = input.plan.held?.get(object)
  if (hold) return { state: 'OBJECT_STATE_PENDING', error: hold }
  const error = input.failures.get(object)
  if (error) return { state: 'OBJECT_STATE_FAILED', error }
  if (input.busy.has(object)) return { state: 'OBJECT_STATE_BUILDING' }
  if (!observed || slot === undefined) return { state: 'OBJECT_STATE_PENDING' }
  if (!observed.running && observed.ended) {
    const { how, reason } = observed.ended
    const waits = input.nextTries?.has(object) ?? false
    const details = { object, hint: waits ? 'it is started again soon' : `its restart policy is ${node.restartPolicy}` }
    const message = `node ${node.id} ${endWords[how]}: ${reason}`
    return { state: 'OBJECT_STATE_FAILED', error: new WeftError('node.not-running', message, details) }
  }
  const spec = { vnet: input.vnet, node, slot }
  const right = observed.running && isMadeFrom(spec, observed.digest)
  return right && observed.configuration === configurationDigest(spec)
    ? { state: 'OBJECT_STATE_READY' }
    : { state: 'OBJECT_STATE_BUILDING' }
}

const reportNodes = (input: ReportInput): readonly ReportedNode[] => {
  const wanted = input.slice?.nodes ?? []
  const seen = new Map(input.nodes.map((node) => [`${node.hypervisor} ${node.id}`, node]))
  const reported = wanted.map((node) => {
    const slot = input.slots.get(node.id)
    const observed = seen.get(`${node.hypervisor} ${node.id}`)
    const { state, error } = nodeState(input, node, slot, observed)
    const history = input.historyOf?.(node.id)
    return create('ReportedNode', {
      id: node.id,
      state,
      hypervisor: node.hypervisor,
      domain: observed?.domain ?? '',
      vifs: node.interfaces.map(({ index, mac, addresses }) => ({
        index,
        name: slot === undefined ? '' : `vif${slot}.${index}`,
        mac,
        addresses,
      })),
      error: error && toWireError(error),
      progress: error ? '' : (input.progressOf?.(node.id) ?? ''),
      restarts: history?.restarts ?? 0,
      lastEnd: history?.lastEnd,
      nextTryUnixMs: input.nextTries?.get(`node/${node.id}`) ?? 0,
    })
  })
  const known = new Set(wanted.map(({ id }) => id))
  const leaving = input.nodes.filter(({ id }) => !known.has(id))
  return [
    ...reported,
    ...leaving.map(({ id, hypervisor, domain }) => {
      const error = input.failures.get(`node/${id}`)
      return create('ReportedNode', {
        id,
        state: error ? 'OBJECT_STATE_FAILED' : 'OBJECT_STATE_REMOVING',
        hypervisor,
        domain,
        error: error && toWireError(error),
      })
    }),
  ]
}

const reportLinks = (input: ReportInput): readonly ReportedLink[] => {
  const planned = new Set(input.plan.steps.map(objectOf))
  const vifs = new Set(input.nodes.filter(({ running }) => running).flatMap((node) => node.vifs.map((vif) => vif.name)))
  const observed = new Map(input.links.map((link) => [link.id, link]))
  const wanted = input.slice ? linkSpecs(input.slice, input.slots).map(({ spec }) => spec) : []
  const reported = wanted.map((spec) => {
    const object = `link/${spec.link.id}`
    const error = input.plan.problems.get(object) ?? input.failures.get(object)
    const there = observed.get(spec.link.id)
    const right = there && !planned.has(object) && !input.busy.has(object) && spec.vifs.every((vif) => vifs.has(vif))
    const state = error ? 'FAILED' : right ? 'READY' : there || input.busy.has(object) ? 'BUILDING' : 'PENDING'
    return create('ReportedLink', {
      id: spec.link.id,
      state: `OBJECT_STATE_${state}`,
      mtu: spec.link.mtu || defaultMtu,
      interfaces: there?.interfaces ?? [],
      error: error && toWireError(error),
    })
  })
  const known = new Set(wanted.map(({ link }) => link.id))
  const leaving = input.links.filter(({ id }) => !known.has(id))
  return [
    ...reported,
    ...leaving.map(({ id, interfaces }) => {
      const error = input.failures.get(`link/${id}`)
      const state = error ? 'OBJECT_STATE_FAILED' : 'OBJECT_STATE_REMOVING'
      return create('ReportedLink', { id, state, interfaces, error: error && toWireError(error) })
    }),
  ]
}

const phaseOf = (input: ReportInput, states: readonly ObjectState[]): Phase => {
  if (!input.slice) return input.refusal ? 'PHASE_REJECTED' : 'PHASE_GONE'
  if (input.slice.absent) return 'PHASE_REMOVING'
  if (input.refusal || states.includes('OBJECT_STATE_FAILED')) return 'PHASE_DEGRADED'
  return states.every((state) => state === 'OBJECT_STATE_READY') ? 'PHASE_READY' : 'PHASE_BUILDING'
}

/** Pure. Objects come in the order of the slice; then those that are on their way out. */
export const report = (input: ReportInput): Reported => {
  const nodes = reportNodes(input)
  const links = reportLinks(input)
  const { refusal, slice } = input
  return create('Reported', {
    vnet: input.vnet,
    generation: refusal?.generation ?? slice?.generation ?? 0,
    epoch: refusal?.epoch ?? slice?.epoch ?? 0,
    phase: phaseOf(
      input,
      [...nodes, ...links].map(({ state }) => state),
    ),
    error: refusal && toWireError(refusal.error),
    nodes,
    links,
    timings: input.timings,
  })
}

/** Of a VNet of which nothing is left here. */
export const reportGone = (vnet: string, generation: number, epoch: number, timings: readonly Timing[]): Reported =>
  create('Reported', { vnet, generation, epoch, phase: 'PHASE_GONE', timings })
