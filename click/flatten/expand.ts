/** Puts the insides of compound elements in their place; tunnels stay. After Click's `tools/lib/routert.cc`. */
import { type Diagnostics, type Landmark, Overflow } from '../diagnostics.ts'
import {
  type Body,
  type Compound,
  type Connection,
  type Element,
  isTunnelEnd,
  type Node,
  type Requirement,
} from '../language/router.ts'
import { splitArguments } from '../language/strings.ts'
import { createScope, expand, type Scope, scopeOutside } from '../language/variables.ts'
import { limits } from '../limits.ts'
import { resolveClass } from './arguments.ts'

export type FlatNode =
  | {
      readonly kind: 'element'
      readonly name: string
      readonly class: string
      readonly configuration: string
      readonly landmark: Landmark
    }
  | {
      readonly kind: 'tunnel'
      readonly name: string
      readonly landmark: Landmark
      /** Where what enters here comes out, and where what comes out here entered. */
      comesOutAt: number | undefined
      entersAt: number | undefined
    }
  /** Of a class that matched nothing. */
  | { readonly kind: 'dead'; readonly name: string; readonly landmark: Landmark }

export interface Flat {
  readonly nodes: FlatNode[]
  readonly connections: Connection[]
  /** Of the file and of the compound elements in use, each once. */
  readonly requirements: Requirement[]
}

interface Expansion extends Flat {
  readonly names: Map<string, number>
  readonly connected: Set<string>
  readonly required: Set<string>
  readonly diagnostics: Diagnostics
  readonly ports: WeakMap<Body, readonly { inputs: number; outputs: number }[]>
  /** Characters that names and configurations may still take. */
  textLeft: number
  stepsLeft: number
  readonly mostNodes: number
  depth: number
}

/** Compound elements within each other, also by the names of their classes. */
const deepest = 500

/**
 * What a file's body expands to. `scope` has the values of the file's variables. Throws Overflow.
 */
export const expandBody = (body: Body, scope: Scope, diagnostics: Diagnostics, mostNodes: number): Flat => {
  const flat: Expansion = {
    nodes: [],
    connections: [],
    requirements: [],
    names: new Map(),
    connected: new Set(),
    required: new Set(),
    diagnostics,
    ports: new WeakMap(),
    textLeft: limits.allText,
    stepsLeft: limits.steps,
    mostNodes,
    depth: 0,
  }
  addRequirements(flat, body)
  // The file's own nodes keep their places, those of compound elements come after them.
  for (const node of body.nodes) addNode(flat, topNode(node))
  for (const connection of body.connections) addConnection(flat, connection)
  body.nodes.forEach((node, i) => {
    if (node.kind === 'element') expandElement(flat, body, i, node, '', scope)
  })
  return flat
}

const addRequirements = ({ requirements, required }: Expansion, body: Body): void => {
  for (const requirement of body.requirements) {
    const key = `${requirement.type} ${requirement.value}`
    if (!required.has(key)) requirements.push(requirement)
    required.add(key)
  }
}

const topNode = (node: Node): FlatNode => {
  const { name, landmark } = node
  if (node.kind === 'element') return { kind: 'dead', name, landmark }
  return { kind: 'tunnel', name, landmark, comesOutAt: node.comesOutAt, entersAt: node.entersAt }
}

const spend = (flat: Expansion, text: string, landmark: Landmark): void => {
  flat.textLeft -= text.length
  if (flat.textLeft < 0) throw new Overflow(landmark, 'the flat configuration is too large')
}

const spendSteps = (flat: Expansion, steps: number, landmark: Landmark): void => {
  flat.stepsLeft -= steps
  if (flat.stepsLeft < 0) throw new Overflow(landmark, 'compound elements take too long to expand')
}

const addNode = (flat: Expansion, node: FlatNode): number => {
  spend(flat, node.name, node.landmark)
  if (node.name.length > limits.text) throw new Overflow(node.landmark, 'element name too long')
  if (flat.nodes.length >= flat.mostNodes) throw new Overflow(node.landmark, `more than ${flat.mostNodes} elements`)
  flat.names.set(node.name, flat.nodes.length)
  return flat.nodes.push(node) - 1
}

const addConnection = (flat: Expansion, connection: Connection): void => {
  const { from, to, landmark } = connection
  const key = `${from.node} ${from.port} ${to.node} ${to.port}`
  if (flat.connected.has(key)) return
  if (flat.connections.length >= limits.connections) {
    throw new Overflow(landmark, `more than ${limits.connections} connections`)
  }
  flat.connected.add(key)
  flat.connections.push(connection)
}

const redeclared = (flat: Expansion, name: string, landmark: Landmark, existing: number): void => {
  flat.diagnostics.error(landmark, `redeclaration of element '${name}'`)
  const before = flat.nodes[existing]?.landmark ?? landmark
  flat.diagnostics.message(before, `element '${name}' previously declared here`)
}

