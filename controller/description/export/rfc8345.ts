/**
 * Network topologies as RFC 8345 models them, in JSON by RFC 7951: the VNet's and, of one that stands, its substrate's, which supports it. A
 * link of theirs has one direction, so that each of ours is two.
 */
import type { Link } from '../../../proto/generated/weft.v1.ts'
import { type Carried, lossesOf } from './losses.ts'
import { linksAlong, type UnderLink, type Underlay, underlayOf } from './overlay.ts'
import { type Exported, type ExportSource, interfaceIndices, linkStateOf, nodeStateOf } from './source.ts'

const terminationPoint = 'ietf-network-topology:termination-point'
const linkList = 'ietf-network-topology:link'

export const exportRfc8345 = (source: ExportSource): Exported => {
  const under = source.state ? underlayOf(source) : undefined
  const networks = [...(under ? [underNetwork(under)] : []), virtualNetwork(source, under)]
  const text = `${JSON.stringify({ 'ietf-network:networks': { network: networks } }, null, 2)}\n`
  return { text, losses: lossesOf(source.request, 'RFC 8345', carried) }
}

const underNetwork = ({ name, nodes, links }: Underlay) => ({
  'network-id': name,
  'network-types': {},
  node: nodes.map(({ id }) => ({ 'node-id': id, ...points(nicsOf(id, links)) })),
  ...(links.length > 0 && {
    [linkList]: links.flatMap(({ id, a, b, nicA, nicB }) => [
      directed(`${id}:a-to-b`, [a, nicA], [b, nicB]),
      directed(`${id}:b-to-a`, [b, nicB], [a, nicA]),
    ]),
  }),
})

const nicsOf = (id: string, links: readonly UnderLink[]): readonly string[] => [
  ...new Set(
    links.flatMap(({ a, b, nicA, nicB }) => [
      ...(a === id && nicA !== '' ? [nicA] : []),
      ...(b === id && nicB !== '' ? [nicB] : []),
    ]),
  ),
]

const points = (ids: readonly string[]) =>
  ids.length > 0 ? { [terminationPoint]: ids.map((id) => ({ 'tp-id': id })) } : {}

/** A node and its interface; an empty one is left out. */
type End = readonly [node: string, interfaceName: string]

const directed = (id: string, [from, fromPoint]: End, [to, toPoint]: End) => ({
  'link-id': id,
  source: { 'source-node': from, ...(fromPoint !== '' && { 'source-tp': fromPoint }) },
  destination: { 'dest-node': to, ...(toPoint !== '' && { 'dest-tp': toPoint }) },
})

const virtualNetwork = (source: ExportSource, under: Underlay | undefined) => {
  const { request } = source
  const indices = interfaceIndices(request)
  return {
    'network-id': request.name,
    'network-types': {},
    ...(under && { 'supporting-network': [{ 'network-ref': under.name }] }),
    node: request.nodes.map(({ id }) => {
      const host = nodeStateOf(source, id)?.host ?? ''
      return {
        'node-id': id,
        ...(under && host !== '' && { 'supporting-node': [{ 'network-ref': under.name, 'node-ref': host }] }),
        ...points((indices.get(id) ?? []).map((index) => `eth${index}`)),
      }
    }),
    ...(request.links.length > 0 && { [linkList]: request.links.flatMap((link) => virtualLinks(link, source, under)) }),
  }
}

const virtualLinks = (link: Link, source: ExportSource, under: Underlay | undefined) => {
  const { id, a, b } = link
  if (!a || !b) return []
  const [from, to]: readonly [End, End] = [
    [a.node, `eth${a.interface}`],
    [b.node, `eth${b.interface}`],
  ]
  const path = linkStateOf(source, id)?.path ?? []
  const supporting = (nodes: readonly string[]) => {
    const taken = under ? linksAlong(nodes, under.links) : []
    if (!under || taken.length === 0) return {}
    return {
      'supporting-link': taken.map((each, i) => ({
        'network-ref': under.name,
        'link-ref': `${each.id}:${each.a === nodes[i] ? 'a-to-b' : 'b-to-a'}`,
      })),
    }
  }
  return [
    { ...directed(`${id}:a-to-b`, from, to), ...supporting(path) },
    { ...directed(`${id}:b-to-a`, to, from), ...supporting(path.toReversed()) },
  ]
}

const carried: Carried = {
  vnet: ['name'],
  node: () => ['id'],
  interface: () => ['index'],
  link: () => ['id', 'a', 'b'],
}
