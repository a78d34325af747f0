/**
 * What is wrong with an embedding, found without any part of the mapper: by name, one constraint after the other.
 */
import type { Location, SubstrateNode, VNetRequest } from '../../../proto/generated/weft.v1.ts'
import type { Embedding, SubstrateGraph, Usage } from '../mapping.ts'

/** Great-circle distance by the spherical law of cosines. */
const kilometres = (x: Location, y: Location): number => {
  const [a, b, c, d] = [x.latitude, x.longitude, y.latitude, y.longitude].map((v) => ((v ?? 0) * Math.PI) / 180) as [
    number,
    number,
    number,
    number,
  ]
  const cosine = Math.sin(a) * Math.sin(c) + Math.cos(a) * Math.cos(c) * Math.cos(b - d)
  return 6371.0088 * Math.acos(Math.max(-1, Math.min(1, cosine)))
}

export const rightPlace = (wanted: Location | undefined, host: Location | undefined): boolean => {
  const named = (): boolean =>
    host !== undefined && wanted !== undefined && `${host.name}/`.startsWith(`${wanted.name}/`)
  if (wanted === undefined) return true
  if (wanted.latitude === undefined) return wanted.name === '' || named()
  if (wanted.withinKm === 0) return true
  if (host?.latitude === undefined) return wanted.name !== '' && named()
  return kilometres(wanted, host) <= wanted.withinKm
}

export const cpuOf = (cpu: { count: number; quotaMillis: number } | undefined): number =>
  cpu?.quotaMillis || 50 * (cpu?.count || 1)

export const tunnelOf = (technology: string): string => (['', 'any'].includes(technology) ? 'vxlan' : technology)

const bridged = ['vxlan', 'gre', 'vlan', 'qinq']
const routed = ['vxlan', 'gre', 'etherip', 'ipip']
const addressed = ['etherip', 'ipip']

