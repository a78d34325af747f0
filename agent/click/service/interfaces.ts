/** Interfaces that routers make for themselves, FromHost's; known by their alias, `weft-click:NAME`. */
import { type EtherAddress, formatIpAddress, type Prefix } from '../../../click/arguments/addresses.ts'
import { formatMac } from '../../netlink/codec/address.ts'
import { addLink, setLink } from '../../netlink/link/requests.ts'
import type { RouteSocket } from '../../netlink/route.ts'
import { NetlinkError } from '../../netlink/socket/error.ts'
import type { HostDevice } from '../compile/compile.ts'
import type { Site } from './attach.ts'
import type { Places } from './places.ts'

const aliasOf = (router: string): string => `weft-click:${router}`

/** Makes a device that the host can send to, up, with its address. Rejects with NetlinkError. */
export const makeInterface = async (route: RouteSocket, router: string, device: HostDevice): Promise<void> => {
  const { name, mtu, arp, prefix, etherAddress } = device
  const link = { name, mtu, mac: formatMac(Buffer.from(etherAddress satisfies EtherAddress)) }
  // It asks for no IPv6 address of its own: the configuration would get packets that nobody meant to send.
  const mark = setLink(name, { alias: aliasOf(router), addressGeneration: 1 })
  // What is sent is taken before it leaves: any kind would do that comes without a far end. A bridge without ports is in every kernel.
  for (const kind of ['dummy', 'bridge'] as const) {
    // At once: nobody finds it without its mark.
    const [added, marked] = await route.batch([addLink({ ...link, info: { kind } }), mark])
    if (added instanceof NetlinkError && added.code === 'EOPNOTSUPP' && kind !== 'bridge') continue
    if (added instanceof NetlinkError) throw added
    if (marked instanceof NetlinkError) throw marked
    break
  }
  await route.setLink(name, { up: true, arp })
  const made = prefix && (await route.link(name))
  if (made) await route.addAddress(made.index, `${formatIpAddress(prefix.address)}/${lengthOf(prefix)}`)
}

const lengthOf = ({ mask }: Prefix): number => mask.toString(2).replaceAll('0', '').length

/** Removes those that carry the router's alias; others of the same name are somebody's. */
export const removeInterfaces = async (
  places: Places,
  { route }: Pick<Site, 'route'>,
  router: string,
  names: readonly string[],
): Promise<void> => {
  for (const name of names) {
    const link = await route.link(name)
    if (link?.alias !== aliasOf(router)) continue
    places.step?.(`remove the interface ${name}`)
    await route.deleteLink(link.index)
  }
}

/** Removes all that carry the router's alias. */
export const removeMarked = async (places: Places, route: RouteSocket, router: string): Promise<void> => {
  const marked = (await route.links()).filter(({ alias }) => alias === aliasOf(router))
  const names = marked.map(({ name }) => name)
  await removeInterfaces(places, { route }, router, names)
}
