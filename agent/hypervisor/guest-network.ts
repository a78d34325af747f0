/**
 * The interfaces inside a guest whose network namespace the agent can enter: exactly the MTU, MAC and addresses asked for, added before
 * what is too much is deleted, so that what stays is never without an address.
 */
import { WeftError } from '../../proto/errors.ts'
import type { SliceInterface } from '../../proto/generated/weft.v1.ts'
import { defaultMtu } from '../defaults.ts'
import { type Address, addAddress, deleteAddress, scopeLink } from '../netlink/address.ts'
import type { Link } from '../netlink/link/link.ts'
import { setLink } from '../netlink/link/requests.ts'
import { openRoute, type RouteSocket } from '../netlink/route.ts'
import { NetlinkError } from '../netlink/socket/error.ts'
import type { Request } from '../netlink/socket/request.ts'

export const guestInterface = (index: number): string => `eth${index}`

/** One form for each address: IPv6 has many ways to write one. */
const canonical = (cidr: string): string => {
  const [address = '', length = ''] = cidr.split('/')
  const host = address.includes(':') ? new URL(`http://[${address}]/`).hostname.slice(1, -1) : address
  return `${host}/${length}`
}

const ownAddresses = (addresses: readonly Address[], index: number): readonly string[] =>
  addresses
    .filter((one) => one.index === index && !(one.family === 6 && one.scope === scopeLink))
    .map(({ address }) => address)

/** Pure: what is to be added to an interface, then what is to be deleted. */
export const addressChanges = (index: number, wanted: readonly string[], there: readonly string[]) => {
  const has = new Set(there.map(canonical))
  const shall = new Set(wanted.map(canonical))
  return {
    add: wanted.filter((address) => !has.has(canonical(address))).map((address) => addAddress(index, address)),
    delete: there.filter((address) => !shall.has(canonical(address))).map((address) => deleteAddress(index, address)),
  }
}

const linkOf = (links: readonly Link[], one: SliceInterface): Link => {
  const link = links.find(({ name }) => name === guestInterface(one.index))
  if (link) return link
  throw new WeftError('hypervisor.failed', `the guest has no ${guestInterface(one.index)}`)
}

/** Pure: requests that bring links and addresses to what is asked for. */
export const guestChanges = (
  interfaces: readonly SliceInterface[],
  links: readonly Link[],
  addresses: readonly Address[],
): readonly Request[] => {
  const loopback = links.find(({ name }) => name === 'lo')
  const requests: Request[] = loopback && !loopback.up ? [setLink('lo', { up: true })] : []
  const deletions: Request[] = []
  for (const one of interfaces) {
    const link = linkOf(links, one)
    const mtu = one.mtu || defaultMtu
    if (link.mtu !== mtu) requests.push(setLink(link.index, { mtu }))
    if (one.mac !== '' && link.mac !== one.mac.toLowerCase()) requests.push(setLink(link.index, { mac: one.mac }))
    if (!link.up) requests.push(setLink(link.index, { up: true }))
    const changes = addressChanges(link.index, one.addresses, ownAddresses(addresses, link.index))
    requests.push(...changes.add)
    deletions.push(...changes.delete)
  }
  return [...requests, ...deletions]
}

const send = async (route: RouteSocket, requests: readonly Request[]): Promise<void> => {
  for (const outcome of await route.batch(requests)) if (outcome instanceof NetlinkError) throw outcome
}

/** Idempotent. Throws hypervisor.failed with the kernel's own words. */
export const configureGuest = async (namespace: string, interfaces: readonly SliceInterface[]): Promise<void> => {
  try {
    const route = openRoute({ namespace })
    try {
      const readAndSend = async (): Promise<boolean> => {
        const [links, addresses] = await Promise.all([route.links(), route.addresses()])
        const requests = guestChanges(interfaces, links, addresses)
        await send(route, requests)
        return requests.some(({ operation }) => operation.endsWith(' del'))
      }
      // Without promote_secondaries the kernel drops a subnet's other addresses with its first one: look again after a deletion.
      if (await readAndSend()) await readAndSend()
    } finally {
      route.close()
    }
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error
    throw new WeftError('hypervisor.failed', `inside the guest: ${error.message}`, { cause: error })
  }
}