export const problemsOf = (
  graph: SubstrateGraph,
  usage: Usage,
  request: VNetRequest,
  embedding: Embedding,
  excluded: ReadonlySet<string> = new Set(),
): readonly string[] => {
  const problems: string[] = []
  const wrong = (condition: boolean, text: string): void => {
    if (condition) problems.push(text)
  }
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]))
  const links = new Map(graph.links.map((link) => [link.id, link]))
  const hostOf = (node: string): SubstrateNode | undefined => nodes.get(embedding.hosts.get(node) ?? '')

  const sums = new Map<string, number>()
  const add = (key: string, amount: number): void => void sums.set(key, (sums.get(key) ?? 0) + amount)
  const givenNics = new Set<string>()
  for (const node of request.nodes) {
    const host = hostOf(node.id)
    if (host?.kind !== 'host') {
      problems.push(`${node.id} is on no host`)
      continue
    }
    wrong(excluded.has(host.id), `${node.id} is on an excluded host`)
    add(`${host.id} cpu`, cpuOf(node.cpu))
    add(`${host.id} memory`, node.memoryBytes)
    add(`${host.id} disk`, node.diskBytes)
    const hypervisor = embedding.hypervisors.get(node.id) ?? ''
    wrong(!host.hypervisors.includes(hypervisor), `${node.id} runs on ${hypervisor}, which ${host.id} lacks`)
    wrong(!['', 'any', hypervisor].includes(node.hypervisor), `${node.id} asked for ${node.hypervisor}`)
    wrong(node.image !== '' && !host.images.includes(node.image), `${node.id} has no image`)
    wrong(!rightPlace(node.location, host.location), `${node.id} is in the wrong place`)
    for (const { index, physical, forwarding } of node.interfaces) {
      const path = forwarding || 'bridge'
      const isOffered = host.datapaths.some((offer) => offer.split('/')[0] === path)
      wrong(physical !== '' && !isOffered, `${node.id} lacks the data path ${path}`)
      const nic = embedding.nics.get(`${node.id}.${index}`)
      wrong((physical !== '') !== (nic !== undefined), `${node.id}.${index} and its NIC`)
      if (nic === undefined) continue
      const name = `${host.id}/${nic}`
      if (physical === 'shared') wrong(!host.sharedNics.includes(nic), `${name} is not shared`)
      else {
        wrong(!host.nics.includes(nic) || usage.nics.has(name) || givenNics.has(name), `${name} is not free`)
        givenNics.add(name)
      }
    }
  }
  // Of those that are placed: a part of a request may be looked at.
  const placed = (ids: readonly string[]): readonly string[] =>
    [...new Set(ids)].filter((id) => embedding.hosts.has(id))
  const hostsOf = (ids: readonly string[]): number => new Set(placed(ids).map((id) => embedding.hosts.get(id))).size
  // Affinity holds whatever the placement: who has to be together is one.
  const isTogether = (x: string, y: string): boolean =>
    request.affinity.some(({ kind, nodes: ids }) => kind === 'together' && ids.includes(x) && ids.includes(y))
  if (request.placement === 'distinct')
    for (const [index, { id }] of request.nodes.entries())
      for (const { id: other } of request.nodes.slice(0, index))
        wrong(
          hostsOf([id, other]) < placed([id, other]).length && !isTogether(id, other),
          `${id} and ${other} share a host`,
        )
  for (const { kind, nodes: ids } of request.affinity) {
    wrong(kind === 'together' && hostsOf(ids) > 1, `${ids.join(', ')} are not together`)
    wrong(kind === 'apart' && hostsOf(ids) < placed(ids).length, `${ids.join(', ')} are not apart`)
  }
  for (const { id, cpuMillis, memoryBytes, diskBytes } of graph.nodes) {
    for (const [what, taken, capacity] of [
      ['cpu', usage.cpuMillis, cpuMillis],
      ['memory', usage.memoryBytes, memoryBytes],
      ['disk', usage.diskBytes, diskBytes],
    ] as const) {
      const more = sums.get(`${id} ${what}`) ?? 0
      wrong(more > 0 && more + (taken.get(id) ?? 0) > capacity, `${what} of ${id} is overcommitted`)
    }
  }

  for (const link of request.links) {
    const path = embedding.paths.get(link.id)
    const [from, to] = [embedding.hosts.get(link.a?.node ?? ''), embedding.hosts.get(link.b?.node ?? '')]
    if (!path || path.nodes[0] !== from || path.nodes.at(-1) !== to || path.links.length !== path.nodes.length - 1) {
      problems.push(`${link.id} is no path from ${from} to ${to}`)
      continue
    }
    wrong(new Set(path.nodes).size !== path.nodes.length, `${link.id} crosses itself`)
    let delay = 0
    for (const [i, id] of path.links.entries()) {
      const crossed = links.get(id)
      const [here, there] = [path.nodes[i], path.nodes[i + 1]]
      const forward = crossed?.a?.node === here && crossed?.b?.node === there
      wrong(!forward && !(crossed?.b?.node === here && crossed?.a?.node === there), `${link.id} jumps over ${id}`)
      delay += crossed?.delayMicroseconds ?? 0
      add(`${id}/${forward ? 'ab' : 'ba'}`, link.rateAToBBitsPerSecond)
      add(`${id}/${forward ? 'ba' : 'ab'}`, link.rateBToABitsPerSecond)
    }
    wrong(link.delayMicroseconds > 0 && delay > link.delayMicroseconds, `${link.id} takes too long`)
    const tunnel = tunnelOf(link.technology)
    for (const id of path.nodes.slice(1, -1)) {
      const relay = nodes.get(id)
      wrong(relay?.kind === 'fabric' && !routed.includes(tunnel), `${link.id} cannot cross ${id}`)
      if (relay?.kind !== 'host') continue
      const byBridge = bridged.includes(tunnel) && relay.datapaths.includes(`bridge/${tunnel}`)
      const isAble = byBridge || relay.datapaths.includes(`click/${tunnel}`)
      wrong(excluded.has(id) || !isAble, `${id} cannot relay ${link.id}`)
    }
    for (const id of from === to ? [] : path.nodes) {
      const host = nodes.get(id)
      const isWithout = addressed.includes(tunnel) && host?.kind === 'host' && host.tunnelPrefix === ''
      wrong(isWithout, `${id} has no addresses for ${link.id}`)
    }
    for (const id of path.links) {
      const carried = graph.carried?.get(id)
      wrong(carried !== undefined && !carried.has(tunnel), `${id} cannot carry ${link.id}`)
    }
    for (const end of [link.a, link.b]) {
      const forwarding = request.nodes.find(({ id }) => id === end?.node)?.interfaces[end?.interface ?? 0]?.forwarding
      const offers = hostOf(end?.node ?? '')?.datapaths ?? []
      const name = forwarding || 'bridge'
      wrong(!offers.some((offer) => offer.split('/')[0] === name), `${end?.node} lacks the data path ${name}`)
      wrong(from !== to && !offers.includes(`${name}/${tunnel}`), `${end?.node} cannot make the tunnels of ${link.id}`)
    }
  }
  for (const { id, capacityBitsPerSecond } of graph.links)
    for (const way of ['ab', 'ba']) {
      const more = sums.get(`${id}/${way}`) ?? 0
      const taken = usage.rateBitsPerSecond.get(`${id}/${way}`) ?? 0
      wrong(more > 0 && more + taken > capacityBitsPerSecond, `${id}/${way} is overcommitted`)
    }
  return problems
}
