/**
 * What is to be done next for one VNet: a pure function of what shall be and what is. Each object has one step at most; the one after
 * it is planned from what is there then. Steps of different objects wait for nothing: links do not wait for nodes to boot.
 */
import { WeftError } from '../../proto/errors.ts'
import type { Slice, SliceNode } from '../../proto/generated/weft.v1.ts'
import type { LinkStep } from '../datapath/driver.ts'
import { configurationDigest, isMadeFrom } from '../hypervisor/digest.ts'
import type { IdleNode, NodeEnd, NodeSpec, ObservedNode } from '../hypervisor/driver.ts'
import { type DatapathView, planLinks } from './plan-links.ts'

/** What is known of one hypervisor's nodes of this VNet; an error where it could not be asked: then nothing is done to them. */
export type HypervisorView = readonly ObservedNode[] | WeftError

export type Step =
  | { readonly kind: 'node.remove'; readonly node: string; readonly hypervisor: string; readonly reasons: Reasons }
  | {
      readonly kind: 'node.start'
      readonly spec: NodeSpec
      /** The pool's node that it is made of. */
      readonly from?: IdleNode | undefined
      readonly restart: boolean
      readonly reasons: Reasons
    }
  | { readonly kind: 'node.configure'; readonly spec: NodeSpec; readonly reasons: Reasons }
  | { readonly kind: 'link'; readonly datapath: string; readonly step: LinkStep; readonly reasons: Reasons }

/** For people, one line each. */
export type Reasons = readonly string[]

export interface PlanInput {
  readonly vnet: string
  /** Missing or absent: nothing shall be left. */
  readonly slice: Slice | undefined
  /** X of vifX.Y by node, for every node of the slice. */
  readonly slots: ReadonlyMap<string, number>
  readonly hypervisors: ReadonlyMap<string, HypervisorView>
  readonly datapaths: ReadonlyMap<string, DatapathView>
  /** Whether the slice is known to be current in this boot of the host: only then are nodes started that may be elsewhere by now. */
  readonly isCurrent?: boolean | undefined
  /** By node, what it can be made of; nothing without it. */
  readonly takeable?: ReadonlyMap<string, IdleNode> | undefined
}

export interface Plan {
  /** Removals first: they free what the rest may need. */
  readonly steps: readonly Step[]
  /** Objects, as kind/name, that nothing can be done for, and why. */
  readonly problems: ReadonlyMap<string, WeftError>
  /** Objects, as kind/name, that are left as they are until their controller says more, and why. */
  readonly held?: ReadonlyMap<string, WeftError>
}

/** kind/name of what a step is about; steps about one object are never done at the same time. */
export const objectOf = (step: Step): string => {
  switch (step.kind) {
    case 'node.remove':
      return `node/${step.node}`
    case 'node.start':
    case 'node.configure':
      return `node/${step.spec.node.id}`
    case 'link':
      return `link/${step.step.link}`
  }
}

/** For logs: `node.start r1`, `link.add r1-r2`. */
export const describeStep = (step: Step): string => {
  switch (step.kind) {
    case 'node.remove':
      return `node.remove ${step.node}`
    case 'node.start':
    case 'node.configure':
      return `${step.kind} ${step.spec.node.id}`
    case 'link':
      return `link.${step.step.action} ${step.step.link}`
  }
}

export const specOf = (vnet: string, node: SliceNode, slots: ReadonlyMap<string, number>): NodeSpec => {
  const slot = slots.get(node.id)
  if (slot === undefined) throw new WeftError('internal', `node ${node.id} of ${vnet} has no slot`)
  return { vnet, node, slot }
}

const vifName = (slot: number, index: number): string => `vif${slot}.${index}`

/** Why a node has to be made again; [] where it is what was asked for. */
const remakeReasons = (spec: NodeSpec, observed: ObservedNode): Reasons => {
  if (observed.digest === '') return ['only half of it is there']
  if (observed.slot !== spec.slot) return [`its vifs are vif${observed.slot}.*, they should be vif${spec.slot}.*`]
  return isMadeFrom(spec, observed.digest) ? [] : ['what it was made from has changed']
}

const missingInterfaces = ({ node }: NodeSpec, { vifs }: ObservedNode): readonly number[] => {
  const there = new Set(vifs.map(({ index }) => index))
  return node.interfaces.map(({ index }) => index).filter((index) => !there.has(index))
}

/** Why a node that runs has to be configured; [] where it is as asked for. An interface that is gone is no reason to lose what is on its disk. */
const configureReasons = (spec: NodeSpec, observed: ObservedNode): Reasons => {
  if (observed.configuration === '') return ['it runs and is not configured']
  if (observed.configuration === configurationDigest(spec)) {
    return missingInterfaces(spec, observed).map((index) => `${vifName(spec.slot, index)} is gone`)
  }
  const wanted = new Set(spec.node.interfaces.map(({ index }) => index))
  const attached = missingInterfaces(spec, observed).map((index) => `${vifName(spec.slot, index)} shall be attached`)
  const detached = observed.vifs
    .filter(({ index }) => !wanted.has(index))
    .map(({ name }) => `${name} shall be detached`)
  const changes = [...attached, ...detached]
  return changes.length > 0 ? changes : ['MAC, MTU or addresses have changed']
}

