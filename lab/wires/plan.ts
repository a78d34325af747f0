/**
 * The wires of a lab as data: which interfaces, addresses and routes make a declared substrate out of network namespaces.
 *
 * A link is a veth pair. What switches join is one subnet; a fabric routes between the subnets at its ports. Hosts do not forward:
 * two that no link, switch or fabric joins do not reach each other, as it is with machines.
 */
import { WeftError } from '../../proto/errors.ts'
import type { Substrate, SubstrateEnd } from '../../proto/generated/weft.v1.ts'

export type WiredNodeKind = 'host' | 'switch' | 'fabric' | 'outside'

export interface Port {
  readonly node: string
  readonly name: string
}

export interface Wire {
  readonly link: string
  readonly ends: readonly [Port, Port]
  readonly mtu: number
}

export interface Address extends Port {
  /** With its prefix length, for instance 10.255.1.1/30. */
  readonly address: string
}

export interface Route {
  readonly node: string
  readonly to: string
  readonly via: string
}

export interface WirePlan {
  /** Everything that needs a network namespace; hosts among them. */
  readonly nodes: readonly { readonly name: string; readonly kind: WiredNodeKind }[]
  readonly wires: readonly Wire[]
  readonly addresses: readonly Address[]
  readonly routes: readonly Route[]
}

/** Room for the outer headers of a tunnel around guests' frames of 1500 bytes of payload. */
export const underlayMtu = 1600
/** The far ends of interfaces that are given to nodes: networks that are not the substrate's. */
export const outsideNode = 'outside'
const ordinaryMtu = 1500

/** One subnet: links that switches join, or a single link. */
interface Segment {
  readonly ports: Port[]
}

/** Throws substrate.invalid, not-supported. */
export const planWires = (substrate: Pick<Substrate, 'nodes' | 'links'>): WirePlan => {
  const kinds = new Map(substrate.nodes.map(({ id, kind }) => [id, kind as WiredNodeKind]))
  const wires: Wire[] = substrate.links.map((link, index) => {
    const [a, b] = [link.a, link.b].map((end) => portOf(link.id, index, end, kinds))
    if (!a || !b) throw invalid(link.id, 'has not two ends')
    return { link: link.id, ends: [a, b], mtu: underlayMtu }
  })
  const taken = new Set<string>()
  for (const port of wires.flatMap(({ ends }) => ends)) {
    if (taken.has(`${port.node}/${port.name}`)) throw invalid(port.node, `has two links at its interface ${port.name}`)
    taken.add(`${port.node}/${port.name}`)
  }
  const outside = substrate.nodes.flatMap(({ id, kind, nics }) =>
    kind === 'host' ? nics.filter((nic) => !taken.has(`${id}/${nic}`)).map((nic) => ({ node: id, name: nic })) : [],
  )
  const given = outside.map(
    (port, index): Wire => ({
      link: `outside/${port.node}/${port.name}`,
      ends: [port, { node: outsideNode, name: outsidePort(port, index) }],
      mtu: ordinaryMtu,
    }),
  )
  const segments = segmentsOf(wires, kinds)
  return {
    nodes: [
      ...substrate.nodes.map(({ id, kind }) => ({ name: id, kind: kind as WiredNodeKind })),
      ...(outside.length > 0 ? [{ name: outsideNode, kind: 'outside' as const }] : []),
    ],
    wires: [...wires, ...given],
    addresses: segments.flatMap(({ ports }, index) =>
      ports.map((port, at) => addressOf(port, index, at, ports.length)),
    ),
    routes: routesOf(segments, kinds, prefixesOf(substrate.nodes)),
  }
}

const invalid = (object: string, problem: string): WeftError =>
  new WeftError('substrate.invalid', `${object} ${problem}`, { object: `substrate/${object}` })

/** Interfaces of switches and fabrics are ours to name: p and the number of the link. */
const portOf = (
  link: string,
  index: number,
  end: SubstrateEnd | undefined,
  kinds: ReadonlyMap<string, string>,
): Port => {
  const kind = end && kinds.get(end.node)
  if (!end || !kind) throw invalid(link, `ends at ${end?.node ?? 'nothing'}, which is not declared`)
  if (kind !== 'host') return { node: end.node, name: `p${index}` }
  if (!/^[^\s/:]{1,15}$/.test(end.nic))
    throw invalid(link, `needs an interface of ${end.node}, of at most 15 characters`)
  return { node: end.node, name: end.nic }
}

const outsidePort = ({ node, name }: Port, index: number): string =>
  `${node}-${name}`.length <= 15 ? `${node}-${name}` : `o${index}`

