/** XML by the XSD. */
import type {
  Affinity,
  Cpu,
  File,
  Interface,
  Link,
  Location,
  Node,
  StartUp,
  VNetRequest,
} from '../../proto/generated/weft.v1.ts'
import { outlineAntiSpoofing } from './anti-spoofing.ts'
import { outlineImpairments } from './impairments.ts'
import { countedNodes, isNameAlone, isQuotaAlone, showMode } from './outline.ts'
import { bytes, delay, formatCpus, formatDistance, formatQuantity, lifetime, rate } from './units.ts'

const namespace = 'https://weft.dev/vnet/1'

export const formatXml = (request: VNetRequest): string => {
  const { name, prefix, nodes, links, affinity, lifetimeSeconds, priority, placement } = request
  const counted = countedNodes(request)
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<vnet${attributes({
      xmlns: namespace,
      name,
      prefix,
      lifetime: lifetimeSeconds === 0 ? undefined : formatQuantity(lifetime, lifetimeSeconds),
      priority: priority || undefined,
      placement,
    })}>`,
    ...formatAffinity(affinity).map((line) => `  ${line}`),
    '  <nodes>',
    ...nodes.flatMap((node) => formatNode(node, counted.has(node)).map((line) => `    ${line}`)),
    '  </nodes>',
  ]
  if (links.length > 0) lines.push('  <links>', ...links.flatMap(formatLink).map((line) => `    ${line}`), '  </links>')
  return `${[...lines, '</vnet>'].join('\n')}\n`
}

const formatAffinity = (affinity: readonly Affinity[]): readonly string[] =>
  affinity.length === 0
    ? []
    : element(
        'affinity',
        '',
        affinity.flatMap(({ kind, nodes }) => element(kind, attributes({ nodes: nodes.join(' ') }), [])),
      )

/** Those that are empty or 0 are left out. */
const attributes = (values: Readonly<Record<string, string | number | undefined>>): string =>
  Object.entries(values)
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([key, value]) => ` ${key}="${escapeAttribute(String(value))}"`)
    .join('')

/** White space other than a blank would be read as a blank (XML 1.0, 3.3.3). */
const escapeAttribute = (text: string): string =>
  escapeText(text)
    .replace(/"/g, '&quot;')
    .replace(/[\t\n]/g, (c) => `&#${c.charCodeAt(0)};`)

/** A carriage return would be read as a line feed (XML 1.0, 2.11). */
const escapeText = (text: string): string =>
  text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/\r/g, '&#13;')

const element = (name: string, head: string, children: readonly string[]): readonly string[] =>
  children.length === 0
    ? [`<${name}${head}/>`]
    : [`<${name}${head}>`, ...children.map((child) => `  ${child}`), `</${name}>`]

const formatNode = (node: Node, counted: boolean): readonly string[] => {
  const { location, cpu, interfaces, startUp } = node
  const head = attributes({
    id: node.id,
    location: location && isNameAlone(location) ? location.name : undefined,
    cpu: cpu && isQuotaAlone(cpu) ? formatCpus(cpu.quotaMillis) : undefined,
    memory: node.memoryBytes === 0 ? undefined : formatQuantity(bytes, node.memoryBytes),
    disk: node.diskBytes === 0 ? undefined : formatQuantity(bytes, node.diskBytes),
    image: node.image,
    hypervisor: node.hypervisor,
    forwarding: node.forwarding,
    interfaces: counted ? interfaces.length : undefined,
    allocation: node.allocation,
    restart: node.restartPolicy,
    recovery: node.recovery,
  })
  return element('node', head, [
    ...(location && !isNameAlone(location) ? [formatLocation(location)] : []),
    ...(cpu && !isQuotaAlone(cpu) ? [formatCpu(cpu)] : []),
    ...(startUp ? formatStartUp(startUp) : []),
    ...(counted ? [] : interfaces.flatMap(formatInterface)),
  ])
}

const formatLocation = ({ name, latitude, longitude, withinKm }: Location): string =>
  `<location${attributes({ name, latitude, longitude, within: withinKm === 0 ? undefined : formatDistance(withinKm) })}/>`

const formatCpu = ({ count, shares, quotaMillis, pins }: Cpu): string =>
  `<cpu${attributes({
    count: count || undefined,
    shares: shares || undefined,
    quota: quotaMillis === 0 ? undefined : formatCpus(quotaMillis),
    pins,
  })}/>`

const formatInterface = (each: Interface): readonly string[] => {
  const { index, mac, addresses, forwarding, physical, antiSpoofing, click } = each
  const spoofing = antiSpoofing && outlineAntiSpoofing(antiSpoofing)
  const word = typeof spoofing === 'string' ? spoofing : undefined
  return element(
    'interface',
    attributes({ index, mac, addresses: addresses.join(' '), forwarding, physical, 'anti-spoofing': word }),
    [
      ...(typeof spoofing === 'object' ? element('anti-spoofing', attributes(spoofing), []) : []),
      ...(click === '' ? [] : [`<click>${formatCode(click)}</click>`]),
    ],
  )
}

/** As it stands where that can be: arrows and comparisons of Click are hard to read as entities. */
const formatCode = (text: string): string => (/\r|\]\]>/.test(text) ? escapeText(text) : `<![CDATA[${text}]]>`)

const formatStartUp = ({ files, command }: StartUp): readonly string[] =>
  element('start-up', '', [
    ...files.map(formatFile),
    ...(command === '' ? [] : [`<command>${escapeText(command)}</command>`]),
  ])

const formatFile = ({ path, content, mode }: File): string => {
  const head = attributes({ path, mode: mode === 0 ? undefined : showMode(mode) })
  return content === '' ? `<file${head}/>` : `<file${head}>${escapeText(content)}</file>`
}

const formatLink = ({ id, a, b, ...link }: Link): readonly string[] => {
  const [forth, back] = [link.rateAToBBitsPerSecond, link.rateBToABitsPerSecond]
  const bits = (value: number) => (value === 0 ? undefined : formatQuantity(rate, value))
  const head = attributes({
    id,
    a: a && `${a.node}.${a.interface}`,
    b: b && `${b.node}.${b.interface}`,
    ...(forth === back ? { rate: bits(forth) } : { 'rate-a-to-b': bits(forth), 'rate-b-to-a': bits(back) }),
    delay: link.delayMicroseconds === 0 ? undefined : formatQuantity(delay, link.delayMicroseconds),
    technology: link.technology,
    down: link.down ? 'true' : undefined,
  })
  return element('link', head, formatImpairments(link))
}

const formatImpairments = (link: Omit<Link, 'id' | 'a' | 'b'>): readonly string[] => {
  const impairments = outlineImpairments(link)
  if (!impairments) return []
  return element(
    'impairments',
    attributes(impairments.both ?? {}),
    (['a-to-b', 'b-to-a'] as const).flatMap((direction) => {
      const amounts = impairments[direction]
      return amounts ? element(direction, attributes(amounts), []) : []
    }),
  )
}
