/** Identifiers of the tunnels that the paths of a VNet's links need. */
import { WeftError } from '../../proto/errors.ts'
import type { VNetRequest } from '../../proto/generated/weft.v1.ts'
import { technologyOf } from '../mapping/demand.ts'
import { segmentsOf } from '../mapping/segments.ts'
import type { AllocatedSegment, AllocateInput } from './allocate.ts'

/** From the first that no other user of vxlan is likely to have; a VNI has 24 bits (RFC 7348, section 5). */
const firstVni = 4096
const lastVni = 2 ** 24 - 1

export const allocateTunnels = (
  { embedding, substrate, taken, previous }: AllocateInput,
  request: VNetRequest,
): readonly AllocatedSegment[] => {
  const before = new Map((previous?.segments ?? []).map((one) => [segmentKey(one), one.identifier]))
  const wanted = request.links.flatMap((link) => {
    const path = embedding.paths.get(link.id)
    const technology = technologyOf(link)
    return (path ? segmentsOf(substrate, path) : []).map(({ from, to }) => ({ link: link.id, from, to, technology }))
  })
  const used = new Set(taken.identifiers)
  const kept = wanted.map((segment) => {
    const had = before.get(segmentKey(segment))
    if (had === undefined || used.has(had)) return undefined
    used.add(had)
    return had
  })
  // Hosts may still have the tunnels of links that went: theirs are free only with the next version.
  for (const identifier of before.values()) used.add(identifier)
  let next = firstVni
  return wanted.map((segment, index): AllocatedSegment => {
    const had = kept[index]
    if (had !== undefined) return { ...segment, identifier: had }
    if (segment.technology !== 'vxlan')
      throw new WeftError('not-supported', `tunnels of ${segment.technology} are not numbered yet`, {
        object: `link/${segment.link}`,
        hint: 'technology "vxlan", or "any"',
      })
    while (used.has(next)) next++
    if (next > lastVni)
      throw new WeftError('admission.not-now', 'every VNI is taken', {
        object: `link/${segment.link}`,
        hint: 'remove VNets',
      })
    used.add(next)
    return { ...segment, identifier: next }
  })
}

/** The two hosts in either order: a tunnel is the same from both sides. */
const segmentKey = ({ link, from, to, technology }: Omit<AllocatedSegment, 'identifier'>): string =>
  [link, ...[from, to].sort(), technology].join('/')