const segmentsOf = (wires: readonly Wire[], kinds: ReadonlyMap<string, string>): readonly Segment[] => {
  const segmentOfSwitch = new Map<string, Segment>()
  const segments: Segment[] = []
  for (const { link, ends } of wires) {
    const switches = ends.filter(({ node }) => kinds.get(node) === 'switch').map(({ node }) => node)
    const joined = switches.map((name) => segmentOfSwitch.get(name)).filter((segment) => segment !== undefined)
    if (switches.length === 2 && joined.length === 2 && joined[0] === joined[1]) {
      throw new WeftError(
        'not-supported',
        `link ${link} closes a ring of switches, which would carry frames for ever`,
        {
          object: `link/${link}`,
          hint: 'a lab has switches in trees only; a fabric may stand in a ring',
        },
      )
    }
    const segment = joined[0] ?? { ports: [] }
    if (!joined[0]) segments.push(segment)
    if (joined[1]) {
      segment.ports.push(...joined[1].ports)
      segments.splice(segments.indexOf(joined[1]), 1)
      for (const [name, other] of segmentOfSwitch) if (other === joined[1]) segmentOfSwitch.set(name, segment)
    }
    for (const name of switches) segmentOfSwitch.set(name, segment)
    segment.ports.push(...ends.filter(({ node }) => kinds.get(node) !== 'switch'))
  }
  return segments
}

/** Subnets of 10.255.0.0/16 and down: 10.255.n.0 for the nth segment, as /30 where two ports are in it, else /24. */
const subnetOf = (index: number, ports: number): { readonly prefix: string; readonly length: number } => {
  const second = 255 - Math.floor(index / 256)
  if (second < 128 || ports > 250)
    throw invalid(`segment ${index}`, `with ${ports} ports has no room in the lab's addresses`)
  return { prefix: `10.${second}.${index % 256}`, length: ports <= 2 ? 30 : 24 }
}

const addressOf = (port: Port, index: number, at: number, ports: number): Address => {
  const { prefix, length } = subnetOf(index, ports)
  return { ...port, address: `${prefix}.${at + 1}/${length}` }
}

/** By host, the prefix of its tunnels that addresses alone tell apart. */
const prefixesOf = (nodes: Substrate['nodes']): ReadonlyMap<string, string> =>
  new Map(nodes.flatMap(({ id, tunnelPrefix }) => (tunnelPrefix === '' ? [] : [[id, tunnelPrefix] as const])))

interface Reached {
  readonly index: number
  /** The neighbour that it is reached by; undefined where it is next to the node. */
  readonly via?: string
}

/**
 * From every port to every subnet behind the fabrics next to it, over the fewest fabrics, and to the tunnel prefixes of the hosts
 * there. Hosts that are neighbours need no route to each other's: agents know the next hop.
 */
const routesOf = (
  segments: readonly Segment[],
  kinds: ReadonlyMap<string, string>,
  prefixes: ReadonlyMap<string, string>,
): readonly Route[] => {
  const isFabric = (node: string): boolean => kinds.get(node) === 'fabric'
  const segmentsAt = new Map<string, number[]>()
  segments.forEach(({ ports }, index) => {
    for (const { node } of ports) segmentsAt.set(node, [...(segmentsAt.get(node) ?? []), index])
  })
  const addressAt = (index: number, at: number): string => {
    const { ports } = segments[index] as Segment
    return addressOf(ports[at] as Port, index, at, ports.length).address.replace(/\/.*/, '')
  }
  return [...segmentsAt].flatMap(([node, own]) => {
    const routes: Route[] = []
    const seen = new Set(own)
    // Breadth first over segments.
    const reached = own.map((index): Reached => ({ index }))
    for (const { index, via } of reached)
      segments[index]?.ports.forEach((port, at) => {
        if (port.node === node || !isFabric(port.node)) return
        const hop = via ?? addressAt(index, at)
        for (const next of segmentsAt.get(port.node) ?? []) {
          if (seen.has(next)) continue
          seen.add(next)
          const { prefix, length } = subnetOf(next, segments[next]?.ports.length ?? 0)
          routes.push({ node, to: `${prefix}.0/${length}`, via: hop })
          reached.push({ index: next, via: hop })
        }
      })
    return [...routes, ...prefixRoutes(node)]

    /** To a host by the NIC that is declared first of those at fabrics, as the mapping counts on. */
    function prefixRoutes(node: string): readonly Route[] {
      const ways = new Map<string, Route>()
      for (const { index, via } of reached.toSorted((a, b) => a.index - b.index)) {
        const { ports } = segments[index] as Segment
        if (!ports.some((port) => isFabric(port.node))) continue
        ports.forEach((port, at) => {
          const to = prefixes.get(port.node)
          if (to === undefined || port.node === node || ways.has(to)) return
          if (via !== undefined || isFabric(node)) ways.set(to, { node, to, via: via ?? addressAt(index, at) })
        })
      }
      return [...ways.values()]
    }
  })
}
