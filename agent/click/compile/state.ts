/** The router's state in programs: slots of eight bytes in the one value of the map `state`, shared by all processors. */
import { atomicAdd, ldMapValue, ldx, mov, type Register } from '../../ebpf/asm/asm.ts'
import type { Code } from './code.ts'
import type { CompiledMap } from './compile.ts'

export const stateMap = 'state'

export const stateMapOf = (valueBytes: number): CompiledMap => ({
  name: stateMap,
  kind: 'array',
  keyBytes: 4,
  valueBytes,
  entries: { count: 1 },
  mappable: true,
})

/** Adds one; loses r0 and r1. */
export const countIn = (slot: number): Code => [
  ldMapValue('r1', stateMap, slot),
  mov('r0', 1),
  atomicAdd('u64', 'r1', 0, 'r0'),
]

/** Adds a register that is not r1, which is lost. */
export const addIn = (slot: number, value: Register): Code => [
  ldMapValue('r1', stateMap, slot),
  atomicAdd('u64', 'r1', 0, value),
]

export const loadSlot = (into: Register, slot: number): Code => [
  ldMapValue(into, stateMap, slot),
  ldx('u64', into, into, 0),
]
