/** What happened between two states of a VNet: pure. */
import type { VNetState, Error as WireError } from '../../proto/generated/weft.v1.ts'
import { recoveryText } from './view/deaths.ts'
import { phaseWord, stateWord } from './view/tones.ts'

export interface Event {
  readonly vnet: string
  /** As kind/name. */
  readonly object: string
  /** Empty: it is new, to the one who looks or at all. */
  readonly from: string
  readonly to: string
  readonly host: string
  readonly error: WireError | undefined
  /** Why a node ended or was made again elsewhere, where that is what happened. */
  readonly reason?: string
}

interface Standing {
  readonly word: string
  readonly host: string
  readonly error: WireError | undefined
}

const standingsOf = (state: VNetState | undefined): ReadonlyMap<string, Standing> => {
  if (!state) return new Map()
  const { vnet, phase, generation, error, nodes, links } = state
  const ofVNet: Standing = { word: `${phaseWord(phase)} (generation ${generation})`, host: '', error }
  return new Map<string, Standing>([
    [`vnet/${vnet}`, ofVNet],
    ...nodes.map(({ id, state, host, error }) => [`node/${id}`, { word: stateWord(state), host, error }] as const),
    ...links.map(({ id, state, error }) => [`link/${id}`, { word: stateWord(state), host: '', error }] as const),
  ])
}

const same = (a: Standing | undefined, b: Standing): boolean =>
  a?.word === b.word && a.host === b.host && a.error?.code === b.error?.code && a.error?.message === b.error?.message

/** An end may be over before anybody looks: the node is as it was, and tells. */
const endsBetween = (before: VNetState | undefined, after: VNetState): readonly Event[] => {
  const known = new Map(before?.nodes.map((node) => [node.id, node]))
  return after.nodes.flatMap(({ id, host, lastEnd }) => {
    const old = known.get(id)
    if (!old || !lastEnd || old.lastEnd?.unixMs === lastEnd.unixMs) return []
    const { how: to, reason } = lastEnd
    return [{ vnet: after.vnet, object: `node/${id}`, from: '', to, host, error: undefined, reason }]
  })
}

/** A node that was made again elsewhere has lost what it had: it is told even where it is as it was. */
const recoveriesBetween = (before: VNetState | undefined, after: VNetState): readonly Event[] => {
  if (!before) return []
  const known = new Map(before.recoveries.map(({ node, unixMs }) => [node, unixMs]))
  return after.recoveries
    .filter(({ node, unixMs }) => known.get(node) !== unixMs)
    .map((one) => ({
      vnet: after.vnet,
      object: `node/${one.node}`,
      from: '',
      to: 'recovered',
      host: one.to,
      error: undefined,
      reason: recoveryText(one),
    }))
}

/** Ends of nodes first, those that were made again elsewhere next, then in the order of the state, what is gone last; `before` is undefined for a VNet that was not seen yet. */
export const eventsBetween = (before: VNetState | undefined, after: VNetState): readonly Event[] => {
  const was = standingsOf(before)
  const is = standingsOf(after)
  const { vnet } = after
  const changed = [...is].flatMap(([object, standing]): readonly Event[] => {
    const old = was.get(object)
    if (same(old, standing)) return []
    return [{ vnet, object, from: old?.word ?? '', to: standing.word, host: standing.host, error: standing.error }]
  })
  const gone = [...was].flatMap(([object, { word, host }]): readonly Event[] =>
    is.has(object) ? [] : [{ vnet, object, from: word, to: 'gone', host, error: undefined }],
  )
  return [...endsBetween(before, after), ...recoveriesBetween(before, after), ...changed, ...gone]
}
