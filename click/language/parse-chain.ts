/** Declarations and connections: lists of elements, joined by arrows. After Click's `lib/lexer.cc` and click(5). */
import type { Landmark } from '../diagnostics.ts'
import { limits } from '../limits.ts'
import { addNode, anonymousName, connect, findNode, isElementName } from './builder.ts'
import { type Endpoint, noPorts, type PortList, pairs, sequence } from './endpoints.ts'
import { isNested, readCompound, readGroup } from './parse-compound.ts'
import type { ElementClass } from './router.ts'
import {
  accept,
  addPrimitive,
  findClass,
  giveBack,
  needClass,
  next,
  type ParserState,
  peek,
  readConfiguration,
  syntaxError,
} from './state.ts'
import { readPort, type Token, type TokenKind } from './tokens.ts'

/** One item of a list, before it is known whether it declares anything. */
interface Item {
  readonly name: string
  /** The class that the name is: then this is an anonymous element of it. */
  readonly class: ElementClass | undefined
  readonly declared: ElementClass | undefined
  readonly configuration: string
  readonly inputs: PortList
  readonly outputs: PortList
  readonly landmark: Landmark
  /** A name and nothing else. */
  readonly bare: boolean
  /** `input` or `output`, left out. */
  readonly implicit: boolean
}

const isArrow = ({ kind }: Token): boolean => kind === '->' || kind === '=>'

/** `[0]`, `[0,2]`, `[0-2]`, `[0-]`, `[]`; undefined where there is no bracket. */
const readPorts = (state: ParserState): PortList | undefined => {
  if (!accept(state, '[')) return undefined
  const { diagnostics } = state
  const ports: number[] = []
  let range = false
  for (;;) {
    const token = next(state)
    if (token.kind === ']') return { ports: ports.length > 0 ? ports : [0], open: true }
    if (token.kind !== 'identifier') {
      diagnostics.error(token.landmark, 'syntax error: expected port number')
      giveBack(state, token)
      return { ports, open: false }
    }
    const given = readPort(token.text)
    const port = given ?? 0
    if (given === undefined) diagnostics.error(token.landmark, 'syntax error: port number should be integer')
    if (port > limits.port || ports.length > limits.port) {
      diagnostics.error(token.landmark, `port number above ${limits.port}`)
      range = false
    } else if (range) for (let i = (ports.at(-1) ?? -1) + 1; i <= port; i++) ports.push(i)
    else ports.push(port)
    const separator = next(state)
    if (separator.kind === ']') return { ports, open: false }
    if (separator.kind === '-' && !range) range = true
    else if (separator.kind === ',') range = false
    else {
      diagnostics.error(separator.landmark, "syntax error: expected ','")
      giveBack(state, separator)
    }
  }
}

/** Whether `input` (at a chain's start) or `output` (at its end) was left out here. */
const isImplicit = (state: ParserState, token: Token, isStart: boolean, isFirst: boolean, ports: boolean): boolean => {
  if (!isNested(state)) return false
  if (isArrow(token)) return isStart && (ports || isFirst)
  if (token.kind === ',') return ports
  return token.kind !== '::' && !isStart && (ports || isFirst)
}

type Subject = Pick<Item, 'name' | 'class' | 'implicit'> & {
  readonly landmark: Landmark
  readonly isName: boolean
  /** Ports that a group implies. */
  readonly inputs?: PortList
  readonly outputs?: PortList
}

