/**
 * The mark of a domain: one element in libvirt's metadata, in a namespace of ours. Domains without it are somebody else's.
 */
import { nodeDigest } from '../digest.ts'
import type { NodeSpec } from '../driver.ts'
import { escapeXml, unescapeXml } from './xml.ts'

export const metadataUri = 'https://weft.dev/metadata/1'

export interface DomainMark {
  readonly vnet: string
  readonly node: string
  readonly slot: number
  /** nodeDigest of what it was made from. */
  readonly digest: string
  /** Indexes of its interfaces. */
  readonly interfaces: readonly number[]
}

/** What the domain of a node says of it. */
export const markOf = (spec: NodeSpec): DomainMark => ({
  vnet: spec.vnet,
  node: spec.node.id,
  slot: spec.slot,
  digest: nodeDigest(spec),
  interfaces: spec.node.interfaces.map(({ index }) => index),
})

const attributesOf = ({ vnet, node, slot, digest, interfaces }: DomainMark): string =>
  Object.entries({ vnet, node, slot, digest, interfaces: interfaces.join(' ') })
    .map(([key, value]) => ` ${key}='${escapeXml(String(value))}'`)
    .join('')

/** As it stands in a domain's XML below <metadata>. */
export const formatMark = (mark: DomainMark): string => `<weft:node xmlns:weft='${metadataUri}'${attributesOf(mark)}/>`

/** As virDomainSetMetadata takes it, which adds the namespace itself. */
export const markElement = (mark: DomainMark): string => `<node${attributesOf(mark)}/>`

/** Reads what libvirt gives back, which may quote and prefix otherwise than what was set; undefined where it is no mark of ours. */
export const parseMark = (xml: string): DomainMark | undefined => {
  const element = /<(?:[\w-]+:)?node\s([^>]*?)\/?>/.exec(xml)
  if (!element) return undefined
  const attributes = new Map<string, string>()
  for (const [, key = '', , value = ''] of (element[1] ?? '').matchAll(/([\w:-]+)\s*=\s*(['"])(.*?)\2/g)) {
    attributes.set(key, unescapeXml(value))
  }
  const text = (key: string): string => attributes.get(key) ?? ''
  const slot = Number(text('slot'))
  if (text('vnet') === '' || text('node') === '' || !Number.isSafeInteger(slot)) return undefined
  const indexes = text('interfaces').split(' ').filter(Boolean).map(Number)
  return {
    vnet: text('vnet'),
    node: text('node'),
    slot,
    digest: text('digest'),
    interfaces: indexes.filter(Number.isSafeInteger),
  }
}
