/**
 * The technologies of links between hosts, in one table for controller and agent: what each takes of the underlay's MTU, what tells
 * its segments apart, and where it may run. Pure.
 */

export const datapathNames = ['bridge', 'click'] as const
export type DatapathName = (typeof datapathNames)[number]

export const technologyNames = ['vxlan', 'gre', 'etherip', 'ipip', 'vlan', 'qinq', 'mpls'] as const
export type TechnologyName = (typeof technologyNames)[number]

/** The field that tells a technology's segments apart, and its values; both ends included. */
export interface Identifier {
  /** As people call it, for instance "VNI". */
  readonly name: string
  readonly least: number
  readonly greatest: number
}

export interface Technology {
  readonly name: TechnologyName
  /** What its packets hold: a guest's whole Ethernet frame, or its IPv4 packet alone. */
  readonly carries: 'ethernet' | 'ipv4'
  /** Whether it crosses routed networks: it has outer IP addresses. Else it stays on one Ethernet segment, between NICs that see each other. */
  readonly crosses: boolean
  /**
   * Whether its outer addresses, being all that tells its segments apart, are taken from the tunnel prefixes of the two hosts; else they are those of the
   * NICs.
   */
  readonly needsTunnelPrefix: boolean
  /** undefined: its outer addresses tell segments apart, and the identifier is 0. */
  readonly identifier: Identifier | undefined
  /** Bytes of the underlay's MTU beside the outer IP header, from the guest's IP packet outwards. */
  readonly headerBytes: number
  /** Data paths that make it. */
  readonly datapaths: readonly DatapathName[]
}

const ethernetBytes = 14
const udpBytes = 8

/** 0 and 4095 are reserved (IEEE 802.1Q, table 9-2). */
const vlanIds = { least: 1, greatest: 4094 } as const

export const technologies: Readonly<Record<TechnologyName, Technology>> = {
  /** RFC 7348, section 5: UDP, VXLAN (8), the guest's Ethernet header. VNI 0 stands for "none" in a slice. */
  vxlan: {
    name: 'vxlan',
    carries: 'ethernet',
    crosses: true,
    needsTunnelPrefix: false,
    identifier: { name: 'VNI', least: 1, greatest: 2 ** 24 - 1 },
    headerBytes: udpBytes + 8 + ethernetBytes,
    datapaths: ['bridge', 'click'],
  },
  /** RFC 2784 and 2890: GRE (4) with key (4), the guest's Ethernet header. */
  gre: {
    name: 'gre',
    carries: 'ethernet',
    crosses: true,
    needsTunnelPrefix: false,
    identifier: { name: 'key', least: 1, greatest: 2 ** 32 - 1 },
    headerBytes: 4 + 4 + ethernetBytes,
    datapaths: ['bridge', 'click'],
  },
  /** RFC 3378: EtherIP (2), the guest's Ethernet header. The kernel has no device for it. */
  etherip: {
    name: 'etherip',
    carries: 'ethernet',
    crosses: true,
    needsTunnelPrefix: true,
    identifier: undefined,
    headerBytes: 2 + ethernetBytes,
    datapaths: ['click'],
  },
  /** RFC 2003: nothing but the outer header. A bridge carries Ethernet, this does not. */
  ipip: {
    name: 'ipip',
    carries: 'ipv4',
    crosses: true,
    needsTunnelPrefix: true,
    identifier: undefined,
    headerBytes: 0,
    datapaths: ['click'],
  },
  /** IEEE 802.1Q: the outermost tag is not part of an interface's MTU, in Linux nor on switches. */
  vlan: {
    name: 'vlan',
    carries: 'ethernet',
    crosses: false,
    needsTunnelPrefix: false,
    identifier: { name: 'VLAN id', ...vlanIds },
    headerBytes: 0,
    datapaths: ['bridge', 'click'],
  },
  /** IEEE 802.1ad: the second tag is. The identifier is service id * 4096 + customer id, each a VLAN id. */
  qinq: {
    name: 'qinq',
    carries: 'ethernet',
    crosses: false,
    needsTunnelPrefix: false,
    identifier: {
      name: 'pair of VLAN ids',
      least: vlanIds.least * 4096 + vlanIds.least,
      greatest: vlanIds.greatest * 4096 + vlanIds.greatest,
    },
    headerBytes: 4,
    datapaths: ['bridge', 'click'],
  },
  /** RFC 4448 without a control word: one label, the guest's Ethernet header. Labels below 16 are reserved (RFC 3032, section 2.1). */
  mpls: {
    name: 'mpls',
    carries: 'ethernet',
    crosses: false,
    needsTunnelPrefix: false,
    identifier: { name: 'label', least: 16, greatest: 2 ** 20 - 1 },
    headerBytes: 4 + ethernetBytes,
    datapaths: ['click'],
  },
}

/** undefined for a name that is none, "any" and '' among them. */
export const technologyNamed = (name: string): Technology | undefined =>
  Object.hasOwn(technologies, name) ? technologies[name as TechnologyName] : undefined

const outerIpv4Bytes = 20
const outerIpv6Bytes = 40

/**
 * Bytes by which the guest's MTU is below the underlay's: from the guest's IP packet to the underlay's (the guest's Ethernet
 * header is inside the tunnel, the underlay's own is not counted). The outer address tells IPv4 from IPv6, and matters to technologies
 * over IP alone; undefined for a technology that is not known.
 */
export const overheadBytes = (technology: string, outerAddress = '0.0.0.0'): number | undefined => {
  const known = technologyNamed(technology)
  if (known === undefined) return undefined
  const outer = outerAddress.includes(':') ? outerIpv6Bytes : outerIpv4Bytes
  return known.headerBytes + (known.crosses ? outer : 0)
}

/** The two VLAN ids that a segment of qinq is told apart by, outer and inner. */
export interface TagPair {
  readonly service: number
  readonly customer: number
}

export const qinqIdentifier = ({ service, customer }: TagPair): number => service * 4096 + customer

export const qinqTags = (identifier: number): TagPair => ({
  service: Math.floor(identifier / 4096),
  customer: identifier % 4096,
})

const isWithin = (value: number, { least, greatest }: { readonly least: number; readonly greatest: number }): boolean =>
  Number.isInteger(value) && value >= least && value <= greatest

/** Whether a segment of the technology may have the identifier; where addresses tell segments apart, 0 alone. */
export const isIdentifier = ({ name, identifier }: Technology, value: number): boolean => {
  if (identifier === undefined) return value === 0
  if (name !== 'qinq') return isWithin(value, identifier)
  const { service, customer } = qinqTags(value)
  return isWithin(service, vlanIds) && isWithin(customer, vlanIds)
}

/** For people: the identifiers that a segment may have. */
export const identifierRule = ({ name, identifier }: Technology): string => {
  if (identifier === undefined) return `0: outer addresses tell segments of ${name} apart`
  const { least, greatest } = name === 'qinq' ? vlanIds : identifier
  return name === 'qinq'
    ? `service id * 4096 + customer id, each ${least} to ${greatest}`
    : `a ${identifier.name} from ${least} to ${greatest}`
}

/**
 * The data path that relays between two segments of the technology in Dom0: the bridge, where it makes the technology and the host has
 * that; else click; undefined where the host can do neither.
 * @param offers whether the host's data path makes the technology
 */
export const relayDatapath = (
  technology: string,
  offers: (datapath: DatapathName) => boolean,
): DatapathName | undefined => technologyNamed(technology)?.datapaths.find(offers)
