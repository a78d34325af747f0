/**
 * What a NIC was like before a link took it, kept in the note of the bridge's mark: the kernel is the only place that survives the agent
 * as long as the link does.
 *
 *     weft:alice.shop:link/r1-lan nic=eth2 index=7 up=0 mtu=9000 addrgen=0
 */
import type { Link } from '../../netlink/link/link.ts'
import { setLink } from '../../netlink/link/requests.ts'
import type { Request } from '../../netlink/socket/request.ts'

export interface NicNote {
  readonly nic: string
  /** One that went and came back has another; undefined in notes of earlier agents. */
  readonly index: number | undefined
  readonly up: boolean
  readonly mtu: number
  /** IN6_ADDR_GEN_MODE_*; undefined where the NIC has no IPv6. */
  readonly addressGeneration: number | undefined
  /** Told only where a link changes it: a bridge counts for itself which of its ports take all frames. */
  readonly promiscuous?: boolean
}

export const noteOf = ({ name, index, up, mtu, addressGeneration }: Link): NicNote => ({
  nic: name,
  index,
  up,
  mtu,
  addressGeneration,
})

export const formatNote = ({ nic, index, up, mtu, addressGeneration, promiscuous }: NicNote): string => {
  const generation = addressGeneration === undefined ? '' : ` addrgen=${addressGeneration}`
  const all = promiscuous === undefined ? '' : ` promisc=${promiscuous ? 1 : 0}`
  const number = index === undefined ? '' : ` index=${index}`
  return `nic=${nic}${number} up=${up ? 1 : 0} mtu=${mtu}${generation}${all}`
}

/**
 * Requests that make it as it was, last of all down where it was so. Each may find it gone, or without IPv6.
 */
export const giveBackRequests = ({ nic, up, mtu, addressGeneration, promiscuous }: NicNote): readonly Request[] => [
  setLink(nic, { up, mtu, ...(promiscuous === undefined ? {} : { promiscuous }) }),
  ...(addressGeneration === undefined ? [] : [setLink(nic, { addressGeneration })]),
]

/** Whether a note is of an interface that is there, rather than of one that had its name. */
export const isNoteOf = ({ nic, index }: NicNote, link: Link | undefined): boolean =>
  link !== undefined && link.name === nic && (index === undefined || index === link.index)

/** undefined for a note that names no NIC. */
export const parseNote = (note: string): NicNote | undefined => {
  const match = /^nic=(\S+)(?: index=(\d+))? up=([01]) mtu=(\d+)(?: addrgen=(\d+))?(?: promisc=([01]))?$/.exec(note)
  if (match === null) return undefined
  const [, nic = '', index, up, mtu, addressGeneration, promiscuous] = match
  return {
    nic,
    index: index === undefined ? undefined : Number(index),
    up: up === '1',
    mtu: Number(mtu),
    addressGeneration: addressGeneration === undefined ? undefined : Number(addressGeneration),
    ...(promiscuous === undefined ? {} : { promiscuous: promiscuous === '1' }),
  }
}
