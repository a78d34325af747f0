/**
 * What goes before a program that is timed by runs on one packet: each run gives the packet its next destination, a fresh TTL and the
 * checksum that goes with them, out of a list. So a million runs forward a million packets, and each may look up another route. The cost of it
 * alone is the floor.
 */
import {
  add,
  and,
  type Item,
  jgt,
  label,
  ldMapValue,
  ldx,
  lsh,
  mov,
  type Program,
  stx,
} from '../../agent/ebpf/asm/asm.ts'
import type { MapSpec } from '../../agent/ebpf/map-spec.ts'
import type { ProgramKind } from '../../agent/ebpf/program.ts'
import { at, makeFrame } from './frames.ts'

export const driveMap = 'drive'
const headBytes = 8
const entryBytes = 8

/** u64 number of the next run; then for each destination the word of TTL, protocol and checksum, and the address. */
export const driveMapOf = (destinations: number): MapSpec => ({
  name: driveMap,
  kind: 'array',
  keyBytes: 4,
  valueBytes: headBytes + entryBytes * destinations,
  entries: 1,
  mappable: true,
})

/** As many destinations as the map was made for: a power of two. */
export const fillDrive = (memory: ArrayBuffer, destinations: readonly number[], bytes: number): void => {
  const target = Buffer.from(memory)
  // What a checksum is without a destination: the sum of the others' complements.
  const others = makeFrame({ bytes, destination: 0 })
  const sum = ~others.readUInt16BE(at.checksum) & 0xffff
  target.writeBigUInt64LE(0n, 0)
  destinations.forEach((destination, i) => {
    const place = headBytes + i * entryBytes
    const total = sum + (destination >>> 16) + (destination & 0xffff)
    const folded = (total & 0xffff) + (total >>> 16)
    others.copy(target, place, at.ttl, at.checksum)
    target.writeUInt16BE(~((folded & 0xffff) + (folded >>> 16)) & 0xffff, place + 2)
    target.writeUInt32BE(destination, place + 4)
  })
}

/** Where a context says that the packet begins and ends. */
const pointers: Readonly<Record<'tc' | 'xdp', readonly [data: number, end: number]>> = { tc: [76, 80], xdp: [0, 4] }

export const driven = (kind: Extract<ProgramKind, 'tc' | 'xdp'>, destinations: number, program: Program): Program => {
  const [data, end] = pointers[kind]
  const begin: readonly Item[] = [
    mov('r6', 'r1'),
    ldMapValue('r7', driveMap),
    ldx('u64', 'r8', 'r7', 0),
    mov('r0', 'r8'),
    add('r0', 1),
    stx('u64', 'r7', 0, 'r0'),
    and('r8', destinations - 1),
    lsh('r8', 3),
    add('r7', 'r8'),
    ldx('u32', 'r1', 'r7', headBytes),
    ldx('u32', 'r2', 'r7', headBytes + 4),
    ldx('u32', 'r3', 'r6', data),
    ldx('u32', 'r4', 'r6', end),
    mov('r5', 'r3'),
    add('r5', at.destination + 4),
    jgt('r5', 'r4', 'driven'),
    stx('u32', 'r3', at.ttl, 'r1'),
    stx('u32', 'r3', at.destination, 'r2'),
    label('driven'),
    mov('r1', 'r6'),
  ]
  return [...begin, ...program]
}
