/** What apply would do: what the request changes, and what follows from it where it runs. Pure. */
import type { Change } from '../../proto/generated/weft.v1.ts'

/**
 * @param changes of the request, by itself (diffRequests)
 * @param effects of the provider that carries the VNet: all that is made again, moves or is interrupted there
 */
export const planOf = (changes: readonly Change[], effects: readonly Change[]): readonly Change[] => {
  const found = new Map(effects.map((effect) => [effect.object, effect]))
  const merged = changes.map((change) => merge(change, found.get(change.object)))
  const asked = new Set(changes.map(({ object }) => object))
  const others = effects.filter(({ object }) => !asked.has(object))
  // Removals stay last.
  const isRemoval = ({ action }: Change): boolean => action === 'CHANGE_ACTION_DELETE'
  return [...merged.filter((one) => !isRemoval(one)), ...others, ...merged.filter(isRemoval)]
}

/** Whether something is made again is for the provider to say: it knows what runs. */
const merge = (change: Change, effect: Change | undefined): Change => {
  const { action, object, reason } = change
  if (action !== 'CHANGE_ACTION_CHANGE' && action !== 'CHANGE_ACTION_RECREATE') return change
  if (!effect) return { ...change, action: 'CHANGE_ACTION_CHANGE' }
  const isCutLink = action === 'CHANGE_ACTION_RECREATE' && object.startsWith('link/')
  return {
    object,
    action: isCutLink ? action : effect.action,
    reason: `${reason}; ${effect.reason}`,
    interrupts: effect.interrupts,
  }
}
