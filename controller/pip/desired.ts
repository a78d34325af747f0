/** What each host is told of a VNet: its slice, or that nothing of it shall be left. */
import type { Slice } from '../../proto/generated/weft.v1.ts'
import { absentSlice } from './compile.ts'
import type { VNetRow } from './rows.ts'

/**
 * By host; everything that has to stand in desired/{vnet} under this epoch.
 *
 * @param boots by host, the boot in which it may run all of it
 */
export const desiredOf = (
  row: VNetRow,
  epoch: number,
  boots: ReadonlyMap<string, string>,
): ReadonlyMap<string, Slice> => {
  const { vnet, generation, removing, version, leaving } = row
  const told = new Map<string, Slice>()
  for (const [host, slice] of removing ? [] : version.slices) {
    const bootId = boots.get(host) ?? ''
    told.set(host, { ...slice, generation, epoch, bootId })
  }
  for (const host of leaving) told.set(host, absentSlice(vnet, generation, epoch))
  return told
}

/**
 * The row at its next version: hosts without a part in it are told so. `strangers` are hosts that have something of the VNet without
 * being in the row.
 */
export const atVersion = (
  row: VNetRow | undefined,
  next: Omit<VNetRow, 'leaving' | 'removing'>,
  strangers: Iterable<string>,
): VNetRow => {
  const before = [...(row ? [...row.version.slices.keys(), ...row.leaving] : []), ...strangers]
  return { ...next, removing: false, leaving: new Set(before.filter((host) => !next.version.slices.has(host))) }
}

/** The row on its way out: every host that may have anything of it is told. */
export const atRemoval = (row: VNetRow, generation: number): VNetRow => ({
  ...row,
  generation,
  removing: true,
  leaving: new Set([...row.version.slices.keys(), ...row.leaving]),
})
