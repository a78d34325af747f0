/** One configuration in the kernel: its maps and programs, pinned, so that whoever comes later finds them. */
import { join } from 'node:path'
import { WeftError } from '../../../proto/errors.ts'
import type { BpfMap } from '../../ebpf/map.ts'
import { pin, pinName, pinnedMap, pinnedProgram } from '../../ebpf/pins.ts'
import type { BpfProgram } from '../../ebpf/program.ts'
import { accessHandlers, type HandlerAccess } from '../access.ts'
import type { Compiled, PlacedElement } from '../compile/compile.ts'
import { stateMap } from '../compile/state.ts'
import type { ElementState } from '../handlers.ts'
import { type LoadedProgram, loadPrograms } from '../router.ts'
import { createMaps, type Inherited, type RouterMaps, stateOf } from '../state.ts'
import { type Attachment, placeKey } from './attach.ts'
import { layoutDigest, mapPins } from './configuration.ts'
import { recompile } from './recompile.ts'
import type { Generation } from './record.ts'

/** Descriptors of a generation that is being made. */
export interface MadeGeneration {
  readonly maps: RouterMaps
  readonly programs: readonly LoadedProgram[]
  close(): void
}

/** Loads all of it. Throws as createMaps and loadRouter; maps that are inherited stay open in any case. */
export const makeGeneration = (compiled: Compiled, inherited: Inherited | undefined): MadeGeneration => {
  const maps = createMaps(compiled, inherited)
  const closeMaps = (): void => {
    for (const [name, map] of maps) if (!inherited?.maps.has(name)) map.close()
  }
  try {
    const programs = loadPrograms(compiled, maps)
    const close = (): void => {
      for (const { program } of programs) program.close()
      closeMaps()
    }
    return { maps, programs, close }
  } catch (error) {
    closeMaps()
    throw error
  }
}

const programPin = (pins: string, attachment: Attachment): string => join(pins, 'programs', placeKey(attachment))

export const pinGeneration = (
  pins: string,
  compiled: Compiled,
  maps: RouterMaps,
  programs: readonly (readonly [Attachment, BpfProgram])[],
): void => {
  const pinOf = mapPins(compiled.elements)
  for (const [name, map] of maps) pin(map, join(pins, 'maps', pinName(pinOf(name))))
  for (const [attachment, program] of programs) pin(program, programPin(pins, attachment))
}

/** Throws WeftError router.broken where its pin is gone. */
export const findProgram = (pins: string, attachment: Attachment): BpfProgram => {
  const path = programPin(pins, attachment)
  const program = pinnedProgram(path)
  if (program) return program
  throw new WeftError('router.broken', `the program at ${attachment.device} is not pinned at ${path}`)
}

export const madeByAnotherVersion = (): WeftError =>
  new WeftError('router.broken', 'another version of Weft made the router, and kept its state elsewhere', {
    hint: 'a swap with the same configuration makes it anew',
  })

/** A generation that was found. */
export interface FoundGeneration extends HandlerAccess {
  readonly compiled: Compiled
  readonly stateOf: (placed: PlacedElement) => ElementState
  /** By what instructions call it; held until the close. Throws WeftError router.broken where its pin is gone. */
  readonly map: (name: string) => BpfMap
  close(): void
}

/** Throws WeftError router.broken where another version of Weft compiled it, or pins are gone. */
export const findGeneration = (pins: string, generation: Generation): FoundGeneration => {
  const compiled = recompile(generation)
  if (layoutDigest(compiled) !== generation.digest) {
    throw madeByAnotherVersion()
  }
  const pinOf = mapPins(compiled.elements)
  const held = new Map<string, BpfMap>()
  const map = (name: string): BpfMap => {
    const path = join(pins, 'maps', pinName(pinOf(name)))
    const found = held.get(name) ?? pinnedMap(path)
    if (!found) throw new WeftError('router.broken', `the map ${name} is not pinned at ${path}`)
    held.set(name, found)
    return found
  }
  let view: DataView | undefined
  const state = (): DataView => {
    view ??= new DataView(map(stateMap).memory())
    return view
  }
  const stateOfElement = (placed: PlacedElement): ElementState => stateOf(placed, map, state())
  const handlers = accessHandlers(compiled.elements, stateOfElement)
  const close = (): void => {
    for (const each of held.values()) each.close()
    held.clear()
  }
  return { compiled, ...handlers, stateOf: stateOfElement, map, close }
}
