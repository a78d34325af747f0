/** A flat configuration: elements of primitive classes and what connects them. What check, compile and the drawings read. */
import type { Landmark } from './diagnostics.ts'
import type { Connection, Definition, Port, Requirement } from './language/router.ts'

export type { Connection, Definition, Port, Requirement } from './language/router.ts'

export interface GraphElement {
  /** `outer/inner` for one of a compound element; `Class@N` for one that was not named. */
  readonly name: string
  readonly class: string
  /** With the parameters of compound elements put in; with quotes and comments. */
  readonly configuration: string
  readonly landmark: Landmark
}

export interface Graph {
  readonly requirements: readonly Requirement[]
  /** Variables of the file that configurations still use; none after flattening with `expandVariables`. */
  readonly definitions: readonly Definition[]
  readonly elements: readonly GraphElement[]
  /** Between indices into `elements`; each once. */
  readonly connections: readonly Connection[]
}

/** How many input and output ports of each element connections use: the highest number and one. */
export const usedPorts = ({
  elements,
  connections,
}: Graph): readonly { readonly inputs: number; readonly outputs: number }[] => {
  const counts = elements.map(() => ({ inputs: 0, outputs: 0 }))
  const grow = (side: 'inputs' | 'outputs', { node, port }: Port): void => {
    const count = counts[node]
    if (count) count[side] = Math.max(count[side], port + 1)
  }
  for (const { from, to } of connections) {
    grow('outputs', from)
    grow('inputs', to)
  }
  return counts
}
