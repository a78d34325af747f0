/**
 * The mapper's core over an instance: names become indices, what is free is kept in its arrays, and each request becomes a task. One unit
 * of CPU or bandwidth is one unit of the core's. A path takes the bandwidth of a link once; both directions are taken, as the
 * instance knows but one.
 */
import { createUsual, type Demand, dearnessOf } from '../admission/thrift.ts'
import type { Budget, Found, Net, Outcome, Task } from '../mapping/core/task.ts'
import type { Id, Instance, InstanceHost, InstanceRequest, RequestNode, Solution } from './instance.ts'
import type { Mapper } from './simulate.ts'

export interface InstanceNet {
  readonly net: Net
  /** By resource (CPU, NICs), then by host; by arc. */
  readonly room: readonly Float64Array[]
  readonly rates: Float64Array
}

/** What is free of a substrate on which nothing is. */
export const netOf = ({ substrate }: Instance): InstanceNet => {
  const { nodes, links } = substrate
  const indexOf = new Map(nodes.map(({ id }, index) => [id, index]))
  const size = nodes.length
  const head = new Int32Array(2 * links.length)
  const first = new Int32Array(size + 1)
  for (const [link, { a, b }] of links.entries()) {
    head[2 * link] = indexOf.get(b) as number
    head[2 * link + 1] = indexOf.get(a) as number
  }
  for (const node of head) first[node + 1] = (first[node + 1] as number) + 1
  for (let n = 0; n < size; n++) first[n + 1] = (first[n + 1] as number) + (first[n] as number)
  const next = first.slice()
  const arcs = new Int32Array(head.length)
  for (let arc = 0; arc < head.length; arc++) {
    const tail = head[arc ^ 1] as number
    arcs[next[tail] as number] = arc
    next[tail] = (next[tail] as number) + 1
  }
  return {
    net: { size, first, arcs, head, delay: Float64Array.from(links, ({ delay = 0 }) => delay) },
    room: [Float64Array.from(nodes, ({ cpu }) => cpu), Float64Array.from(nodes, ({ nics = 0 }) => nics)],
    rates: Float64Array.from(head, (_, arc) => links[arc >> 1]?.bw ?? 0),
  }
}

const within = (wanted: string, location: string | undefined): boolean =>
  location === wanted || location?.startsWith(`${wanted}/`) === true

const takes = ({ location, hypervisor }: RequestNode, host: InstanceHost): boolean =>
  (location === undefined || within(location, host.location)) &&
  (hypervisor === undefined || !host.hypervisors || host.hypervisors.includes(hypervisor))

/** Hosts that can take a node whatever is free; most nodes have no constraint and share one list. */
const candidatesOf = (hosts: readonly InstanceHost[]) => {
  const known = new Map<string, Int32Array>()
  return (node: RequestNode): Int32Array => {
    const key = JSON.stringify([node.location, node.hypervisor])
    const found = known.get(key)
    if (found) return found
    const list = Int32Array.from(hosts.keys()).filter((index) => takes(node, hosts[index] as InstanceHost))
    known.set(key, list)
    return list
  }
}

/** A link without bandwidth has a path too, and a shorter one is better. */
const leastWeight = 1e-3

/** A request as a task on what is free; `state` is not copied. */
export const taskOf = (
  state: InstanceNet,
  candidates: (node: RequestNode) => Int32Array,
  { nodes, links }: InstanceRequest,
): Task => {
  const indexOf = new Map(nodes.map(({ id }, index) => [id, index]))
  return {
    ...state,
    nodes: nodes.map((node) => ({ needs: [node.cpu, node.nics ?? 0], hosts: candidates(node) })),
    links: links.map(({ a, b, bw, delay = Number.POSITIVE_INFINITY }) => ({
      a: indexOf.get(a) as number,
      b: indexOf.get(b) as number,
      forward: bw,
      backward: bw,
      weight: Math.max(bw, leastWeight),
      delay,
    })),
    perHost: 1,
  }
}

