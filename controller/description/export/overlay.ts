/** A VNet over its substrate: which host each node is on, and which substrate links each virtual link takes. */
import type { SubstrateLink, VNetState } from '../../../proto/generated/weft.v1.ts'
import type { ExportSource } from './source.ts'

export interface UnderNode {
  readonly id: string
  /** "host", "switch" or "fabric"; "host" too where it is not known. */
  readonly kind: string
  readonly latitude?: number | undefined
  readonly longitude?: number | undefined
}

export interface UnderLink {
  readonly id: string
  readonly a: string
  readonly b: string
  /** NICs; empty where they are not known. */
  readonly nicA: string
  readonly nicB: string
  /** In each direction; 0: not known. */
  readonly capacityBitsPerSecond: number
}

export interface Underlay {
  readonly name: string
  readonly nodes: readonly UnderNode[]
  readonly links: readonly UnderLink[]
}

/** The substrate or, for who may not know it, what of it the VNet's hosts and paths show. */
export const underlayOf = ({ state, substrate }: ExportSource): Underlay => {
  if (!substrate) return shownBy(state)
  return {
    name: substrate.name || 'substrate',
    nodes: substrate.nodes.map(({ id, kind, location }) => ({
      id,
      kind,
      latitude: location?.latitude,
      longitude: location?.longitude,
    })),
    links: substrate.links.flatMap(toUnderLink),
  }
}

const toUnderLink = ({ id, a, b, capacityBitsPerSecond }: SubstrateLink): readonly UnderLink[] =>
  a && b ? [{ id, a: a.node, b: b.node, nicA: a.nic, nicB: b.nic, capacityBitsPerSecond }] : []

const shownBy = (state: VNetState | undefined): Underlay => {
  const ids = new Set<string>()
  const links = new Map<string, UnderLink>()
  for (const { host } of state?.nodes ?? []) if (host !== '') ids.add(host)
  for (const { path } of state?.links ?? []) {
    for (const [i, id] of path.entries()) {
      ids.add(id)
      const next = path[i + 1]
      if (next === undefined) continue
      const [a = '', b = ''] = [id, next].sort()
      links.set(`${a}-${b}`, { id: `${a}-${b}`, a, b, nicA: '', nicB: '', capacityBitsPerSecond: 0 })
    }
  }
  const providers = new Set(state?.nodes.map(({ provider }) => provider).filter((provider) => provider !== ''))
  const [only] = providers
  return {
    name: only !== undefined && providers.size === 1 ? only : 'substrate',
    nodes: [...ids].map((id) => ({ id, kind: 'host' })),
    links: [...links.values()],
  }
}

/** Links of the underlay that a path takes, in its order; where several join two nodes, the first. */
export const linksAlong = (path: readonly string[], links: readonly UnderLink[]): readonly UnderLink[] =>
  path.slice(1).flatMap((to, i) => {
    const from = path[i]
    const link = links.find(({ a, b }) => (a === from && b === to) || (a === to && b === from))
    return link ? [link] : []
  })
