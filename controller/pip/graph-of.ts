/** The substrate as it can be mapped on, made anew only when an inventory is another one. */
import type { SubstrateGraph } from '../mapping/mapping.ts'
import { substrateGraph } from '../substrate/graph.ts'
import type { DeclaredSubstrate, Inventories } from '../substrate/substrate.ts'

interface Made {
  readonly inventories: Inventories
  readonly graph: SubstrateGraph
}

const made = new WeakMap<DeclaredSubstrate, Made>()

const isSame = (x: Inventories, y: Inventories): boolean =>
  x.size === y.size && [...x].every(([host, inventory]) => y.get(host) === inventory)

/** The same object as before where nothing changed: what follows from it may be kept by it. */
export const graphOf = (substrate: DeclaredSubstrate, inventories: Inventories): SubstrateGraph => {
  const known = made.get(substrate)
  if (known && isSame(known.inventories, inventories)) return known.graph
  const graph = substrateGraph(substrate, inventories)
  made.set(substrate, { inventories, graph })
  return graph
}
