/** A compiled configuration in the kernel: its maps, its programs, its handlers. */
import type { Configured } from '../../click/element.ts'
import type { GraphElement } from '../../click/graph.ts'
import { WeftError } from '../../proto/errors.ts'
import { possibleCpuCount } from '../ebpf/cpus.ts'
import { type BpfMap, createMap } from '../ebpf/map.ts'
import { type BpfProgram, loadProgram } from '../ebpf/program.ts'
import { VerifierError } from '../ebpf/verifier.ts'
import type { Compiled, CompiledMap, CompiledProgram, PlacedElement } from './compile/compile.ts'
import { stateMap } from './compile/state.ts'
import { type Handler, HandlerError, type SlotAccess } from './handlers.ts'

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
    const state = maps.get(stateMap)
    if (!state) throw new RangeError('a router without a state')
    new Uint8Array(state.memory()).set(compiled.initialState)
    const programs = compiled.programs.map((program): LoadedProgram => {
      const loaded = load(program, Object.fromEntries(maps))
      held.push(loaded)
      return { device: program.device, element: program.element, program: loaded }
    })
    return { programs, elements: compiled.elements, ...handlersOf(compiled.elements, state), close }
  } catch (error) {
    close()
    throw error
  }
}

const toMapSpec = ({ name, valueBytes, entries }: CompiledMap) => ({
  name,
  kind: 'array' as const,
  keyBytes: 4,
  valueBytes,
  entries: 'count' in entries ? entries.count : entries.perProcessor * possibleCpuCount(),
  ...(name === stateMap ? { mappable: true } : {}),
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

const handlersOf = (elements: readonly PlacedElement[], state: BpfMap): Pick<Router, 'read' | 'write'> => {
  const view = new DataView(state.memory())
  const byName = new Map(elements.map((placed) => [placed.element.name, placed]))

  const find = (name: string): readonly [PlacedElement, string] => {
    const dot = name.lastIndexOf('.')
    const placed = byName.get(name.slice(0, dot))
    if (dot < 1 || !placed)
      throw new WeftError('config.invalid', `no element named '${name.slice(0, Math.max(dot, 0))}'`)
    return [placed, name.slice(dot + 1)]
  }

  const access = ({ slots }: PlacedElement): SlotAccess => {
    const at = (slot: string): number => {
      const offset = slots.get(slot)
      if (offset === undefined) throw new RangeError(`no slot ${slot}`)
      return offset
    }
    return {
      get: (slot) => view.getBigUint64(at(slot), true),
      set: (slot, value) => view.setBigUint64(at(slot), BigInt.asUintN(64, value), true),
    }
  }

  return {
    read: (name) => {
      const [placed, handler] = find(name)
      const read = handlerOf(placed, handler)?.read
      if (!read) throw new WeftError('config.invalid', `no read handler '${name}'`)
      return read(access(placed), placed.configured)
    },
    write: (name, text) => {
      const [placed, handler] = find(name)
      const write = handlerOf(placed, handler)?.write
      if (!write) throw new WeftError('config.invalid', `no write handler '${name}'`)
      try {
        write(access(placed), text, placed.outputs)
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
