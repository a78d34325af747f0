/** apply: this host's part of a VNet, from a client: the same desired state as the controller's, through another door. */
import { create } from '../../proto/codec.ts'
import { WeftError } from '../../proto/errors.ts'
import type { ApplySlice, HostReply, Slice } from '../../proto/generated/weft.v1.ts'
import { controllerOwner, sameContent } from '../state/rules.ts'
import { validateSlice } from '../state/validate.ts'
import type { CommandContext } from './context.ts'

/** People need not count: no generation stands for the next one, or for the one held where nothing differs. */
const withGeneration = (slice: Slice, held: Slice | undefined): Slice => {
  if (slice.generation !== 0) return slice
  const next = held === undefined ? 1 : sameContent(held, slice) ? held.generation : held.generation + 1
  return { ...slice, generation: next }
}

/** Epochs are the controller's: a client has none. */
export const ownedBy = (slice: Slice, owner: string): Slice => ({
  ...slice,
  owner,
  epoch: owner === controllerOwner ? slice.epoch : 0,
})

/** Settles when the slice is on disk; building goes on and is told in reports. */
export const applySlice = async (
  { desired, reconciler }: CommandContext,
  { slice: sent }: ApplySlice,
  owner: string,
): Promise<HostReply> => {
  if (!sent) throw new WeftError('message.malformed', 'apply has no slice', { hint: '{"apply": {"slice": {…}}}' })
  validateSlice(sent)
  const slice = withGeneration(ownedBy(sent, owner), desired.get(sent.vnet))
  if ((await desired.set(slice)) === 'new') reconciler.changed(slice.vnet)
  // The same may be said for another boot.
  else reconciler.enqueue(slice.vnet)
  return create('HostReply', { reported: reportNow(reconciler, slice) })
}

/** What stands now; of a slice that was not looked at yet, that it is being built or removed. */
export const reportNow = (reconciler: CommandContext['reconciler'], slice: Slice) => {
  const { vnet, generation, epoch } = slice
  const reported = reconciler.reportOf(vnet)
  if (reported?.generation === generation && reported.epoch === epoch) return reported
  return create('Reported', { vnet, generation, epoch, phase: slice.absent ? 'PHASE_REMOVING' : 'PHASE_BUILDING' })
}
