/** What is said of a VNet as a whole, as people read it: when it ends, what it waits for, how it is placed. */
import type { VNetState } from '../../../proto/generated/weft.v1.ts'
import { showAffinity } from '../../description/affinity.ts'
import { formatQuantity, lifetime } from '../../description/units.ts'

const at = (unixMs: number): string => new Date(unixMs).toISOString().replace(/\.\d+Z$/, 'Z')

/** Of one that waits for its first version: how long it is to be. */
export const endsText = ({ endsUnixMs, request }: VNetState): string => {
  if (endsUnixMs > 0) return `at ${at(endsUnixMs)}`
  const seconds = request?.lifetimeSeconds ?? 0
  return seconds > 0 ? `${formatQuantity(lifetime, seconds)} after it is accepted` : ''
}

export const waitsText = ({ waiting, phase }: VNetState): string => {
  if (!waiting || phase !== 'PHASE_POSTPONED') return ''
  return `since ${at(waiting.sinceUnixMs)}, ${waiting.position === 1 ? 'first' : `number ${waiting.position}`} of those that wait`
}

export const priorityText = ({ request }: VNetState): string => (request?.priority ? String(request.priority) : '')

/** The default goes without saying. */
export const placementText = ({ request }: VNetState): string => {
  const { placement = '', affinity = [] } = request ?? {}
  return [placement === 'spread' ? '' : placement, showAffinity(affinity)].filter((text) => text !== '').join(', ')
}
