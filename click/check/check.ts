/** Whether a flat configuration is one: known classes, right arguments, ports complete and in range, push and pull in agreement. */
import { createDiagnostics, type Diagnostics } from '../diagnostics.ts'
import { type Configured, configure, type ElementClass, type PortCounts } from '../element.ts'
import { catalogue } from '../elements/catalogue.ts'
import { isOfClickAlone } from '../elements/known.ts'
import { type Graph, type GraphElement, usedPorts } from '../graph.ts'
import type { Processing } from './codes.ts'
import { fitPorts, readPortCounts } from './port-counts.ts'
import { resolveProcessing } from './processing.ts'

/** An element with all that its class makes of its text. */
export interface CheckedElement {
  readonly element: GraphElement
  readonly class: ElementClass
  /** Narrow it by the class's own value: `if (checked.class === strip) ...`, or with `configuredAs`. */
  readonly configured: Configured
  /** Of each port; push or pull. */
  readonly inputs: readonly Processing[]
  readonly outputs: readonly Processing[]
}

/** A graph without errors; `elements[i]` is `graph.elements[i]`. */
export interface CheckedGraph {
  readonly graph: Graph
  readonly elements: readonly CheckedElement[]
}

/** The typed arguments of a checked element, if it is of this class. */
export const configuredAs = <C extends ElementClass>(
  { class: elementClass, configured }: CheckedElement,
  wanted: C,
): C extends ElementClass<infer A, infer L> ? Configured<A, L> | undefined : never =>
  // `elementClass === wanted` says that `configured` was read by `wanted` itself.
  (elementClass.name === wanted.name ? configured : undefined) as never

const nameOf = ({ name, class: className }: GraphElement): string => `${name} :: ${className}`

/** Says which elements are of classes that there are in Click and not here. */
export const checkSupport = ({ elements }: Pick<Graph, 'elements'>, diagnostics: Diagnostics): void => {
  for (const { class: name, landmark } of elements) {
    if (isOfClickAlone(name)) diagnostics.error(landmark, `element class '${name}' not supported`)
  }
}

const findClass = ({ class: name, landmark }: GraphElement, diagnostics: Diagnostics): ElementClass | undefined => {
  const found = catalogue.get(name)
  if (!found && !isOfClickAlone(name)) diagnostics.error(landmark, `unknown element class '${name}'`)
  return found
}

/** How many ports each element has; those that connections use beyond are errors. */
const checkRange = (
  graph: Graph,
  classes: readonly (ElementClass | undefined)[],
  used: readonly PortCounts[],
  diagnostics: Diagnostics,
): readonly PortCounts[] => {
  const counts = used.map((each, i) => {
    const code = readPortCounts(classes[i]?.ports ?? '-/-')
    return code ? fitPorts(code, each) : each
  })
  const said = new Set<string>()
  const check = (node: number, port: number, side: 'input' | 'output'): void => {
    const element = graph.elements[node]
    if (!element || port < (counts[node]?.[`${side}s`] ?? 0)) return
    const key = `${side} ${node} ${port}`
    if (!said.has(key)) diagnostics.error(element.landmark, `'${nameOf(element)}' has no ${side} ${port}`)
    said.add(key)
  }
  for (const { from, to } of graph.connections) {
    check(from.node, from.port, 'output')
    check(to.node, to.port, 'input')
  }
  return counts
}

/** A push output, or a pull input, has one connection; every port has one. */
const checkComplete = (
  graph: Graph,
  classes: readonly (ElementClass | undefined)[],
  counts: readonly PortCounts[],
  processing: readonly { inputs: readonly Processing[]; outputs: readonly Processing[] }[],
  diagnostics: Diagnostics,
): void => {
  for (const [side, end] of [['input', 'to'] as const, ['output', 'from'] as const]) {
    const uses = new Map<string, number>()
    for (const connection of graph.connections) {
      const { node, port } = connection[end]
      const key = `${node} ${port}`
      uses.set(key, (uses.get(key) ?? 0) + 1)
    }
    const active = side === 'input' ? 'pull' : 'push'
    graph.elements.forEach((element, node) => {
      if (!classes[node]) return
      for (let port = 0; port < (counts[node]?.[`${side}s`] ?? 0); port++) {
        const count = uses.get(`${node} ${port}`) ?? 0
        if (count === 0) diagnostics.error(element.landmark, `'${nameOf(element)}' ${side} ${port} unused`)
        if (count > 1 && processing[node]?.[`${side}s`][port] === active) {
          diagnostics.error(element.landmark, `illegal reuse of '${nameOf(element)}' ${active} ${side} ${port}`)
        }
      }
    })
  }
}

const checkRequirements = ({ requirements }: Graph, diagnostics: Diagnostics): void => {
  for (const { type, value, landmark } of requirements) {
    if (type === 'package') diagnostics.error(landmark, `package '${value}' not supported`)
  }
}

/** Gives what the compiler reads; undefined where there were errors. Variables must have been put in (`expandVariables`). */
export const check = (graph: Graph, diagnostics: Diagnostics = createDiagnostics()): CheckedGraph | undefined => {
  const before = diagnostics.list.filter(({ severity }) => severity === 'error').length
  checkRequirements(graph, diagnostics)
  checkSupport(graph, diagnostics)
  const classes = graph.elements.map((element) => findClass(element, diagnostics))
  const used = usedPorts(graph)
  const counts = checkRange(graph, classes, used, diagnostics)
  const processing = resolveProcessing(graph, classes, counts, diagnostics)
  checkComplete(graph, classes, counts, processing, diagnostics)
  const elements = graph.elements.flatMap((element, i): CheckedElement[] => {
    const elementClass = classes[i]
    if (!elementClass) return []
    const { configured, problems } = configure(
      elementClass,
      element.configuration,
      counts[i] ?? { inputs: 0, outputs: 0 },
    )
    if (problems.length > 0) {
      diagnostics.error(element.landmark, [`While configuring '${nameOf(element)}':`, ...problems].join('\n'))
    }
    const ports = processing[i]
    return configured && ports ? [{ element, class: elementClass, configured, ...ports }] : []
  })
  const errors = diagnostics.list.filter(({ severity }) => severity === 'error').length
  return errors === before && elements.length === graph.elements.length ? { graph, elements } : undefined
}
