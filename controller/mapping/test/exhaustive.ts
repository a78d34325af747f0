/**
 * Whether a small request has any embedding at all: every placement, every combination of simple paths, judged by the
 * checker alone. Only for a handful of hosts, nodes and links.
 */
import type { VNetRequest } from '../../../proto/generated/weft.v1.ts'
import type { Embedding, MappedPath, SubstrateGraph, Usage } from '../mapping.ts'
import { problemsOf } from './checker.ts'

const simplePaths = (graph: SubstrateGraph, from: string, to: string): readonly MappedPath[] => {
  const found: MappedPath[] = []
  const walk = (nodes: readonly string[], links: readonly string[]): void => {
    const here = nodes.at(-1)
    if (here === to) found.push({ nodes, links })
    else
      for (const { id, a, b } of graph.links) {
        const next = a?.node === here ? b?.node : b?.node === here ? a?.node : undefined
        if (next !== undefined && !nodes.includes(next)) walk([...nodes, next], [...links, id])
      }
  }
  walk([from], [])
  return found
}

export const isFeasible = (graph: SubstrateGraph, usage: Usage, request: VNetRequest): boolean => {
  const hostIds = graph.nodes.filter(({ kind }) => kind === 'host').map(({ id }) => id)
  const known = new Map<string, readonly MappedPath[]>()
  const pathsBetween = (from: string, to: string): readonly MappedPath[] => {
    const key = `${from} ${to}`
    const paths = known.get(key) ?? simplePaths(graph, from, to)
    known.set(key, paths)
    return paths
  }
  const withPhysical = (hosts: ReadonlyMap<string, string>): ReadonlyMap<string, string> => {
    const nics = new Map<string, string>()
    const taken = new Set(usage.nics)
    for (const { id, interfaces } of request.nodes) {
      const host = graph.nodes.find((node) => node.id === hosts.get(id))
      for (const { index, physical } of interfaces) {
        if (physical === '') continue
        const nic =
          physical === 'shared' ? host?.sharedNics[0] : host?.nics.find((name) => !taken.has(`${host.id}/${name}`))
        if (nic === undefined) continue
        nics.set(`${id}.${index}`, nic)
        if (physical === 'dedicated') taken.add(`${host?.id}/${nic}`)
      }
    }
    return nics
  }
  const placed = (count: number, hosts: ReadonlyMap<string, string>): boolean => {
    const node = request.nodes[count]
    const part = (links: VNetRequest['links'], paths: ReadonlyMap<string, MappedPath>): readonly string[] => {
      const nodes = request.nodes.slice(0, count)
      const hypervisors = new Map(
        nodes.map(({ id, hypervisor }) => {
          const offered = graph.nodes.find((one) => one.id === hosts.get(id))?.hypervisors ?? []
          return [id, ['', 'any'].includes(hypervisor) ? (offered[0] ?? '') : hypervisor]
        }),
      )
      const embedding: Embedding = { hosts, hypervisors, nics: withPhysical(hosts), paths, pools: new Map(), cost: 0 }
      return problemsOf(graph, usage, { ...request, nodes, links }, embedding)
    }
    if (part([], new Map()).length > 0) return false
    if (node) return hostIds.some((host) => placed(count + 1, new Map(hosts).set(node.id, host)))
    const routed = (done: number, paths: ReadonlyMap<string, MappedPath>): boolean => {
      if (part(request.links.slice(0, done), paths).length > 0) return false
      const link = request.links[done]
      if (!link) return true
      const [from = '', to = ''] = [hosts.get(link.a?.node ?? ''), hosts.get(link.b?.node ?? '')]
      return pathsBetween(from, to).some((path) => routed(done + 1, new Map(paths).set(link.id, path)))
    }
    return routed(0, new Map())
  }
  return placed(0, new Map())
}