/** By what part a mapping costs more than is proven that it must; 0: the least. Less than floating point can tell is nothing. */
export const gapOf = ({ cost, bound }: Found): number =>
  cost - bound <= 1e-9 * cost ? 0 : bound > 0 ? cost / bound - 1 : Number.POSITIVE_INFINITY

export interface TaskMapper extends Mapper {
  /** Of a request on what is free now; takes nothing. */
  readonly task: (request: InstanceRequest) => Task
  /** Work of each decision, in trees as the core counts it. */
  readonly work: readonly number[]
  /** Of each that was accepted, by what part it costs more than is proven that it must; 0: the least. */
  readonly gaps: readonly number[]
  /** How many were declined though they would have fit. */
  readonly declined: () => number
  readonly state: InstanceNet
}

/** Requests that the usual one is the mean of. */
const usualOf = 1000

const sumOf = (values: Float64Array | undefined): number =>
  values?.reduce((sum, value) => sum + Math.max(0, value), 0) ?? 0

/** What a mapping takes; without one what is asked for. */
const demandOf = ({ nodes, links }: Task, lifetime: number, found?: Found): Demand => ({
  cpu: nodes.reduce((sum, { needs }) => sum + (needs[0] ?? 0), 0),
  rate: links.reduce(
    (sum, { forward, backward }, index) =>
      sum + (forward + backward) * (found?.paths[index]?.length ?? (found ? 0 : 1)),
    0,
  ),
  lifetime,
})

/** @param thrift how dear a mapping may be (admission/thrift.ts); Infinity: all that fits is accepted */
export const createTaskMapper = (
  instance: Instance,
  solve: (task: Task, budget: Budget) => Outcome,
  budget: () => Budget,
  thrift = Number.POSITIVE_INFINITY,
): TaskMapper => {
  const hosts = instance.substrate.nodes
  const state = netOf(instance)
  const candidates = candidatesOf(hosts)
  const held = new Map<number, { readonly task: Task; readonly found: Found }>()
  const work: number[] = []
  const gaps: number[] = []
  const usual = createUsual(usualOf)
  const all = { cpu: sumOf(state.room[0]), rate: sumOf(state.rates) }
  let declined = 0
  const idOf = (index: number | undefined): Id => hosts[index as number]?.id as Id

  const add = ({ nodes, links }: Task, found: Found, sign: 1 | -1): void => {
    const more = (array: Float64Array, at: number, amount: number): void => {
      array[at] = (array[at] as number) + sign * amount
    }
    for (const [index, { needs }] of nodes.entries())
      for (const [resource, amount] of needs.entries())
        more(state.room[resource] as Float64Array, found.hosts[index] as number, amount)
    for (const [index, { forward, backward }] of links.entries())
      for (const arc of found.paths[index] ?? []) {
        more(state.rates, arc, forward)
        more(state.rates, arc ^ 1, backward)
      }
  }
  const solutionOf = ({ hosts: places, paths }: Found, { links }: Task): Solution => ({
    host: Array.from(places, idOf),
    paths: links.map(({ a }, index) => [
      idOf(places[a]),
      ...(paths[index] ?? []).map((arc) => idOf(state.net.head[arc])),
    ]),
  })

  const task = (request: InstanceRequest): Task => taskOf(state, candidates, request)
  return {
    state,
    work,
    gaps,
    task,
    declined: () => declined,
    decide: (request, index) => {
      const asked = task(request)
      const { lifetime } = request
      usual.add(demandOf(asked, lifetime))
      const outcome = solve(asked, budget())
      work.push(outcome.trees)
      if (!outcome.found) return null
      const taken = { cpu: 1 - sumOf(state.room[0]) / all.cpu, rate: 1 - sumOf(state.rates) / all.rate }
      if (dearnessOf(demandOf(asked, lifetime, outcome), usual.mean(), taken) > thrift) {
        declined++
        return null
      }
      gaps.push(gapOf(outcome))
      add(asked, outcome, -1)
      held.set(index, { task: asked, found: outcome })
      return solutionOf(outcome, asked)
    },
    release: (index) => {
      const one = held.get(index)
      held.delete(index)
      if (one) add(one.task, one.found, 1)
    },
  }
}
