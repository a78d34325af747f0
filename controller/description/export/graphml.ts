/**
 * GraphML. All that a request says is in it, by its own words in attributes whose names begin with `weft.`, so that it can be read again; and a
 * label, degrees and bits a second as other tools know them.
 */
import { ownPrefix } from '../import/graph.ts'
import { type Outline, outline } from '../outline.ts'
import { type Exported, type ExportSource, linkStateOf, nodeStateOf } from './source.ts'
import { escapeXml, xmlDocument, xmlElement } from './xml-text.ts'

type Of = 'graph' | 'node' | 'edge'

interface Attribute {
  readonly name: string
  readonly value: string
  readonly type?: 'string' | 'double'
}

export const exportGraphml = (source: ExportSource): Exported => {
  const { request } = source
  const { nodes, links = {}, ...top } = outline(request)
  const keys = new Map<string, { readonly of: Of; readonly attribute: Attribute }>()
  const data = (of: Of, attributes: readonly Attribute[]): readonly string[] =>
    attributes.map((attribute) => {
      const id = `${of}.${attribute.name}`
      keys.set(id, { of, attribute })
      return `<data key="${id}">${escapeXml(attribute.value)}</data>`
    })
  const inside = [
    ...data('graph', ownAttributes(top)),
    ...request.nodes.flatMap((node) => {
      const { latitude, longitude } = node.location ?? {}
      const placed = nodeStateOf(source, node.id)
      const attributes = [
        { name: 'label', value: node.id },
        ...numeric('Latitude', latitude),
        ...numeric('Longitude', longitude),
        ...(placed?.host ? [{ name: 'host', value: placed.host }] : []),
        ...ownAttributes(nodes[node.id] ?? {}),
      ]
      return xmlElement('node', { id: node.id }, data('node', attributes))
    }),
    ...request.links.flatMap((link) => {
      const path = linkStateOf(source, link.id)?.path ?? []
      const isEven = link.rateAToBBitsPerSecond === link.rateBToABitsPerSecond
      const attributes = [
        ...(isEven ? numeric('LinkSpeedRaw', link.rateAToBBitsPerSecond || undefined) : []),
        ...(path.length > 0 ? [{ name: 'path', value: path.join(' ') }] : []),
        ...ownAttributes(links[link.id] ?? {}),
      ]
      return xmlElement('edge', { id: link.id, source: link.a?.node, target: link.b?.node }, data('edge', attributes))
    }),
  ]
  const declared = [...keys].flatMap(([id, { of, attribute }]) =>
    xmlElement('key', { id, for: of, 'attr.name': attribute.name, 'attr.type': attribute.type ?? 'string' }),
  )
  const graph = xmlElement('graph', { id: request.name, edgedefault: 'undirected' }, inside)
  return {
    text: xmlDocument(
      xmlElement('graphml', { xmlns: 'http://graphml.graphdrawing.org/xmlns' }, [...declared, ...graph]),
    ),
    losses: [],
  }
}

const numeric = (name: string, value: number | undefined): readonly Attribute[] =>
  value === undefined ? [] : [{ name, value: String(value), type: 'double' }]

const ownAttributes = (members: object): readonly Attribute[] =>
  Object.entries(members as Readonly<Record<string, Outline | undefined>>).flatMap(([key, value]) =>
    value === undefined ? [] : [{ name: `${ownPrefix}${key}`, value: encode(value) }],
  )

/** A text as it is, unless it could be taken for JSON; all else as JSON. */
const encode = (value: Outline): string => (typeof value === 'string' && !isJson(value) ? value : JSON.stringify(value))

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
