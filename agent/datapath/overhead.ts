/**
 * What a link technology adds to a guest's packet, and so by how many bytes the guest's MTU is below the underlay's. Counted from
 * the guest's IP packet to the underlay's: the guest's Ethernet header is inside the tunnel, the underlay's own is not counted.
 */
import { isIP } from 'node:net'

const ipv4 = 20
const ipv6 = 40
const udp = 8
const ethernet = 14

/** Bytes beside the outer IP header; the flag says whether there is one. */
const technologies: Readonly<Record<string, { readonly bytes: number; readonly overIp: boolean }>> = {
  /** RFC 7348: UDP, VXLAN (8), the guest's Ethernet header. */
  vxlan: { bytes: udp + 8 + ethernet, overIp: true },
  /** RFC 2784 and 2890: GRE (4) with key (4), the guest's Ethernet header. */
  gre: { bytes: 8 + ethernet, overIp: true },
  /** RFC 3378: EtherIP (2), the guest's Ethernet header. */
  etherip: { bytes: 2 + ethernet, overIp: true },
  /** RFC 2003: nothing but the outer header. */
  ipip: { bytes: 0, overIp: true },
  /** 802.1Q: the first tag is not part of an interface's MTU. */
  vlan: { bytes: 0, overIp: false },
  /** 802.1ad: the second tag is. */
  qinq: { bytes: 4, overIp: false },
  /** RFC 4448 without a control word: one label, the guest's Ethernet header. */
  mpls: { bytes: 4 + ethernet, overIp: false },
}

/**
 * Bytes that a technology takes of the underlay's MTU, for an outer address of IPv4 or IPv6; undefined for a technology that is
 * not known.
 */
export const overheadBytes = (technology: string, outerAddress = '0.0.0.0'): number | undefined => {
  const known = technologies[technology]
  if (known === undefined) return undefined
  const outer = isIP(outerAddress) === 6 ? ipv6 : ipv4
  return known.bytes + (known.overIp ? outer : 0)
}
