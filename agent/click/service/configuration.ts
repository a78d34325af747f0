/** What a router is made of: a configuration, as it was given and as it compiles in a network namespace. */
import { createHash } from 'node:crypto'
import { formatDiagnostic } from '../../../click/diagnostics.ts'
import type { Graph } from '../../../click/graph.ts'
import { type ReadOptions, readRouter } from '../../../click/read.ts'
import { unparse } from '../../../click/unparse.ts'
import { WeftError } from '../../../proto/errors.ts'
import type { Link } from '../../netlink/link/link.ts'
import { type Compiled, type CompileOptions, compile, type PlacedElement } from '../compile/compile.ts'
import { mapSpecOf } from '../state.ts'
import type { Generation } from './record.ts'

export interface Configuration {
  readonly graph: Graph
  /** A character a byte; landmarks speak of `file`. */
  readonly text: string
  readonly file: string
  readonly variables: Readonly<Record<string, string>>
}

/** Throws WeftError config.invalid with what is wrong first; the others are its cause, an AggregateError. */
export const readConfiguration = (text: string, file: string, options: ReadOptions = {}): Configuration => {
  const { checked, diagnostics } = readRouter(text, file, options)
  if (checked) return { graph: checked.graph, text, file, variables: options.variables ?? {} }
  const lines = diagnostics.filter(({ severity }) => severity === 'error').map(formatDiagnostic)
  throw new WeftError('config.invalid', lines[0] ?? `${file} is no configuration`, {
    cause: new AggregateError(lines.map((line) => new Error(line))),
  })
}

/** Whatever it was read from is in it. */
export const flatText = ({ graph }: Pick<Configuration, 'graph'>): string =>
  unparse({ ...graph, requirements: [], definitions: [] })

/** The graph of a router that was found. Throws WeftError. */
export const recordedGraph = ({ flat, file }: Generation): Graph => readConfiguration(flat, file).graph

/** Of a router that was found, as it was given. Throws WeftError. */
export const recordedConfiguration = (generation: Generation): Configuration => {
  const { text, file, variables } = generation
  return { graph: recordedGraph(generation), text, file, variables }
}

export type Interfaces = ReadonlyMap<string, Link>

/** What was chosen where the configuration leaves it open. */
export type Choices = Pick<Generation, 'room' | 'xdp'>

const optionsOf = ({ room, xdp }: Choices): Omit<CompileOptions, 'device'> => ({
  room: new Map(Object.entries(room)),
  hook: ({ device, attach }) => (attach === 'xdp' || (attach === 'auto' && xdp.includes(device)) ? 'xdp' : 'tc'),
})

/** What the router makes itself need not be there yet. Throws WeftError: not-supported, config.invalid, nic.unknown, each with its landmark. */
export const compileIn = (graph: Graph, interfaces: Interfaces, choices: Choices): Compiled => {
  const missing = new Set<string>()
  const device = (name: string): number => {
    const found = interfaces.get(name)
    if (!found) missing.add(name)
    return found?.index ?? 1
  }
  const compiled = compile(graph, { device, ...optionsOf(choices) })
  for (const program of compiled.programs) device(program.device)
  const own = new Set(compiled.hostDevices.map(({ name }) => name))
  const name = [...missing].find((each) => !own.has(each))
  if (name === undefined) return compiled
  const element = compiled.elements.find(({ configured }) => configured.values['DEVNAME'] === name)?.element
  throw new WeftError('nic.unknown', `there is no interface ${name}`, {
    object: `element/${element?.name} :: ${element?.class}`,
    where: element?.landmark,
    hint: `there are ${[...interfaces.keys()].join(', ')}`,
  })
}

/** Where state is does not depend on interfaces: the layout of a router that was found, wherever it is. */
export const compileAnywhere = (graph: Graph, choices: Choices): Compiled =>
  compile(graph, { device: () => 1, ...optionsOf(choices) })

/** Tells layouts of state apart: two with the same digest have each element's slots and maps at the same places. */
export const layoutDigest = ({ elements, maps }: Compiled): string => {
  const hash = createHash('sha256')
  for (const { element, slots } of elements) hash.update(JSON.stringify([element.name, element.class, [...slots]]))
  for (const map of maps) hash.update(JSON.stringify([map.name, mapSpecOf(map)]))
  return hash.digest('hex')
}

/** What the pin of a map is called, by what instructions call it: elements' names can be longer than a file's. */
export const mapPins = (elements: readonly PlacedElement[]): ((map: string) => string) => {
  const own = elements.flatMap(({ maps }, i) => [...maps].map(([name, map]) => [map, `${i}:${name}`] as const))
  const pins = new Map(own)
  return (map) => pins.get(map) ?? map
}
