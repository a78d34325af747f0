/** A request in the shape of its file: what the JSON form is, and YAML's before its layout. */
import type { Cpu, Interface, Link, Location, Node, StartUp, VNetRequest } from '../../proto/generated/weft.v1.ts'
import { outlineAffinity } from './affinity.ts'
import { outlineAntiSpoofing } from './anti-spoofing.ts'
import { outlineImpairments } from './impairments.ts'
import { bytes, delay, formatCpus, formatDistance, formatQuantity, lifetime, rate } from './units.ts'

/** Keys with undefined values are left out. */
export type Outline =
  | { readonly [key: string]: Outline | readonly Outline[] | string | number | boolean | undefined }
  | string

type Members = Exclude<Outline, string>

export interface RequestOutline {
  readonly vnet: string
  readonly prefix?: string
  readonly lifetime?: string
  readonly priority?: number
  readonly placement?: string
  readonly affinity?: readonly Readonly<Record<string, readonly string[]>>[]
  readonly nodes: Readonly<Record<string, Members>>
  readonly links?: Readonly<Record<string, Members>>
}

export const outline = (request: VNetRequest): RequestOutline => {
  const { name, prefix, nodes, links, lifetimeSeconds, priority, placement } = request
  const affinity = outlineAffinity(request.affinity)
  const counted = countedNodes(request)
  return {
    vnet: name,
    ...(prefix !== '' && { prefix }),
    ...(lifetimeSeconds > 0 && { lifetime: formatQuantity(lifetime, lifetimeSeconds) }),
    ...(priority !== 0 && { priority }),
    ...(placement !== '' && { placement }),
    ...(affinity && { affinity }),
    nodes: Object.fromEntries(nodes.map((node) => [node.id, outlineNode(node, counted.has(node))])),
    ...(links.length > 0 && { links: Object.fromEntries(links.map((link) => [link.id, outlineLink(link)])) }),
  }
}

const word = (text: string): string | undefined => (text === '' ? undefined : text)

const number = (value: number): number | undefined => (value === 0 ? undefined : value)

const quantity = (kind: typeof bytes, value: number): string | undefined =>
  value === 0 ? undefined : formatQuantity(kind, value)

const outlineNode = (node: Node, counted: boolean): Members => ({
  location: node.location && outlineLocation(node.location),
  cpu: node.cpu && outlineCpu(node.cpu),
  memory: quantity(bytes, node.memoryBytes),
  disk: quantity(bytes, node.diskBytes),
  image: word(node.image),
  hypervisor: word(node.hypervisor),
  forwarding: word(node.forwarding),
  interfaces: outlineInterfaces(node.interfaces, counted),
  allocation: word(node.allocation),
  restart: word(node.restartPolicy),
  recovery: word(node.recovery),
  'start-up': node.startUp && outlineStartUp(node.startUp),
})

/** Whether a location is a name alone, which both forms write shorter. */
export const isNameAlone = ({ latitude, longitude, withinKm }: Location): boolean =>
  latitude === undefined && longitude === undefined && withinKm === 0

const outlineLocation = (location: Location): Outline => {
  const { name, latitude, longitude, withinKm } = location
  if (isNameAlone(location)) return name
  return { name: word(name), latitude, longitude, within: withinKm === 0 ? undefined : formatDistance(withinKm) }
}

/** Whether a number of CPUs alone says it all: as many virtual CPUs as the quota needs. */
export const isQuotaAlone = ({ count, shares, quotaMillis, pins }: Cpu): boolean =>
  quotaMillis > 0 && shares === 0 && pins === '' && count === Math.ceil(quotaMillis / 1000)

const outlineCpu = (cpu: Cpu): Members | number => {
  const { count, shares, quotaMillis, pins } = cpu
  const quota = quotaMillis === 0 ? undefined : Number(formatCpus(quotaMillis))
  if (quota !== undefined && isQuotaAlone(cpu)) return quota
  return { count: number(count), shares: number(shares), quota, pins: word(pins) }
}

/**
 * Nodes whose interfaces are 0, 1, 2, … with nothing said of them, and whose links use no others: a file just says how many.
 */
export const countedNodes = ({ nodes, links }: VNetRequest): ReadonlySet<Node> => {
  const highest = new Map<string, number>()
  for (const { a, b } of links) {
    for (const end of [a, b]) if (end) highest.set(end.node, Math.max(highest.get(end.node) ?? 0, end.interface))
  }
  return new Set(
    nodes.filter(({ id, interfaces }) => {
      const blank = interfaces.every(
        ({ index, mac, addresses, forwarding, physical, antiSpoofing, click }, i) =>
          index === i &&
          addresses.length === 0 &&
          antiSpoofing === undefined &&
          [mac, forwarding, physical, click].every((text) => text === ''),
      )
      return blank && interfaces.length > (highest.get(id) ?? 0)
    }),
  )
}

const outlineInterfaces = (interfaces: readonly Interface[], counted: boolean): Members | number | undefined => {
  if (interfaces.length === 0) return undefined
  if (counted) return interfaces.length
  return Object.fromEntries(
    interfaces.map(({ index, mac, addresses, forwarding, physical, antiSpoofing, click }) => [
      // As eth0: JavaScript would sort keys that are numbers.
      `eth${index}`,
      {
        mac: word(mac),
        addresses: addresses.length === 0 ? undefined : addresses,
        forwarding: word(forwarding),
        physical: word(physical),
        'anti-spoofing': antiSpoofing && outlineAntiSpoofing(antiSpoofing),
        click: word(click),
      },
    ]),
  )
}

const outlineStartUp = ({ files, command }: StartUp): Members => ({
  files:
    files.length === 0
      ? undefined
      : Object.fromEntries(
          files.map(({ path, content, mode }) => [path, mode === 0 ? content : { mode: showMode(mode), content }]),
        ),
  command: word(command),
})

/** As chmod takes it. */
export const showMode = (mode: number): string => mode.toString(8).padStart(4, '0')

const outlineLink = (link: Link): Members => {
  const [forth, back] = [link.rateAToBBitsPerSecond, link.rateBToABitsPerSecond]
  return {
    ends: [link.a, link.b].flatMap((end) => (end ? [`${end.node}.${end.interface}`] : [])),
    ...(forth === back
      ? { rate: quantity(rate, forth) }
      : { 'rate-a-to-b': quantity(rate, forth), 'rate-b-to-a': quantity(rate, back) }),
    delay: quantity(delay, link.delayMicroseconds),
    technology: word(link.technology),
    impairments: outlineLinkImpairments(link),
    down: link.down || undefined,
  }
}

const outlineLinkImpairments = (link: Link): Members | undefined => {
  const impairments = outlineImpairments(link)
  return impairments?.both ?? (impairments && { 'a-to-b': impairments['a-to-b'], 'b-to-a': impairments['b-to-a'] })
}
