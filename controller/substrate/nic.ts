/**
 * What a segment of a link needs of the NIC that it leaves by.
 */
import type { HostInventory, Nic, SubstrateLink } from '../../proto/generated/weft.v1.ts'
import {
  overheadBytes,
  type Technology,
  type TechnologyName,
  technologies,
  technologyNames,
} from '../../proto/technologies.ts'
import { byId } from '../mapping/by-id.ts'

/** The least payload of a guest's frame that a link may have: IPv6's minimum (RFC 8200, section 5). */
export const leastMtu = 1280

export const nicOf = (inventory: HostInventory | undefined, name: string): Nic | undefined =>
  inventory?.nics.find((nic) => nic.name === name)

/** The NIC of a host that a link of the substrate ends at; '' where it does not. */
export const nicAt = (links: readonly SubstrateLink[], id: string, host: string): string => {
  const { a, b } = byId(links).get(id) ?? {}
  return (a?.node === host ? a.nic : b?.node === host ? b.nic : undefined) ?? ''
}

/** Outer address of tunnels: the NIC's first IPv4 address that is neither loopback nor link-local, without its prefix length. */
export const underlayAddress = (nic: Nic): string | undefined =>
  nic.addresses
    .map((address) => address.split('/')[0] as string)
    .find((address) => /^\d+\.\d+\.\d+\.\d+$/.test(address) && !/^(127\.|169\.254\.)/.test(address))

/** The MTU that an underlay needs at least for links of the technology; outer addresses are IPv4. */
export const leastUnderlayMtu = ({ name }: Technology): number => leastMtu + (overheadBytes(name) as number)

/** Why no segment of the technology can leave by the NIC; undefined where one can. Of vxlan unless another is asked for. */
export const nicProblem = (nic: Nic | undefined, technology: Technology = technologies.vxlan): string | undefined => {
  if (!nic) return 'the host does not have it'
  if (!nic.up) return 'it is down'
  if (technology.crosses && !underlayAddress(nic)) return 'it has no IPv4 address'
  if (technology.name === 'mpls' && nic.mac === '') return 'it has no Ethernet address'
  const least = leastUnderlayMtu(technology)
  return nic.mtu < least ? `its MTU is ${nic.mtu}, a tunnel needs at least ${least}` : undefined
}

/** Technologies that can use the NIC. */
export const nicTechnologies = (nic: Nic | undefined): readonly TechnologyName[] =>
  technologyNames.filter((name) => nicProblem(nic, technologies[name]) === undefined)
