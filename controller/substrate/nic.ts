/**
 * What a tunnel needs of the NIC that it leaves by.
 */
import type { HostInventory, Nic } from '../../proto/generated/weft.v1.ts'

/** Outer Ethernet (14), IPv4 (20), UDP (8) and VXLAN (8) headers around a guest's frame (RFC 7348, section 5). */
export const tunnelOverheadBytes = 50

/** The least payload of a guest's frame that a link may have: IPv6's minimum (RFC 8200, section 5). */
export const leastMtu = 1280

export const nicOf = (inventory: HostInventory | undefined, name: string): Nic | undefined =>
  inventory?.nics.find((nic) => nic.name === name)

/** Outer address of tunnels: the NIC's first IPv4 address that is neither loopback nor link-local, without its prefix length. */
export const underlayAddress = (nic: Nic): string | undefined =>
  nic.addresses
    .map((address) => address.split('/')[0] as string)
    .find((address) => /^\d+\.\d+\.\d+\.\d+$/.test(address) && !/^(127\.|169\.254\.)/.test(address))

/** Why no tunnel can leave by the NIC; undefined where one can. */
export const nicProblem = (nic: Nic | undefined): string | undefined => {
  if (!nic) return 'the host does not have it'
  if (!nic.up) return 'it is down'
  if (!underlayAddress(nic)) return 'it has no IPv4 address'
  const least = leastMtu + tunnelOverheadBytes
  return nic.mtu < least ? `its MTU is ${nic.mtu}, a tunnel needs at least ${least}` : undefined
}
