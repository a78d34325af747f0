/**
 * What a NIC was like before a link took it, kept in the note of the bridge's mark: the kernel is the only place that survives the agent
 * as long as the link does.
 *
 *     weft:alice.shop:link/r1-lan nic=eth2 up=0 mtu=9000 addrgen=0
 */
import type { Link } from '../../netlink/link/link.ts'

export interface NicNote {
  readonly nic: string
  readonly up: boolean
  readonly mtu: number
  /** IN6_ADDR_GEN_MODE_*; undefined where the NIC has no IPv6. */
  readonly addressGeneration: number | undefined
}

export const noteOf = ({ name, up, mtu, addressGeneration }: Link): NicNote => ({
  nic: name,
  up,
  mtu,
  addressGeneration,
})

export const formatNote = ({ nic, up, mtu, addressGeneration }: NicNote): string =>
  `nic=${nic} up=${up ? 1 : 0} mtu=${mtu}${addressGeneration === undefined ? '' : ` addrgen=${addressGeneration}`}`

/** undefined for a note that names no NIC. */
export const parseNote = (note: string): NicNote | undefined => {
  const match = /^nic=(\S+) up=([01]) mtu=(\d+)(?: addrgen=(\d+))?$/.exec(note)
  if (match === null) return undefined
  const [, nic = '', up, mtu, addressGeneration] = match
  return {
    nic,
    up: up === '1',
    mtu: Number(mtu),
    addressGeneration: addressGeneration === undefined ? undefined : Number(addressGeneration),
  }
}
