/**
 * A mapped path as tunnel segments: between two consecutive hosts on it one tunnel, that crosses the switches and fabrics
 * between them; a host between two segments relays.
 */
import type { SubstrateNode } from '../../proto/generated/weft.v1.ts'
import { byId } from './by-id.ts'
import type { MappedPath } from './mapping.ts'

export interface PathSegment {
  readonly from: string
  readonly to: string
  /** Substrate links that it leaves `from` and enters `to` by. */
  readonly firstLink: string
  readonly lastLink: string
  /** Whether it crosses a routed network: its ends do not see each other's Ethernet addresses. */
  readonly crossesFabric: boolean
}

/** From the host of end a to the host of end b; none for a path within a host. */
export const segmentsOf = (
  substrate: { readonly nodes: readonly SubstrateNode[] },
  path: MappedPath,
): readonly PathSegment[] => {
  const nodes = byId(substrate.nodes)
  const segments: PathSegment[] = []
  let begin = 0
  for (let end = 1; end < path.nodes.length; end++) {
    const to = path.nodes[end] as string
    if (nodes.get(to)?.kind !== 'host' && end < path.nodes.length - 1) continue
    segments.push({
      from: path.nodes[begin] as string,
      to,
      firstLink: path.links[begin] as string,
      lastLink: path.links[end - 1] as string,
      crossesFabric: path.nodes.slice(begin + 1, end).some((id) => nodes.get(id)?.kind === 'fabric'),
    })
    begin = end
  }
  return segments
}
