/** A compiled configuration in the kernel: its maps, its programs, its handlers. */
import type { Configured } from '../../click/element.ts'
import type { GraphElement } from '../../click/graph.ts'
import { WeftError } from '../../proto/errors.ts'
import { possibleCpuCount } from '../ebpf/cpus.ts'
import { type BpfMap, createMap } from '../ebpf/map.ts'
import type { MapSpec } from '../ebpf/map-spec.ts'
import { type BpfProgram, loadProgram } from '../ebpf/program.ts'
import { VerifierError } from '../ebpf/verifier.ts'
import type { Compiled, CompiledMap, CompiledProgram, PlacedElement } from './compile/compile.ts'
import { stateMap } from './compile/state.ts'
import { type ElementState, type Handler, HandlerError } from './handlers.ts'

export interface LoadedProgram {
  readonly device: string
  readonly element: GraphElement
  readonly program: BpfProgram
}

export interface Router {
  /** One for each FromDevice, attached nowhere yet. */
  readonly programs: readonly LoadedProgram[]
  readonly elements: readonly PlacedElement[]
  /** The value of `element.handler`. Throws WeftError config.invalid where there is no such handler to read. */
  read(name: string): string
  /** Throws WeftError config.invalid where there is no such handler to write, or the text is not for it. */
  write(name: string, text: string): void
  /** Lets go of maps and programs; what is attached goes on. */
  close(): void
}

/** Throws WeftError: internal with element and landmark where the verifier refuses what was compiled; BpfError. */
export const loadRouter = (compiled: Compiled): Router => {
  const held: { close(): void }[] = []
  const close = (): void => {
    for (const each of held.splice(0)) each.close()
  }
  try {
    const maps = new Map<string, BpfMap>()
    for (const spec of compiled.maps) {
      const map = createMap(toMapSpec(spec))
      held.push(map)
      maps.set(spec.name, map)
    }
    const memory = mapOf(maps, stateMap).memory()
    new Uint8Array(memory).set(compiled.initialState)
    const stateOfElement = (placed: PlacedElement): ElementState => stateOf(placed, maps, new DataView(memory))
    for (const placed of compiled.elements) placed.code.start?.(stateOfElement(placed), placed.configured)
    const programs = compiled.programs.map((program): LoadedProgram => {
      const loaded = load(program, Object.fromEntries(maps))
      held.push(loaded)
      return { device: program.device, element: program.element, program: loaded }
    })
    return { programs, elements: compiled.elements, ...handlersOf(compiled.elements, stateOfElement), close }
  } catch (error) {
    close()
    throw error
  }
}

const toMapSpec = ({ name, entries, ...rest }: CompiledMap): MapSpec => ({
  // Of its name the kernel takes 15 letters.
  name: name.slice(name.indexOf('.') + 1),
  ...rest,
  entries: 'count' in entries ? entries.count : entries.perProcessor * possibleCpuCount(),
})

const load = ({ element, device, program }: CompiledProgram, maps: Readonly<Record<string, BpfMap>>): BpfProgram => {
  try {
    return loadProgram(
      { name: `click_${device}`.replaceAll(/[^A-Za-z0-9_.]/g, '_'), kind: 'tc', instructions: program },
      { maps },
    )
  } catch (error) {
    if (!(error instanceof VerifierError)) throw error
    const { subject, where } = error.note ?? { subject: element.name, where: element.landmark }
    throw new WeftError('internal', error.message, { object: `element/${subject}`, where, cause: error })
  }
}

const mapOf = (maps: ReadonlyMap<string, BpfMap>, name: string | undefined): BpfMap => {
  const map = maps.get(name ?? '')
  if (!map) throw new RangeError(`no map ${name}`)
  return map
}

const stateOf = (
  { slots, maps: own }: PlacedElement,
  maps: ReadonlyMap<string, BpfMap>,
  view: DataView,
): ElementState => {
  const at = (slot: string): number => {
    const offset = slots.get(slot)
    if (offset === undefined) throw new RangeError(`no slot ${slot}`)
    return offset
  }
  return {
    get: (slot) => view.getBigUint64(at(slot), true),
    set: (slot, value) => view.setBigUint64(at(slot), BigInt.asUintN(64, value), true),
    map: (name) => mapOf(maps, own.get(name)),
  }
}

const handlersOf = (
  elements: readonly PlacedElement[],
  stateOf: (placed: PlacedElement) => ElementState,
): Pick<Router, 'read' | 'write'> => {
  const byName = new Map(elements.map((placed) => [placed.element.name, placed]))

  const find = (name: string): readonly [PlacedElement, string] => {
    const dot = name.lastIndexOf('.')
    const placed = byName.get(name.slice(0, dot))
    if (dot < 1 || !placed)
      throw new WeftError('config.invalid', `no element named '${name.slice(0, Math.max(dot, 0))}'`)
    return [placed, name.slice(dot + 1)]
  }

  return {
    read: (name) => {
      const [placed, handler] = find(name)
      const read = handlerOf(placed, handler)?.read
      if (!read) throw new WeftError('config.invalid', `no read handler '${name}'`)
      return read(stateOf(placed), placed.configured)
    },
    write: (name, text) => {
      const [placed, handler] = find(name)
      const write = handlerOf(placed, handler)?.write
      if (!write) throw new WeftError('config.invalid', `no write handler '${name}'`)
      try {
        write(stateOf(placed), text, placed.outputs, placed.configured)
      } catch (error) {
        if (!(error instanceof HandlerError)) throw error
        throw new WeftError('config.invalid', `${name}: ${error.message}`, { cause: error })
      }
    },
  }
}

const handlerOf = ({ element, code }: PlacedElement, name: string): Handler<Configured> | undefined => {
  const own = Object.hasOwn(code.handlers ?? {}, name) ? code.handlers?.[name] : undefined
  if (own) return own
  if (name === 'name') return { read: () => element.name }
  if (name === 'class') return { read: () => element.class }
  if (name === 'config') return { read: () => element.configuration }
  return undefined
}
