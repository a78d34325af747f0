/**
 * Which slice may take the place of which (DESIGN section 3), as a pure rule: one owner a slice, and never back to an
 * older epoch or generation.
 */
import { encode } from '../../proto/codec.ts'
import { WeftError } from '../../proto/errors.ts'
import type { Slice } from '../../proto/generated/weft.v1.ts'

/** Owner of what comes by the desired topic. */
export const controllerOwner = 'controller'

export type Admission = 'new' | 'same'

/** Whether two slices ask for the same, whoever wrote them, when, and for which boot. */
export const sameContent = (a: Slice, b: Slice): boolean => {
  const bytes = (slice: Slice) => encode('Slice', { ...slice, owner: '', epoch: 0, generation: 0, bootId: '' })
  return Buffer.compare(bytes(a), bytes(b)) === 0
}

/** Whether a slice is known to be current in this boot of the host. Of a boot without an id nothing is. */
export const isCurrent = (slice: Slice | undefined, bootId: string): boolean =>
  bootId !== '' && slice?.bootId === bootId

const refuse = (code: 'epoch.stale' | 'generation.stale' | 'owner.denied', vnet: string, why: string): never => {
  throw new WeftError(code, `the slice of ${vnet} is refused: ${why}`, { object: `vnet/${vnet}` })
}

/**
 * 'same' where `next` asks for what is held already. Throws epoch.stale, generation.stale or owner.denied.
 * @param highestEpoch of any controller seen on this host, 0 for none
 */
export const admit = (held: Slice | undefined, next: Slice, highestEpoch: number): Admission => {
  if (next.owner === controllerOwner && next.epoch < highestEpoch) {
    return refuse('epoch.stale', next.vnet, `epoch ${next.epoch} is older than ${highestEpoch}, seen before`)
  }
  if (!held) return 'new'
  if (held.owner !== next.owner) {
    return refuse('owner.denied', next.vnet, `it belongs to ${held.owner}, not to ${next.owner}`)
  }
  if (next.generation > held.generation) return 'new'
  if (next.generation < held.generation) {
    return refuse('generation.stale', next.vnet, `generation ${held.generation} is held, this is ${next.generation}`)
  }
  if (sameContent(held, next)) return 'same'
  return refuse('generation.stale', next.vnet, `generation ${held.generation} is held with another content`)
}
