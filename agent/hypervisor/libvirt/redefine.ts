/**
 * The definition of a domain kept true while its interfaces come and go: libvirt starts it again from there. Everything else of it stays as libvirt
 * gave it.
 */
import type { LibvirtConnection } from '../../../native/libvirt.ts'
import type { NodeSpec } from '../driver.ts'
import { vifName } from '../vifs.ts'
import type { KeptNode } from './directories.ts'
import { isRunning, type MarkedDomain } from './domains.ts'
import { type DomainMark, formatMark, markElement, markOf, metadataUri } from './metadata.ts'

export const sameMark = (a: DomainMark, b: DomainMark): boolean => formatMark(a) === formatMark(b)

/** flags of virDomainGetXMLDesc: secure, inactive. */
const definitionFlags = 1 | 2
/** flags of virDomainSetMetadata: live. */
const liveFlag = 1

/**
 * Its interfaces become those of the spec, in what it is started from and in its mark, and so does the directory of one that was taken from a pool; those that a running one has are for the driver to attach and
 * detach. Nothing is done where the mark says that it is so. Idempotent.
 * @param interfaceXml of one interface of the spec
 */
export const redefine = async (
  connection: LibvirtConnection,
  { domain, mark, outdated }: MarkedDomain,
  spec: NodeSpec,
  interfaceXml: (index: number) => string,
): Promise<void> => {
  const wanted = markOf(spec)
  if (sameMark(mark, wanted) && !outdated) return
  const interfaces = new Map(wanted.interfaces.map((index) => [vifName(spec.slot, index), interfaceXml(index)]))
  const definition = await connection.xml(domain.uuid, definitionFlags)
  const there = outdated ? withDirectory(definition, outdated.from, outdated.mark) : definition
  await connection.define(withInterfaces(there, interfaces, wanted))
  // Last: what it has shows that all before was done.
  if (isRunning(domain)) {
    await connection.setMetadata(domain.uuid, markElement(wanted), 'weft', metadataUri, liveFlag)
  }
}

/** Pure: what lies in the directory of one node lies in that of the other. */
export const withDirectory = (xml: string, from: KeptNode, to: KeptNode): string =>
  xml.replaceAll(`/${from.vnet}/${from.node}/`, `/${to.vnet}/${to.node}/`)

const interfacePattern = /^[ \t]*<interface\b[^>]*>[\s\S]*?<\/interface>\n?/gm

const macPattern = /<mac\s+address=(['"]).*?\1\s*\/>/

/** Pure: one that stays keeps its element, with the places on buses that libvirt gave it, and its MAC unless another is asked for; `interfaces` by name of the vif. */
export const withInterfaces = (xml: string, interfaces: ReadonlyMap<string, string>, mark: DomainMark): string => {
  const kept = new Set<string>()
  const without = xml.replace(interfacePattern, (element) => {
    const name = /<target\s+dev=(['"])(.*?)\1/.exec(element)?.[2] ?? ''
    const asked = interfaces.get(name)
    if (asked === undefined) return ''
    kept.add(name)
    const mac = macPattern.exec(asked)?.[0]
    return mac === undefined ? element : element.replace(macPattern, () => mac)
  })
  const added = [...interfaces].flatMap(([name, text]) => (kept.has(name) ? [] : [text]))
  return without
    .replace(/<weft:node\b[^>]*?(?:\/>|>\s*<\/weft:node>)/, () => formatMark(mark))
    .replace(/^([ \t]*)<\/devices>/m, (end) => [...added, end].join('\n'))
}