/** What stands where an element's name may: a name, a class, a compound element or a group. undefined: none of them. */
const readSubject = (state: ParserState, isStart: boolean, isFirst: boolean, ports: boolean): Subject | undefined => {
  const token = next(state)
  const { landmark, text } = token
  const explicit = { landmark, implicit: false, isName: false }
  if (token.kind === 'identifier') {
    return { ...explicit, name: text, class: findClass(state, text), isName: true }
  }
  if (token.kind === '{') return { ...explicit, name: '', class: readCompound(state, '', landmark) }
  if (token.kind === '(') {
    const name = anonymousName(state.body, '')
    const { inputs, outputs } = readGroup(state, name, landmark)
    return { ...explicit, name, class: undefined, inputs: sequence(inputs), outputs: sequence(outputs) }
  }
  giveBack(state, token)
  if (!isImplicit(state, token, isStart, isFirst, ports)) return undefined
  if (isStart && isArrow(token) && !ports && !state.chainEndedAtOutput) {
    state.diagnostics.warning(landmark, `suggest 'input ${text}' or '[0] ${text}' to start connection`)
  }
  return { ...explicit, name: isStart ? 'input' : 'output', class: undefined, implicit: true }
}

/** `:: Class` or `:: { ... }`. */
const readDeclaredClass = (state: ParserState, subject: Subject): ElementClass | undefined => {
  if (!accept(state, '::')) return undefined
  const token = next(state)
  if (token.kind === 'identifier') return needClass(state, token.text, token.landmark)
  if (token.kind === '{') return readCompound(state, '', token.landmark)
  giveBack(state, token)
  state.diagnostics.error(token.landmark, 'missing element type in declaration')
  return needClass(state, subject.name, token.landmark)
}

/** `[port] name :: Class(configuration) [port]`; undefined where no element stands. */
const readItem = (state: ParserState, isStart: boolean, isFirst: boolean): Item | undefined => {
  const before = readPorts(state)
  const subject = readSubject(state, isStart, isFirst, before !== undefined)
  if (!subject) {
    if (before) state.diagnostics.error(peek(state).landmark, 'stranded port ignored')
    return undefined
  }
  const { name, landmark, implicit } = subject
  if (implicit) {
    // Ports in front of an arrow are those by which packets leave `input`.
    const ports = before ?? noPorts
    const [inputs, outputs] = isStart ? [noPorts, ports] : [ports, noPorts]
    return { ...subject, declared: undefined, configuration: '', inputs, outputs, bare: false }
  }
  const declared = readDeclaredClass(state, subject)
  const parenthesis = accept(state, '(')
  if (parenthesis && findNode(state.body, name) !== undefined) {
    state.diagnostics.error(parenthesis.landmark, 'configuration string ignored on element reference')
  }
  const configuration = parenthesis ? readConfiguration(state) : ''
  return {
    name,
    class: subject.class,
    declared,
    configuration,
    landmark,
    implicit,
    inputs: before ?? subject.inputs ?? noPorts,
    outputs: readPorts(state) ?? subject.outputs ?? noPorts,
    bare: subject.isName && !declared && !parenthesis,
  }
}

/** The list before or after an arrow; empty where none stands. */
const readItems = (state: ParserState, isStart: boolean): readonly Item[] => {
  const items: Item[] = []
  do {
    const item = readItem(state, isStart, items.length === 0)
    if (!item) break
    items.push(item)
  } while (accept(state, ','))
  return items
}

const hasPorts = ({ inputs, outputs }: Item): boolean => inputs.ports.length > 0 || outputs.ports.length > 0

/** `a, b, c :: Class(x);` alone declares all three alike. */
const spreadDeclaration = (items: readonly Item[]): readonly Item[] => {
  const last = items.at(-1)
  if (items.length < 2 || !last?.declared || items.some((item) => hasPorts(item) || item.implicit)) return items
  if (!items.slice(0, -1).every(({ bare }) => bare)) return items
  const { declared, configuration } = last
  return items.map((item) => ({ ...item, declared, configuration }))
}

const declareElement = (state: ParserState, item: Item, name: string, elementClass: ElementClass): number => {
  const { configuration, landmark } = item
  if (!isElementName(name)) state.diagnostics.error(landmark, `element name '${name}' has all-digit component`)
  return addNode(state.body, { kind: 'element', name, class: elementClass, configuration, landmark })
}

