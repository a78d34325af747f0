/**
 * A configuration as it was written: elements, connections, and the classes of compound elements within each other. No behaviour: parse
 * makes it, flatten and unparse read it. `graph.ts` has what is left when compound elements and groups are gone.
 */
import type { Landmark } from '../diagnostics.ts'

export type ElementClass = Primitive | Compound | Synonym

export interface Primitive {
  readonly kind: 'primitive'
  readonly name: string
}

/** One definition of a compound element. */
export interface Compound {
  readonly kind: 'compound'
  /** Empty: anonymous. */
  readonly name: string
  readonly landmark: Landmark
  readonly formals: readonly Formal[]
  readonly body: Body
  /** What is tried where this definition does not match: the next one after `||`, or the class that `...` extends. */
  readonly overload: ElementClass | undefined
}

/** `elementclass name of;` */
export interface Synonym {
  readonly kind: 'synonym'
  readonly name: string
  readonly of: ElementClass
}

/** `$name`, or `KEYWORD $name`; the keyword `__REST__` takes what is left. */
export interface Formal {
  readonly name: string
  /** Empty: by position. */
  readonly keyword: string
}

/** What stands in a file or between the braces of one definition. The first two nodes of a definition are its `input` and `output`. */
export interface Body {
  /** 0 for a file's, 1 for that of a compound element in it, and so on. */
  readonly depth: number
  readonly definitions: readonly Definition[]
  readonly requirements: readonly Requirement[]
  readonly nodes: readonly Node[]
  readonly connections: readonly Connection[]
  readonly classes: readonly ClassDeclaration[]
}

/** `define($name value)` */
export interface Definition {
  readonly name: string
  readonly value: string
}

/** `require(package name)`, `require(compact_config)` */
export interface Requirement {
  readonly type: string
  readonly value: string
  readonly landmark: Landmark
}

export type Node = Element | Pseudoelement

export interface Element {
  readonly kind: 'element'
  readonly name: string
  readonly class: ElementClass
  /** As it was written, with quotes, comments and variables. */
  readonly configuration: string
  readonly landmark: Landmark
}

/** One end of a tunnel through which packets pass into or out of a compound element or a group. */
export interface Pseudoelement {
  readonly kind: 'pseudoelement'
  readonly name: string
  readonly landmark: Landmark
  /** Index of the node where the packets that enter here come out; undefined for that end, and for `input` and `output` of a definition. */
  readonly comesOutAt: number | undefined
  /** Index of the node where the packets that come out here entered. */
  readonly entersAt: number | undefined
}

export interface Connection {
  readonly from: Port
  readonly to: Port
  readonly landmark: Landmark
}

export interface Port {
  /** Index of a node. */
  readonly node: number
  readonly port: number
}

/** A named class that the body declares, after its first `nodesBefore` nodes. */
export interface ClassDeclaration {
  readonly class: Compound | Synonym
  readonly nodesBefore: number
}

export const isTunnelEnd = (node: Node): node is Pseudoelement =>
  node.kind === 'pseudoelement' && (node.comesOutAt !== undefined || node.entersAt !== undefined)
