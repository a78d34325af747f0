/** libxml2's words on a broken schema, in the words of a request: what, where, what would be right. */
import { suggest } from './nearest.ts'
import { type Position, type Problem, quote } from './request-errors.ts'
import { whatIsRight } from './schema.ts'
import type { ScannedElement } from './xml-scan.ts'

interface ElementWords {
  readonly attributes: readonly string[]
  readonly children: readonly string[]
}

const nodeAttributes = [
  'location',
  'cpu',
  'memory',
  'disk',
  'image',
  'hypervisor',
  'forwarding',
  'allocation',
  'restart',
  'recovery',
]
const nodeChildren = ['location', 'cpu', 'variable', 'start-up']
const linkAttributes = ['rate', 'delay', 'technology', 'down']
const linkChildren = ['impairments']
const impairment: ElementWords = { attributes: ['delay', 'jitter', 'loss', 'duplicate', 'reorder'], children: [] }

/** Attributes and children of each element of the XSD, by the element's name: for what a misspelt one was meant to be. */
export const xmlVocabulary: ReadonlyMap<string, ElementWords> = new Map(
  Object.entries({
    vnet: {
      attributes: ['name', 'prefix', 'lifetime', 'priority', 'placement'],
      children: ['defaults', 'affinity', 'nodes', 'links'],
    },
    affinity: { attributes: [], children: ['together', 'apart'] },
    together: { attributes: ['nodes'], children: [] },
    apart: { attributes: ['nodes'], children: [] },
    defaults: { attributes: [...nodeAttributes, ...linkAttributes], children: [...nodeChildren, ...linkChildren] },
    nodes: { attributes: [], children: ['node'] },
    links: { attributes: [], children: ['link'] },
    node: { attributes: ['id', 'interfaces', ...nodeAttributes], children: [...nodeChildren, 'interface'] },
    location: { attributes: ['name', 'latitude', 'longitude', 'within'], children: [] },
    cpu: { attributes: ['count', 'shares', 'quota', 'pins'], children: [] },
    variable: { attributes: ['name', 'value'], children: [] },
    interface: {
      attributes: ['index', 'mac', 'addresses', 'forwarding', 'physical', 'anti-spoofing'],
      children: ['anti-spoofing', 'click'],
    },
    'anti-spoofing': { attributes: ['mac', 'ip', 'arp', 'nd', 'dhcp-server', 'ra'], children: [] },
    click: { attributes: [], children: [] },
    'start-up': { attributes: [], children: ['file', 'command'] },
    file: { attributes: ['path', 'source', 'mode'], children: [] },
    command: { attributes: [], children: [] },
    link: { attributes: ['id', 'a', 'b', 'rate-a-to-b', 'rate-b-to-a', ...linkAttributes], children: linkChildren },
    impairments: { ...impairment, children: ['a-to-b', 'b-to-a'] },
    'a-to-b': impairment,
    'b-to-a': impairment,
  }),
)

/** What an element is called where JSON Schema's descriptions are kept, and attributes that YAML has as keys. */
const hintFor = (element: string, attribute: string): string | undefined => {
  if (attribute === 'id' || (element === 'vnet' && attribute === 'name')) return whatIsRightFor.name
  if (attribute === 'a' || attribute === 'b') return whatIsRightFor.end
  if (attribute === 'index') return 'the index of an interface: 0 to 999, or eth0 to eth999'
  if (attribute === 'path') return 'an absolute path'
  if (attribute === 'nodes') return 'names of at least two nodes, with one blank between them'
  if (element === 'a-to-b' || element === 'b-to-a') return whatIsRight('impairment', attribute)
  return whatIsRight(element === 'vnet' ? '' : element, attribute)
}

const whatIsRightFor = {
  name: 'lower-case letters, digits and hyphens, at most 40, starting with a letter',
  end: 'node.interface, for instance web.0 or web.eth0, or a node alone for its next free interface',
}

const withoutNamespace = (text: string): string => text.replace(/\{[^}' ]*\}/g, '')

/** Of the element that the message is about; `line` is where libxml2 saw it. */
export const explainXsd = (
  raw: string,
  line: Position,
  element: ScannedElement | undefined,
  root: ScannedElement,
): Problem => {
  const text = withoutNamespace(raw.trim())
  const match = /^Element '([^']*)'(?:, attribute '([^']*)')?: ([\s\S]*)$/.exec(text)
  const [, name = '', attribute, said = text] = match ?? []
  const at = (attribute === undefined ? undefined : element?.attributes.get(attribute)?.at) ?? element?.at ?? line
  const object = objectOf(root, element)
  return { object, at, ...explain(name, attribute, said) }
}

const explain = (
  name: string,
  attribute: string | undefined,
  said: string,
): { message: string; hint?: string | undefined } => {
  const known = xmlVocabulary.get(name)
  if (attribute !== undefined) {
    if (said.includes('is not allowed')) {
      return {
        message: `<${name}> has no attribute ${quote(attribute)}`,
        hint: suggest(attribute, known?.attributes ?? []),
      }
    }
    const value = /^(?:\[facet '[^']*'\] )?(?:The value )?'([\s\S]*)' (?:is (?:not|less|greater)|has a length)/.exec(
      said,
    )?.[1]
    const shown = value === undefined ? said : `${attribute} of <${name}> cannot be ${quote(value)}`
    const allowed = /is not an element of the set \{([^}]*)\}/.exec(said)?.[1]
    const hint =
      allowed === undefined || value === undefined
        ? hintFor(name, attribute)
        : suggest(
            value,
            allowed.split(', ').map((word) => word.replace(/^'|'$/g, '')),
          )
    return { message: shown, hint }
  }
  const missing = /^The attribute '([^']*)' is required/.exec(said)?.[1]
  if (missing !== undefined)
    return { message: `<${name}> lacks the attribute "${missing}"`, hint: hintFor(name, missing) }
  if (said.startsWith('This element is not expected')) {
    const expected = /Expected is (?:one of )?\( (.*) \)/.exec(said)?.[1]?.split(', ') ?? []
    const misspelt = !xmlVocabulary.has(name)
    const hint = expected.length === 0 ? '' : `here may stand: ${expected.map((e) => `<${e}>`).join(', ')}`
    return {
      message: misspelt ? `there is no element <${name}>` : `<${name}> cannot stand here`,
      hint: misspelt && expected.length > 0 ? suggest(name, expected) : hint,
    }
  }
  if (said.startsWith('Missing child element')) {
    const expected = /Expected is (?:one of )?\( (.*) \)/.exec(said)?.[1] ?? ''
    return { message: `<${name}> lacks a child element`, hint: `one of: ${expected}` }
  }
  if (said.startsWith('No matching global declaration')) {
    return {
      message: `<${name}> is not a VNet request`,
      hint: 'begin with <vnet xmlns="https://weft.dev/vnet/1" name="…">',
    }
  }
  if (said.startsWith('Character content'))
    return { message: `<${name}> cannot hold text`, hint: 'use its attributes and elements' }
  return { message: `<${name}>: ${said}` }
}

/** node/x or link/y that the element is or is in; else the VNet. */
const objectOf = (root: ScannedElement, element: ScannedElement | undefined): string => {
  const holds = (e: ScannedElement): boolean => e === element || e.children.some(holds)
  for (const section of root.children) {
    for (const child of section.children) {
      const kind = child.name.replace(/^.*:/, '')
      if ((kind === 'node' || kind === 'link') && holds(child))
        return `${kind}/${child.attributes.get('id')?.raw ?? ''}`
    }
  }
  return `vnet/${root.attributes.get('name')?.raw ?? ''}`
}
