/**
 * What routers are called. That of a vif is `VNET@NODE.IF`, that of a link's port `VNET@LINK.a`, that of an underlay NIC `NIC@eth1`; no VNet's name has capital
 * letters, no node's an @. The file that a configuration seems to come from, `VNET/LINK/NODE.IF`, says of which link it is: landmarks show it.
 */
import { digest } from '../bridge/names.ts'

export interface RouterPlace {
  readonly vnet: string
  readonly link: string
  /** `NODE.IF`, a port: `a` or `b`, or a NIC that is the link's alone: `NIC@eth2`. */
  readonly end: string
}

export const portEnds = ['a', 'b'] as const
export type PortEnd = (typeof portEnds)[number]

const isPortEnd = (end: string): boolean => end === 'a' || end === 'b'

/** A NIC has one router, whether links share it or one has it for itself: whose it is stands in its file. */
export const routerName = ({ vnet, link, end }: RouterPlace): string => {
  if (nicOf(end) !== undefined) return end
  return isPortEnd(end) ? `${vnet}@${link}.${end}` : `${vnet}@${end}`
}

export const routerFile = ({ vnet, link, end }: RouterPlace): string => `${vnet}/${link}/${end}`

/** undefined for a router that is no link's. */
export const placeOf = (name: string, file: string): RouterPlace | undefined => {
  const [vnet = '', link = '', end = '', ...more] = file.split('/')
  const place = { vnet, link, end }
  return more.length === 0 && link !== '' && name === routerName(place) ? place : undefined
}

/** VNet of a router that is a link's, by its name alone. */
export const vnetOf = (router: string): string => router.slice(0, Math.max(0, router.indexOf('@')))

const nicPrefix = 'NIC@'

export const nicRouterName = (nic: string): string => `${nicPrefix}${nic}`

const promiscuousMark = '/promiscuous'

/** It notes whether the NIC was made promiscuous for links there, and shall not be when the last one goes. */
export const nicRouterFile = (nic: string, promiscuous: boolean): string =>
  `${nicRouterName(nic)}${promiscuous ? promiscuousMark : ''}`

export const isMadePromiscuous = (file: string): boolean => file.endsWith(promiscuousMark)

/** undefined for a router that is no NIC's. */
export const nicOf = (name: string): string | undefined =>
  name.startsWith(nicPrefix) ? name.slice(nicPrefix.length) : undefined

/** An end of a link's port pair: 60 bits of a digest, the same on every run. */
export const portName = (vnet: string, link: string, end: PortEnd): string =>
  `wp${digest(vnet, link, 'ports').slice(0, 12)}${end}`
