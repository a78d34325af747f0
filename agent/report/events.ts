/** What happened between two reports of a VNet, for people and controllers who would rather be told than compare. Pure. */
import type { NodeEnd, ObjectState, Reported, Error as WireError } from '../../proto/generated/weft.v1.ts'

export interface Happening {
  readonly kind: string
  readonly object: string
  readonly error?: WireError | undefined
  readonly end?: NodeEnd | undefined
}

interface Thing {
  readonly id: string
  readonly state: ObjectState
  readonly error?: WireError | undefined
  readonly lastEnd?: NodeEnd | undefined
}

const happenings = (kind: 'node' | 'link', before: readonly Thing[], now: readonly Thing[]): readonly Happening[] => {
  const known = new Map(before.map((thing) => [thing.id, thing]))
  const there = new Set(now.map(({ id }) => id))
  const changes = now.flatMap(({ id, state, error, lastEnd }): readonly Happening[] => {
    const old = known.get(id)
    const object = `${kind}/${id}`
    const hasEnded = lastEnd !== undefined && old !== undefined && lastEnd.unixMs !== old.lastEnd?.unixMs
    const ended = hasEnded ? [{ kind: `node.${lastEnd.how}`, object, end: lastEnd }] : []
    if (old?.state === state && old.error?.code === error?.code) return ended
    if (state === 'OBJECT_STATE_READY')
      return [...ended, { kind: kind === 'node' ? 'node.started' : 'link.ready', object }]
    const isTold = error?.code === 'node.not-running' && lastEnd !== undefined
    if (state === 'OBJECT_STATE_FAILED' && !isTold) return [...ended, { kind: `${kind}.failed`, object, error }]
    return ended
  })
  const removed = before.filter(({ id }) => !there.has(id)).map(({ id }) => `${kind}/${id}`)
  return [...changes, ...removed.map((object) => ({ kind: `${kind}.removed`, object }))]
}

const phases: Readonly<Partial<Record<Reported['phase'], string>>> = {
  PHASE_READY: 'slice.ready',
  PHASE_DEGRADED: 'slice.degraded',
  PHASE_REMOVING: 'slice.removing',
  PHASE_REJECTED: 'slice.refused',
  PHASE_GONE: 'slice.gone',
}

/** Objects first, then the slice as a whole. The first report of all tells no events of objects: they may be old. */
export const eventsBetween = (before: Reported | undefined, now: Reported): readonly Happening[] => {
  const kind = before?.phase === now.phase ? undefined : phases[now.phase]
  return [
    ...(before ? happenings('node', before.nodes, now.nodes) : []),
    ...(before ? happenings('link', before.links, now.links) : []),
    ...(kind === undefined ? [] : [{ kind, object: `vnet/${now.vnet}`, error: now.error }]),
  ]
}
