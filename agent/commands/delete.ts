/** delete: nothing of the caller's slice shall be left. Idempotent while it is being removed. */
import { create } from '../../proto/codec.ts'
import type { DeleteSlice, HostReply } from '../../proto/generated/weft.v1.ts'
import { reportNow } from './apply.ts'
import { type CommandContext, visibleSlice } from './context.ts'

export const deleteSlice = async (
  { desired, reconciler }: CommandContext,
  { vnet }: DeleteSlice,
  owner: string,
): Promise<HostReply> => {
  const held = visibleSlice(desired, vnet, owner)
  const absent = held.absent
    ? held
    : create('Slice', { vnet, owner, generation: held.generation + 1, epoch: held.epoch, absent: true })
  // Who only sees the slice is refused here.
  if ((await desired.set({ ...absent, owner })) === 'new') reconciler.changed(vnet)
  return create('HostReply', { reported: reportNow(reconciler, absent) })
}