/** The node that an item means, made where it declares one. */
const resolveItem = (state: ParserState, item: Item): number => {
  const { body, diagnostics } = state
  const { name, landmark, declared } = item
  const existing = item.class ? undefined : findNode(body, name)
  if (existing !== undefined) {
    if (declared) {
      diagnostics.error(landmark, `redeclaration of element '${name}'`)
      diagnostics.message(body.nodes[existing]?.landmark ?? landmark, `element '${name}' previously declared here`)
    }
    return existing
  }
  if (item.class && declared) diagnostics.error(landmark, `class '${name}' used as element name`)
  if (declared && !item.class) return declareElement(state, item, name, declared)
  // An item before this one in the list may have made the name a class.
  const known = item.class ?? findClass(state, name)
  if (!known && state.options.isClass) diagnostics.error(landmark, `undeclared element '${name}'`)
  const elementClass = known ?? addPrimitive(state, name)
  return declareElement(state, item, anonymousName(body, elementClass.name), elementClass)
}

const checkUseless = (state: ParserState, list: readonly Endpoint[], side: 'inputs' | 'outputs'): void => {
  if (list.every((endpoint) => endpoint[side].ports.length === 0)) return
  const words = side === 'outputs' ? 'output ports ignored at end of chain' : 'input ports ignored at start of chain'
  state.diagnostics.error(peek(state).landmark, words)
}

/** Reads the arrow that goes on with the chain; undefined at its end. */
const readArrow = (state: ParserState): Token | undefined => {
  for (;;) {
    const token = next(state)
    switch (token.kind) {
      case '->':
      case '=>':
        return token
      case ',':
      case '::':
        syntaxError(state, token)
        continue
      case ';':
        return undefined
      case 'end':
      case 'identifier':
      case '{':
      case '}':
      case '[':
      case ')':
      case '||':
      case 'elementclass':
      case 'require':
      case 'provide':
      case 'define':
        giveBack(state, token)
        return undefined
      default:
        syntaxError(state, token)
        if (token.kind === 'variable' || token.kind === '...') giveBack(state, token)
        return undefined
    }
  }
}

/** A whole chain, from its first element to its end. Throws Overflow. */
export const readChain = (state: ParserState): void => {
  let last: readonly Endpoint[] = []
  let arrow: Token | undefined
  do {
    const items = readItems(state, arrow === undefined)
    const token = peek(state)
    if (items.length === 0) {
      missingElement(state, token, arrow === undefined)
      break
    }
    if (arrow && isArrow(token) && items.some(({ implicit }) => implicit)) {
      state.diagnostics.error(token.landmark, 'implicit ports used in the middle of a chain')
    }
    const isAlone = !arrow && !isArrow(token)
    const resolved = (isAlone ? spreadDeclaration(items) : items).map((item) => ({
      node: resolveItem(state, item),
      inputs: item.inputs,
      outputs: item.outputs,
    }))
    if (arrow) connectAll(state, last, resolved, arrow)
    else checkUseless(state, resolved, 'inputs')
    last = resolved
    arrow = readArrow(state)
  } while (arrow)
  checkUseless(state, last, 'outputs')
  state.chainEndedAtOutput = last.length === 1 && last[0]?.node === findNode(state.body, 'output')
}

const startsOrEndsStatement: readonly TokenKind[] = ['}', ')', '||', 'elementclass', 'require', 'define', 'end']

/** Within a compound element or a group, a chain whose first element is missing has said so already (`stranded port ignored`). */
const missingElement = (state: ParserState, token: Token, isStart: boolean): void => {
  if (isStart && isNested(state)) return
  syntaxError(state, token)
  if (!startsOrEndsStatement.includes(token.kind)) next(state)
}

const connectAll = (state: ParserState, from: readonly Endpoint[], to: readonly Endpoint[], arrow: Token): void => {
  const { diagnostics, body } = state
  for (const [output, input] of pairs(from, to, arrow.kind === '=>', arrow.landmark, diagnostics)) {
    connect(body, output, input, arrow.landmark)
  }
}