/** The tunnel's end of that name, made where there is none yet. */
const tunnelEnd = (flat: Expansion, name: string, landmark: Landmark): number => {
  const existing = flat.names.get(name)
  if (existing === undefined) {
    return addNode(flat, { kind: 'tunnel', name, landmark, comesOutAt: undefined, entersAt: undefined })
  }
  if (flat.nodes[existing]?.kind !== 'tunnel') redeclared(flat, name, landmark, existing)
  return existing
}

const addTunnel = (flat: Expansion, from: string, to: string, landmark: Landmark): void => {
  const start = tunnelEnd(flat, from, landmark)
  const end = tunnelEnd(flat, to, landmark)
  const entrance = flat.nodes[start]
  const exit = flat.nodes[end]
  if (entrance?.kind !== 'tunnel' || exit?.kind !== 'tunnel') return
  if (entrance.comesOutAt !== undefined || exit.entersAt !== undefined) {
    redeclared(flat, from, landmark, start)
    return
  }
  entrance.comesOutAt = end
  exit.entersAt = start
}

const portsOf = (flat: Expansion, body: Body, node: number) => {
  const counts = flat.ports.get(body) ?? body.nodes.map(() => ({ inputs: 0, outputs: 0 }))
  if (!flat.ports.has(body)) {
    for (const { from, to } of body.connections) {
      const source = counts[from.node]
      const target = counts[to.node]
      if (source) source.outputs = Math.max(source.outputs, from.port + 1)
      if (target) target.inputs = Math.max(target.inputs, to.port + 1)
    }
    flat.ports.set(body, counts)
  }
  return counts[node] ?? { inputs: 0, outputs: 0 }
}

/** Puts an element, or what is in it, into the flat configuration; gives the node that connections to it go to. */
const expandElement = (
  flat: Expansion,
  body: Body,
  index: number,
  element: Element,
  prefix: string,
  scope: Scope,
): number => {
  const { landmark } = element
  const name = prefix + element.name
  const configuration = expand(element.configuration, scope, landmark)
  spend(flat, configuration, landmark)
  const use = { args: splitArguments(configuration), ...portsOf(flat, body, index), landmark }
  const resolved = resolveClass(element.class, use, flat.diagnostics, (steps) => spendSteps(flat, steps, landmark))
  if (resolved?.kind === 'compound') {
    return expandCompound(flat, resolved.compound, resolved.values, name, landmark, scope)
  }
  const node: FlatNode = resolved
    ? { kind: 'element', name, class: resolved.name, configuration, landmark }
    : { kind: 'dead', name, landmark }
  return place(flat, node, prefix)
}

/** The file's own elements have their places already. */
const place = (flat: Expansion, node: FlatNode, prefix: string): number => {
  const existing = flat.names.get(node.name)
  if (existing === undefined) return addNode(flat, node)
  if (prefix === '') flat.nodes[existing] = node
  else redeclared(flat, node.name, node.landmark, existing)
  return existing
}

const expandCompound = (
  flat: Expansion,
  compound: Compound,
  values: readonly string[],
  name: string,
  landmark: Landmark,
  scope: Scope,
): number => {
  if (++flat.depth > deepest) throw new Overflow(landmark, 'maximum compound element nesting depth exceeded')
  const { body } = compound
  spendSteps(flat, compound.formals.length + body.definitions.length + body.requirements.length, landmark)
  addRequirements(flat, body)
  // Variables are looked up where the class was declared, not where it is used.
  const inner = createScope(scopeOutside(scope, body.depth))
  compound.formals.forEach((formal, i) => {
    inner.values.set(formal.name, values[i] ?? '')
  })
  for (const { name: variable, value } of body.definitions) inner.values.set(variable, value)

  const existing = flat.names.get(name)
  if (existing !== undefined && flat.nodes[existing]?.kind === 'dead') {
    flat.nodes[existing] = { kind: 'tunnel', name, landmark, comesOutAt: undefined, entersAt: undefined }
  }
  addTunnel(flat, name, `${name}/input`, landmark)
  addTunnel(flat, `${name}/output`, name, landmark)
  expandInto(flat, body, `${name}/`, inner)
  flat.depth--
  return flat.names.get(name) ?? 0
}

const expandInto = (flat: Expansion, body: Body, prefix: string, scope: Scope): void => {
  const places = body.nodes.map((node, i) => {
    if (node.kind === 'element') return expandElement(flat, body, i, node, prefix, scope)
    const comesOutAt = isTunnelEnd(node) && node.comesOutAt !== undefined ? body.nodes[node.comesOutAt] : undefined
    if (comesOutAt) addTunnel(flat, prefix + node.name, prefix + comesOutAt.name, node.landmark)
    return tunnelEnd(flat, prefix + node.name, node.landmark)
  })
  for (const { from, to, landmark } of body.connections) {
    addConnection(flat, {
      from: { node: places[from.node] ?? 0, port: from.port },
      to: { node: places[to.node] ?? 0, port: to.port },
      landmark,
    })
  }
}
