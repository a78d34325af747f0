/**
 * What a recorded configuration compiles to. It follows from the record alone, so small ones that are asked for often, as the tables of underlay NICs at
 * each look, are compiled once.
 */
import type { Compiled } from '../compile/compile.ts'
import { compileAnywhere, recordedGraph } from './configuration.ts'
import type { Generation } from './record.ts'

/** Of those used last. */
const mostKept = 32
/** A configuration with a whole Internet's routes takes hundreds of MB as a graph. */
const mostLetters = 64 * 1024

const kept = new Map<string, Compiled>()

/** Throws WeftError. */
export const recompile = (generation: Generation): Compiled => {
  const { flat, file, room, xdp } = generation
  if (flat.length > mostLetters) return compileAnywhere(recordedGraph(generation), generation)
  const key = JSON.stringify([flat, file, room, xdp])
  const compiled = kept.get(key) ?? compileAnywhere(recordedGraph(generation), generation)
  // The last one used comes last.
  kept.delete(key)
  kept.set(key, compiled)
  const [oldest] = kept.keys()
  if (kept.size > mostKept && oldest !== undefined) kept.delete(oldest)
  return compiled
}
