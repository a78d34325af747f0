/** Whether a configuration can run in XDP. */
import type { Graph } from '../../../click/graph.ts'
import { WeftError } from '../../../proto/errors.ts'
import { compile } from './compile.ts'

/**
 * Why what a FromDevice of `device` (or, without one, any) takes cannot be handled in XDP: not-supported, with the element and its landmark. undefined
 * where it can. Throws what `compile` throws where the configuration cannot run at all.
 */
export const xdpRefusal = (graph: Graph, device?: string): WeftError | undefined => {
  const options = { device: () => 1 }
  compile(graph, { ...options, hook: () => 'tc' })
  try {
    compile(graph, { ...options, hook: (from) => (device === undefined || from.device === device ? 'xdp' : 'tc') })
    return undefined
  } catch (error) {
    if (error instanceof WeftError && error.code === 'not-supported') return error
    throw error
  }
}
