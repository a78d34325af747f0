/** get: one slice or all that the caller may see, as it shall be and as it is. */
import { create } from '../../proto/codec.ts'
import type { GetSlices, HostReply, Slice } from '../../proto/generated/weft.v1.ts'
import { type CommandContext, maySee, visibleSlice } from './context.ts'

export const getSlices = async (
  { desired, reconciler }: CommandContext,
  { vnet }: GetSlices,
  owner: string,
): Promise<HostReply> => {
  const slices: readonly Slice[] =
    vnet === '' ? desired.list().filter((slice) => maySee(slice, owner)) : [visibleSlice(desired, vnet, owner)]
  return create('HostReply', {
    slices: { slices: slices.map((slice) => ({ desired: slice, reported: reconciler.reportOf(slice.vnet) })) },
  })
}
