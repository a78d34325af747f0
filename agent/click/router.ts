/** A compiled configuration in the kernel: its maps, its programs, its handlers. */
import { WeftError } from '../../proto/errors.ts'
import type { BpfMap } from '../ebpf/map.ts'
import { type BpfProgram, loadProgram } from '../ebpf/program.ts'
import { VerifierError } from '../ebpf/verifier.ts'
import { accessHandlers, type HandlerAccess } from './access.ts'
import type { Compiled, CompiledProgram, PlacedElement } from './compile/compile.ts'
import { stateMap } from './compile/state.ts'
import { createMaps, mapOf, type RouterMaps, stateOf } from './state.ts'

export interface LoadedProgram extends Omit<CompiledProgram, 'program'> {
  readonly program: BpfProgram
}

export interface Router extends HandlerAccess {
  /** As compiled, attached nowhere yet. */
  readonly programs: readonly LoadedProgram[]
  readonly elements: readonly PlacedElement[]
  /** Lets go of maps and programs; what is attached goes on. */
  close(): void
}

/**
 * Throws WeftError: internal with element and landmark where the verifier refuses what was compiled, not-supported where that is too much for it;
 * BpfError.
 */
export const loadRouter = (compiled: Compiled): Router => {
  const maps = createMaps(compiled)
  const closeMaps = (): void => {
    for (const map of maps.values()) map.close()
  }
  try {
    const programs = loadPrograms(compiled, maps)
    const view = new DataView(mapOf(maps, stateMap).memory())
    const handlers = accessHandlers(compiled.elements, (placed) => stateOf(placed, (name) => mapOf(maps, name), view))
    const close = (): void => {
      for (const { program } of programs) program.close()
      closeMaps()
    }
    return { programs, elements: compiled.elements, ...handlers, close }
  } catch (error) {
    closeMaps()
    throw error
  }
}

/** In the order of the compiled ones; none is left loaded where one is refused. Throws as loadRouter. */
export const loadPrograms = (compiled: Compiled, maps: RouterMaps): readonly LoadedProgram[] => {
  const loaded: LoadedProgram[] = []
  const byName = Object.fromEntries(maps)
  try {
    for (const program of compiled.programs) {
      loaded.push({ ...program, program: load(program, byName) })
    }
    return loaded
  } catch (error) {
    for (const { program } of loaded) program.close()
    throw error
  }
}

const load = (
  { element, device, hook, program }: CompiledProgram,
  maps: Readonly<Record<string, BpfMap>>,
): BpfProgram => {
  try {
    return loadProgram(
      { name: `click_${device}`.replaceAll(/[^A-Za-z0-9_.]/g, '_'), kind: hook, instructions: program },
      { maps },
    )
  } catch (error) {
    if (!(error instanceof VerifierError)) throw error
    const { subject, where } = error.note ?? { subject: element.name, where: element.landmark }
    const at = { object: `element/${subject}`, where, cause: error }
    // A million instructions, over all ways: those of a right program can be more.
    if (error.code === 'E2BIG') {
      const { landmark } = element
      const tooMuch = `${element.name} :: ${element.class}: a program of more work than the kernel's verifier takes not supported`
      throw new WeftError('not-supported', tooMuch, { ...at, object: `element/${element.name}`, where: landmark })
    }
    throw new WeftError('internal', error.message, at)
  }
}
