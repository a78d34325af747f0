/** GENI RSpec version 3: a request or, of a VNet that stands, a manifest with its hosts, MAC addresses and addresses. */
import type { Impairment, Interface, Link, Node } from '../../../proto/generated/weft.v1.ts'
import { parseCidr } from '../cidr.ts'
import { rspecNamespace } from '../import/rspec-namespace.ts'
import { type Carried, lossesOf } from './losses.ts'
import { type Exported, type ExportSource, interfaceIndices, linkStateOf, nodeStateOf } from './source.ts'
import { xmlDocument, xmlElement } from './xml-text.ts'

const emulab = 'http://www.protogeni.net/resources/rspec/ext/emulab/1'
const mebi = 2 ** 20
const gibi = 2 ** 30

export const exportRspec = (source: ExportSource): Exported => {
  const { request, state } = source
  const indices = interfaceIndices(request)
  const root = xmlElement('rspec', { type: state ? 'manifest' : 'request', xmlns: rspecNamespace }, [
    ...request.nodes.flatMap((node) => nodeLines(node, indices.get(node.id) ?? [], source)),
    ...request.links.flatMap((link) => linkLines(link, source)),
  ])
  return { text: xmlDocument(root), losses: lossesOf(request, 'an RSpec', carried) }
}

/** As GENI names what a provider has: urn:publicid:IDN+PROVIDER+KIND+NAME. */
const urn = (provider: string, kind: string, name: string): string => `urn:publicid:IDN+${provider}+${kind}+${name}`

const nodeLines = (node: Node, indices: readonly number[], source: ExportSource): readonly string[] => {
  const placed = nodeStateOf(source, node.id)
  const { provider = '', host = '' } = placed ?? {}
  const hypervisor = placed?.hypervisor || (node.hypervisor === 'any' ? '' : node.hypervisor)
  const sliver = [...xenLines(node), ...(node.image === '' ? [] : xmlElement('disk_image', { name: node.image }))]
  const isTyped = hypervisor !== '' || sliver.length > 0
  const identity = placed && {
    component_id: urn(provider, 'node', host),
    component_manager_id: urn(provider, 'authority', 'cm'),
    sliver_id: sliverOf(source, provider, node.id),
  }
  return xmlElement('node', { client_id: node.id, ...identity, exclusive: 'false' }, [
    ...(isTyped ? xmlElement('sliver_type', { name: hypervisor || 'any' }, sliver) : []),
    ...locationLines(node),
    ...indices.flatMap((index) => interfaceLines(node, index, source)),
    ...(node.startUp?.command
      ? xmlElement('services', {}, xmlElement('execute', { shell: 'sh', command: node.startUp.command }))
      : []),
    ...(host === '' ? [] : xmlElement('host', { name: host })),
  ])
}

const sliverOf = ({ request }: ExportSource, provider: string, name: string): string =>
  urn(provider, 'sliver', `${request.name}.${name}`)

/** What of memory, disk and CPUs Emulab's extension can say: whole MB, whole GB, a count. */
const xenOf = ({ cpu, memoryBytes, diskBytes }: Node) => ({
  cores: cpu && cpu.count > 0 ? cpu.count : undefined,
  ram: memoryBytes > 0 && memoryBytes % mebi === 0 && memoryBytes / mebi < 1e9 ? memoryBytes / mebi : undefined,
  disk: diskBytes > 0 && diskBytes % gibi === 0 && diskBytes / gibi < 1e9 ? diskBytes / gibi : undefined,
})

const xenLines = (node: Node): readonly string[] => {
  const xen = xenOf(node)
  return Object.values(xen).every((value) => value === undefined)
    ? []
    : xmlElement('emulab:xen', { 'xmlns:emulab': emulab, ...xen })
}

const hasPlace = ({ location }: Node): boolean => location?.latitude !== undefined && location.longitude !== undefined

const locationLines = (node: Node): readonly string[] => {
  const { name, latitude, longitude } = node.location ?? {}
  return hasPlace(node) ? xmlElement('location', { country: name, latitude, longitude }) : []
}

