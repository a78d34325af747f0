/** Phases and states as people read them: the enum's word without its prefix, in the colour of how well it is. */
import type { ObjectState, Phase } from '../../../proto/generated/weft.v1.ts'
import type { Tone } from '../terminal.ts'

const phaseTones: Readonly<Record<Phase, Tone>> = {
  PHASE_UNSPECIFIED: 'faint',
  PHASE_PENDING: 'busy',
  PHASE_BUILDING: 'busy',
  PHASE_READY: 'good',
  PHASE_DEGRADED: 'bad',
  PHASE_REMOVING: 'busy',
  PHASE_GONE: 'faint',
  PHASE_POSTPONED: 'busy',
  PHASE_REJECTED: 'bad',
}

const stateTones: Readonly<Record<ObjectState, Tone>> = {
  OBJECT_STATE_UNSPECIFIED: 'faint',
  OBJECT_STATE_PENDING: 'busy',
  OBJECT_STATE_BUILDING: 'busy',
  OBJECT_STATE_READY: 'good',
  OBJECT_STATE_FAILED: 'bad',
  OBJECT_STATE_REMOVING: 'busy',
}

const word = (name: string, prefix: string): string => {
  const rest = name.slice(prefix.length).toLowerCase()
  return rest === 'unspecified' ? 'unknown' : rest
}

export const phaseWord = (phase: Phase): string => word(phase, 'PHASE_')

export const stateWord = (state: ObjectState): string => word(state, 'OBJECT_STATE_')

export const phaseCell = (phase: Phase) => ({ text: phaseWord(phase), tone: phaseTones[phase] })

export const stateCell = (state: ObjectState) => ({ text: stateWord(state), tone: stateTones[state] })

/** "2/3": how many are ready. */
export const readyOf = (objects: readonly { readonly state: ObjectState }[]): string =>
  `${objects.filter(({ state }) => state === 'OBJECT_STATE_READY').length}/${objects.length}`
