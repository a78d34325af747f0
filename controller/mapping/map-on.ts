/** A part of a VNet on a substrate as it is seen: the same at a PIP, which owns it, and at a VNP, to which it is advertised. */
import { WeftError } from '../../proto/errors.ts'
import type { VNetRequest } from '../../proto/generated/weft.v1.ts'
import { embed } from './embed.ts'
import type { Embedding, Picture } from './mapping.ts'
import { optionsBy, type Standing } from './standing.ts'

/** "Never" holds only for a substrate that is wholly there: a host that was not seen yet might have carried it. */
const refusal = (error: WeftError, away: ReadonlySet<string>): WeftError =>
  error.code === 'admission.never-fits' && away.size > 0
    ? new WeftError('admission.not-now', `${error.message}; not connected: ${[...away].join(', ')}`, {
        object: error.object,
        hint: error.hint || 'start the agents of these hosts',
      })
    : error

/** Where it would go, moving as little as possible of what stands. Throws admission.never-fits or admission.not-now with the binding constraint. */
export const mapOn = (
  { graph, usage, excluded }: Picture,
  standing: Standing | undefined,
  part: VNetRequest,
): Embedding => {
  const result = embed(graph, usage, part, { ...optionsBy(standing, part), excluded })
  if (result.outcome === 'refused') throw refusal(result.error, excluded)
  return result.embedding
}