const interfaceLines = ({ id, interfaces }: Node, index: number, source: ExportSource): readonly string[] => {
  const asked = interfaces.find((each) => each.index === index)
  const placed = nodeStateOf(source, id)
  const vif = placed?.vifs.find((each) => each.index === index)
  const addresses = vif?.addresses.length ? vif.addresses : (asked?.addresses ?? [])
  const { provider = '', host = '' } = placed ?? {}
  return xmlElement(
    'interface',
    {
      client_id: `${id}:eth${index}`,
      component_id: vif && urn(provider, 'interface', `${host}:${vif.name}`),
      sliver_id: vif && sliverOf(source, provider, `${id}.${index}`),
      mac_address: vif?.mac || asked?.mac,
    },
    addresses.flatMap(addressLines),
  )
}

const addressLines = (text: string): readonly string[] => {
  const cidr = parseCidr(text)
  if (!cidr) return []
  const [address] = text.split('/')
  const netmask = cidr.family === 4 ? maskOf(cidr.length) : String(cidr.length)
  return xmlElement('ip', { address, netmask, type: `ipv${cidr.family}` })
}

const maskOf = (length: number): string =>
  [0, 8, 16, 24].map((from) => 256 - 2 ** (8 - Math.min(8, Math.max(0, length - from)))).join('.')

const linkLines = (link: Link, source: ExportSource): readonly string[] => {
  const { a, b } = link
  if (!a || !b) return []
  const ends = [a, b].map(({ node, interface: index }) => `${node}:eth${index}`)
  const [from = '', to = ''] = ends
  const technology = linkStateOf(source, link.id)?.technology || link.technology
  return xmlElement(
    'link',
    {
      client_id: link.id,
      sliver_id: source.state && sliverOf(source, nodeStateOf(source, a.node)?.provider ?? '', link.id),
    },
    [
      ...ends.flatMap((client_id) => xmlElement('interface_ref', { client_id })),
      ...propertyLines(from, to, link.rateAToBBitsPerSecond, link.impairmentAToB),
      ...propertyLines(to, from, link.rateBToABitsPerSecond, link.impairmentBToA),
      ...xmlElement('link_type', { name: technology === '' || technology === 'any' ? 'lan' : technology }),
    ],
  )
}

/** kbit/s, ms, and a share of 1. */
const propertyLines = (
  source_id: string,
  dest_id: string,
  bitsPerSecond: number,
  impairment: Impairment | undefined,
): readonly string[] => {
  const amounts = {
    capacity: bitsPerSecond === 0 ? undefined : thousandths(bitsPerSecond),
    latency: impairment?.delayMicroseconds ? thousandths(impairment.delayMicroseconds) : undefined,
    packet_loss: impairment?.lossMillionths ? impairment.lossMillionths / 1e6 : undefined,
  }
  const isSaid = Object.values(amounts).some((value) => value !== undefined)
  return isSaid ? xmlElement('property', { source_id, dest_id, ...amounts }) : []
}

/** Exact: a float has not the digits of the greatest ones. */
const thousandths = (value: number): string =>
  value % 1000 === 0
    ? String(value / 1000)
    : `${Math.floor(value / 1000)}.${String(value % 1000)
        .padStart(3, '0')
        .replace(/0+$/, '')}`

const impairments = ['impairmentAToB', 'impairmentBToA'] as const

const carried: Carried = {
  vnet: [],
  node: (node) => {
    const { cores, ram, disk } = xenOf(node)
    return [
      ...['id', 'hypervisor', 'image', 'interfaces', 'startUp.command'],
      ...(cores === undefined ? [] : ['cpu.count']),
      ...(ram === undefined ? [] : ['memoryBytes']),
      ...(disk === undefined ? [] : ['diskBytes']),
      ...(hasPlace(node) ? ['location.name', 'location.latitude', 'location.longitude'] : []),
    ]
  },
  interface: (_: Interface) => ['index', 'mac', 'addresses'],
  link: () => [
    ...['id', 'a', 'b', 'rateAToBBitsPerSecond', 'rateBToABitsPerSecond', 'technology'],
    ...impairments.flatMap((side) => [`${side}.delayMicroseconds`, `${side}.lossMillionths`]),
  ],
}
