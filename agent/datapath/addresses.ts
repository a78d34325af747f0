/** The addresses of a Dom0, followed by what the kernel announces of them. */
import { type Lookup, momentMap } from '../moments.ts'
import { type Address, decodeAddress, scopeLink } from '../netlink/address.ts'
import { readS32 } from '../netlink/codec/byte-order.ts'
import type { Message } from '../netlink/codec/message.ts'
import type { Copy } from '../netlink/socket/copy.ts'

/** At one moment, by interface index. */
export type Addresses = Pick<Lookup<number, readonly Address[]>, 'get'>

/** RTM_*; struct ifaddrmsg has the index at 4. */
const rtm = { deleteLink: 17, newAddress: 20, deleteAddress: 21 } as const
const familyOfAll = 0

export const addressCopy = (): Copy<Addresses> => {
  const addresses = momentMap<number, readonly Address[]>()

  const changed = (message: Message): void => {
    const address = decodeAddress(message)
    const others = (addresses.get(address.index) ?? []).filter((one) => one.address !== address.address)
    const now = message.type === rtm.newAddress ? [...others, address] : others
    if (now.length > 0) addresses.set(address.index, now)
    else addresses.delete(address.index)
  }

  return {
    hear: (message) => {
      const { type, body } = message
      if (type === rtm.newAddress || type === rtm.deleteAddress) changed(message)
      else if (type === rtm.deleteLink && body[0] === familyOfAll) addresses.delete(readS32(body, 4))
    },
    questions: () => [],
    moment: () => addresses.moment(),
  }
}

/** Of a list. */
export const addressesOf = (addresses: readonly Address[]): Addresses => Map.groupBy(addresses, ({ index }) => index)

/** An address that an IPv6 interface gives itself, and loses with it. */
const isOwn = ({ family, scope }: Address): boolean => family === 6 && scope === scopeLink

/** Whether the host uses an interface by one of its addresses. */
export const isAddressed = (addresses: readonly Address[] | undefined): boolean =>
  addresses?.some((address) => !isOwn(address)) ?? false
