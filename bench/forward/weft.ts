/** The compiled router in the kernel, with a hand on its instructions and maps: C can read its tables, others go before its programs. */
import { accessHandlers, type HandlerAccess } from '../../agent/click/access.ts'
import { compile } from '../../agent/click/compile/compile.ts'
import { stateMap } from '../../agent/click/compile/state.ts'
import { type LoadedProgram, loadPrograms } from '../../agent/click/router.ts'
import { lastPlace, nextHopBytes, placeOfPart, type TableRoom } from '../../agent/click/routes/layout.ts'
import { powerOfTwo } from '../../agent/click/routes/room.ts'
import { createMaps, mapOf, type RouterMaps, stateOf } from '../../agent/click/state.ts'
import type { Program } from '../../agent/ebpf/asm/asm.ts'
import type { BpfMap } from '../../agent/ebpf/map.ts'
import { WeftError } from '../../proto/errors.ts'
import type { Definitions } from './clang.ts'
import { type Hook, type RouterPlan, readPlan } from './router.ts'
import { makeRoutes } from './routes.ts'

export interface WeftRouter extends HandlerAccess {
  readonly programs: readonly LoadedProgram[]
  /** Of each program, as they stand in `programs`. */
  readonly instructions: readonly Program[]
  /** By the names that instructions call them. */
  readonly maps: RouterMaps
  /** The map of the route table, and what table.h must be told of it. */
  readonly table: BpfMap
  readonly tableDefinitions: Definitions
  close(): void
}

export interface WeftOptions {
  /** Index of an interface by name. */
  readonly device: (name: string) => number
  readonly hook: Hook
}

/** Throws WeftError, or Error where the text is wrong. */
export const loadWeft = (plan: RouterPlan, { device, hook }: WeftOptions): WeftRouter => {
  const compiled = compile(readPlan(plan, hook), { device })
  const maps = createMaps(compiled)
  const closeMaps = (): void => {
    for (const map of maps.values()) map.close()
  }
  try {
    const programs = loadPrograms(compiled, maps)
    const view = new DataView(mapOf(maps, stateMap).memory())
    const {
      routes = 0,
      nextHops = 0,
      blocks = 0,
    } = compiled.elements.find(({ element }) => element.name === 'routes')?.room ?? {}
    const room: TableRoom = { routes, nextHops: powerOfTwo(nextHops), blocks }
    return {
      programs,
      instructions: compiled.programs.map(({ program }) => program),
      maps,
      table: mapOf(maps, 'routes.table'),
      tableDefinitions: {
        ENTRIES_AT: placeOfPart(room, 'entries'),
        LAST_PLACE: lastPlace(room),
        NEXT_HOPS_AT: placeOfPart(room, 'nextHops'),
        NEXT_HOP_MASK: (room.nextHops - 1) * nextHopBytes,
      },
      ...accessHandlers(compiled.elements, (placed) => stateOf(placed, (name) => mapOf(maps, name), view)),
      close: () => {
        for (const { program } of programs) program.close()
        closeMaps()
      },
    }
  } catch (error) {
    closeMaps()
    throw error
  }
}

/** Why the router cannot be had at the hook of XDP; undefined where it can. */
export const xdpProblem = (): string | undefined => {
  try {
    const ends = { from: '2:0:0:0:0:1', to: '2:0:0:0:0:2' }
    compile(readPlan({ inputs: ['in'], outputs: [{ device: 'out', ...ends }], routes: makeRoutes(1, 1) }, 'xdp'), {
      device: () => 1,
    })
    return undefined
  } catch (error) {
    if (error instanceof WeftError && error.code === 'not-supported') return error.message
    throw error
  }
}