export const endWords: Readonly<Record<NodeEnd['how'], string>> = {
  stopped: 'has stopped',
  crashed: 'has crashed',
  rebooted: 'reboots',
}

/** Whether a node that ended is started again. A reboot is no end: whoever asks for one wants the node back. */
const comesBack = (policy: string, { how }: NodeEnd): boolean =>
  how === 'rebooted' || (policy === 'on-failure' ? how === 'crashed' : policy !== 'never')

const startReasons = ({ pooled }: SliceNode, from: IdleNode | undefined): Reasons => {
  if (from) return [`it is taken from the pool: ${from.vnet}/${from.id}`]
  return pooled === '' ? ['it is not there'] : [`it is not there, and ${pooled} is not to be had for it`]
}

const planNode = (spec: NodeSpec, observed: ObservedNode | undefined, from: IdleNode | undefined): Step | undefined => {
  const { node } = spec
  if (!observed) return { kind: 'node.start', spec, from, restart: false, reasons: startReasons(node, from) }
  const remake = remakeReasons(spec, observed)
  if (remake.length > 0) {
    return { kind: 'node.remove', node: node.id, hypervisor: observed.hypervisor, reasons: remake }
  }
  if (!observed.running) {
    const { ended } = observed
    if (ended && !comesBack(node.restartPolicy, ended)) return undefined
    const reasons = [ended ? `it ${endWords[ended.how]}: ${ended.reason}` : 'it is made and does not run']
    return { kind: 'node.start', spec, restart: ended !== undefined, reasons }
  }
  const reasons = configureReasons(spec, observed)
  return reasons.length === 0 ? undefined : { kind: 'node.configure', spec, reasons }
}

/** Why a node that has this step next is left as it is: it may have been made again elsewhere while its host was away. */
const holdOf = (node: SliceNode, step: Step | undefined, isCurrent: boolean): WeftError | undefined => {
  if (!node.recoverable || isCurrent || step === undefined || step.kind === 'node.configure') return undefined
  return new WeftError('host.not-admitted', `node ${node.id} waits: it may run on another host by now`, {
    object: `node/${node.id}`,
    hint: "it starts when its controller has said that it is this host's in this boot",
  })
}

/** Pure. Throws nothing: what is wrong with an object stands in `problems`. */
export const plan = (input: PlanInput): Plan => {
  const { vnet, hypervisors, slots } = input
  const slice = input.slice?.absent ? undefined : input.slice
  const nodes = slice?.nodes ?? []
  const problems = new Map<string, WeftError>()
  const held = new Map<string, WeftError>()
  const removals: Step[] = []
  const others: Step[] = []

  const wanted = new Map(nodes.map((node) => [node.id, node.hypervisor]))
  const seen = new Map(
    [...hypervisors].map(([name, view]) => {
      const there = view instanceof WeftError ? [] : view
      return [name, new Map(there.map((node) => [node.id, node]))]
    }),
  )
  const stray = new Set<string>()
  for (const [hypervisor, view] of hypervisors) {
    if (view instanceof WeftError) continue
    for (const { id } of view) {
      if (wanted.get(id) === hypervisor) continue
      stray.add(id)
      const reasons = [wanted.has(id) ? `it shall run on ${wanted.get(id)}` : 'it is wanted no more']
      removals.push({ kind: 'node.remove', node: id, hypervisor, reasons })
    }
  }
  for (const node of nodes) {
    const view = hypervisors.get(node.hypervisor)
    if (view === undefined) {
      const known = [...hypervisors.keys()].join(', ') || 'none'
      const details = { object: `node/${node.id}`, hint: `this host has ${known}` }
      problems.set(
        `node/${node.id}`,
        new WeftError('hypervisor.unavailable', `node ${node.id} asks for ${node.hypervisor}`, details),
      )
    } else if (view instanceof WeftError) problems.set(`node/${node.id}`, view)
    else if (!stray.has(node.id)) {
      const step = planNode(
        specOf(vnet, node, slots),
        seen.get(node.hypervisor)?.get(node.id),
        input.takeable?.get(node.id),
      )
      const hold = holdOf(node, step, input.isCurrent ?? false)
      if (hold) held.set(`node/${node.id}`, hold)
      else if (step?.kind === 'node.remove') removals.push(step)
      else if (step) others.push(step)
    }
  }

  const links = planLinks(vnet, slice, slots, input.datapaths)
  for (const [object, problem] of links.problems) problems.set(object, problem)
  const linkSteps = links.steps.map(
    ({ datapath, step }): Step => ({ kind: 'link', datapath, step, reasons: step.reasons }),
  )
  const isRemoval = (step: Step): boolean => step.kind === 'link' && step.step.action === 'remove'
  return {
    steps: [...removals, ...linkSteps.filter(isRemoval), ...others, ...linkSteps.filter((step) => !isRemoval(step))],
    problems,
    held,
  }
}
