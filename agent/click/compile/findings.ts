/** What the compiler says about a configuration that is right in Click's terms, for who only checks it: nothing is made, no kernel is asked. */
import type { Diagnostic } from '../../../click/diagnostics.ts'
import { configure } from '../../../click/element.ts'
import { type Graph, usedPorts } from '../../../click/graph.ts'
import { WeftError } from '../../../proto/errors.ts'
import { elementCode } from '../elements/elements.ts'
import { compile } from './compile.ts'

/**
 * Arguments that are not supported are errors, all of them. What else the compiler refuses lies in the graph (a header that no element has found, a
 * second FromDevice of a device): Click takes it, so it is a warning, the first alone.
 */
export const findingsOf = (graph: Graph): readonly Diagnostic[] => {
  const ports = usedPorts(graph)
  const errors = graph.elements.flatMap(({ name, class: className, configuration, landmark }, node): Diagnostic[] => {
    const code = elementCode(className)
    const { inputs = 0, outputs = 0 } = ports[node] ?? {}
    const { configured } = code ? configure(code.of, configuration, { inputs, outputs }) : {}
    const missing = configured && code?.unsupported?.(configured)
    if (missing === undefined) return []
    return [{ severity: 'error', landmark, text: `'${name} :: ${className}': ${missing} not supported` }]
  })
  if (errors.length > 0) return errors
  try {
    compile(graph, { device: () => 1 })
    return []
  } catch (error) {
    if (!(error instanceof WeftError)) throw error
    return [{ severity: 'warning', landmark: error.where ?? '', text: error.message }]
  }
}
