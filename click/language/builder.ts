/** A body while it is read: nodes by name, connections without repetitions, which ports of pseudoelements were used. */
import { type Diagnostics, type Landmark, Overflow } from '../diagnostics.ts'
import { limits } from '../limits.ts'
import { isDigit } from './characters.ts'
import type {
  Body,
  ClassDeclaration,
  Connection,
  Definition,
  ElementClass,
  Formal,
  Node,
  Port,
  Requirement,
} from './router.ts'

export interface BodyBuilder {
  readonly depth: number
  readonly parent: BodyBuilder | undefined
  /** Classes declared here, the latest of each name. */
  readonly classes: Map<string, ElementClass>
  readonly declarations: ClassDeclaration[]
  readonly formals: Formal[]
  readonly definitions: Definition[]
  /** Names of formals and definitions. */
  readonly variables: Set<string>
  readonly requirements: Requirement[]
  readonly nodes: Node[]
  /** Names to indices. */
  readonly names: Map<string, number>
  /** In a group, what `input` and `output` are there. */
  ends: { readonly input: number; readonly output: number } | undefined
  readonly connections: Connection[]
  readonly connected: Set<string>
  /** By `input ${node}` or `output ${node}`: the ports that connections use. */
  readonly used: Map<string, Set<number>>
}

export const createBuilder = (parent?: BodyBuilder): BodyBuilder => ({
  depth: parent ? parent.depth + 1 : 0,
  parent,
  classes: new Map(),
  declarations: [],
  formals: [],
  definitions: [],
  variables: new Set(),
  requirements: [],
  nodes: [],
  names: new Map(),
  ends: undefined,
  connections: [],
  connected: new Set(),
  used: new Map(),
})

/** The node of that name. */
export const findNode = ({ names, ends }: BodyBuilder, name: string): number | undefined =>
  ends && (name === 'input' || name === 'output') ? ends[name] : names.get(name)

/** Throws Overflow. */
export const addNode = (builder: BodyBuilder, node: Node): number => {
  if (builder.nodes.length >= limits.elements) {
    throw new Overflow(node.landmark, `more than ${limits.elements} elements`)
  }
  builder.names.set(node.name, builder.nodes.length)
  return builder.nodes.push(node) - 1
}

/** An end without tunnel; `addTunnel` joins two. */
const pseudoelement = (name: string, landmark: Landmark) => ({ kind: 'pseudoelement', name, landmark }) as const

export const addInputAndOutput = (builder: BodyBuilder, landmark: Landmark): void => {
  for (const name of ['input', 'output']) {
    addNode(builder, { ...pseudoelement(name, landmark), comesOutAt: undefined, entersAt: undefined })
  }
}

/** The three nodes of a group: itself as seen from outside, its `input`, its `output`. */
export const addGroup = (builder: BodyBuilder, name: string, landmark: Landmark) => {
  const group = builder.nodes.length
  addNode(builder, { ...pseudoelement(name, landmark), comesOutAt: group + 1, entersAt: group + 2 })
  const input = addNode(builder, {
    ...pseudoelement(`${name}/input`, landmark),
    comesOutAt: undefined,
    entersAt: group,
  })
  const output = addNode(builder, {
    ...pseudoelement(`${name}/output`, landmark),
    comesOutAt: group,
    entersAt: undefined,
  })
  return { group, input, output }
}

const use = (builder: BodyBuilder, side: 'input' | 'output', { node, port }: Port): void => {
  if (builder.nodes[node]?.kind !== 'pseudoelement') return
  const key = `${side} ${node}`
  const ports = builder.used.get(key) ?? new Set()
  builder.used.set(key, ports.add(port))
}

/** A connection that is there already is no error and no second one. Throws Overflow. */
export const connect = (builder: BodyBuilder, from: Port, to: Port, landmark: Landmark): void => {
  const key = `${from.node} ${from.port} ${to.node} ${to.port}`
  if (builder.connected.has(key)) return
  if (builder.connections.length >= limits.connections) {
    throw new Overflow(landmark, `more than ${limits.connections} connections`)
  }
  if (Math.max(from.port, to.port) > limits.port) throw new Overflow(landmark, `port number above ${limits.port}`)
  builder.connected.add(key)
  builder.connections.push({ from, to, landmark })
  use(builder, 'output', from)
  use(builder, 'input', to)
}

/**
 * Checks that the ports of a definition's or group's `input` (used as outputs) or `output` follow each other from 0 on. Gives their count.
 */
export const checkPseudoelement = (
  builder: BodyBuilder,
  node: number,
  side: 'input' | 'output',
  name: string,
  landmark: Landmark,
  diagnostics: Diagnostics,
): number => {
  const other = side === 'input' ? 'output' : 'input'
  const ports = builder.used.get(`${other} ${node}`) ?? new Set<number>()
  if (builder.used.has(`${side} ${node}`)) {
    diagnostics.error(landmark, `'${name}' pseudoelement '${side}' may only be used as ${other}`)
  }
  let count = 0
  for (const port of ports) count = Math.max(count, port + 1)
  for (let i = 0; i < count; i++) if (!ports.has(i)) diagnostics.error(landmark, `'${name}' ${side} ${i} missing`)
  return count
}

/** Until the body is finished, the name of what was not named starts with a semicolon, so that no other name can be the same. */
export const anonymousName = ({ nodes, depth }: BodyBuilder, className: string): string =>
  `;${className}@${nodes.length - (depth > 0 ? 2 : 0) + 1}`

/** Gives what was not named its name: `Class@N`, or the next number that is free. */
const nameAnonymous = (builder: BodyBuilder): void => {
  // Of each prefix, the highest number given after a collision: many of them must not take quadratic time.
  const highest = new Map<string, number>()
  builder.nodes.forEach((node, i) => {
    if (!node.name.startsWith(';')) return
    let name = node.name.slice(1)
    if (builder.names.has(name)) {
      const [, prefix = '', digits = '0'] = /^([\s\S]*@)(\d*)/.exec(name) ?? []
      let number = Math.max(Number(digits), highest.get(`${prefix} ${digits}`) ?? 0)
      do name = `${prefix}${++number}`
      while (builder.names.has(name))
      highest.set(`${prefix} ${digits}`, number)
    }
    builder.names.set(name, i)
    builder.nodes[i] = { ...node, name }
  })
}

/** Names its anonymous elements and gives the body. */
export const finishBody = (builder: BodyBuilder): Body => {
  nameAnonymous(builder)
  const { depth, definitions, requirements, nodes, connections, declarations } = builder
  return { depth, definitions, requirements, nodes, connections, classes: declarations }
}

/** A name whose components (between slashes) are not all digits. */
export const isElementName = (name: string): boolean =>
  name.split('/').every((component) => component !== '' && ![...component].every(isDigit))
