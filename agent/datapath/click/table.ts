/**
 * Pure: a link in the table of an underlay NIC's LinkSwitch, as its handlers `add`, `set`, `remove` and `table` have it: what its packets are known by, then
 * the interface that they are for (and for ipip the Ethernet addresses of the header that they lack).
 */
import type { Segment } from '../../../proto/generated/weft.v1.ts'
import { qinqIdentifier, qinqTags } from '../../../proto/technologies.ts'
import type { Flow } from '../underlay/flow.ts'
import type { Named } from './text/part.ts'

/** Ethernet addresses: of the guest, and of the far end as the guest sees it. */
export interface Ethers {
  readonly guest: string
  readonly far: string
}

/** Between two tunnels of ipip no Ethernet address matters to anybody. */
export const relayEthers: Ethers = { guest: '02:00:00:00:00:01', far: '02:00:00:00:00:02' }

export const tableKey = ({ technology, identifier, local, remote }: Flow): string => {
  switch (technology) {
    case 'vxlan':
    case 'gre':
      return `${technology} ${identifier} ${remote} ${local}`
    case 'etherip':
    case 'ipip':
      return `${technology} ${remote} ${local}`
    case 'qinq': {
      const { service, customer } = qinqTags(identifier)
      return `qinq ${service} ${customer}`
    }
    default:
      return `${technology} ${identifier}`
  }
}

/** The inverse of `tableKey`; undefined for what is no key. */
export const flowOfKey = (key: string): Flow | undefined => {
  const [technology = '', ...words] = key.split(' ')
  const [first = '', second = '', third = ''] = words
  switch (technology) {
    case 'vxlan':
    case 'gre':
      return { technology, identifier: Number(first), local: third, remote: second }
    case 'etherip':
    case 'ipip':
      return { technology, identifier: 0, local: second, remote: first }
    case 'qinq': {
      const identifier = qinqIdentifier({ service: Number(first), customer: Number(second) })
      return { technology, identifier, local: '', remote: '' }
    }
    case 'vlan':
    case 'mpls':
      return { technology, identifier: Number(first), local: '', remote: '' }
    default:
      return undefined
  }
}

/** What stands in the table behind a key. */
export interface TableValue {
  /** Interface that packets are for. */
  readonly device: Named
  /** What follows it; '' for nothing. */
  readonly more: string
}

/** `atOnce`: the device is a veth whose other end is the guest's, and nothing stands between: packets are handed over there. */
export const tableValue = (
  { technology }: Segment,
  device: Named,
  { guest, far }: Ethers,
  atOnce = false,
): TableValue => {
  const header = technology === 'ipip' ? [etherText(guest), etherText(far)] : []
  const handedOver = technology === 'ipip' ? ['PEER'] : ['PEER', etherText(guest)]
  return { device, more: [...header, ...(atOnce ? handedOver : [])].join(' ') }
}

/** As the table tells an address. */
const etherText = (mac: string): string => mac.toUpperCase().replaceAll(':', '-')

export const formatValue = (index: number, { more }: TableValue): string =>
  more === '' ? `${index}` : `${index} ${more}`

const parseValue = (text: string): TableValue => {
  const [index = '', ...more] = text.split(' ')
  return { device: { name: '', index: Number(index) }, more: more.join(' ') }
}

export const sameValue = (a: TableValue | undefined, b: TableValue): boolean =>
  a !== undefined && a.device.index === b.device.index && a.more === b.more

/** Words of a key. */
const keyWords: Readonly<Record<string, number>> = { vxlan: 4, gre: 4, etherip: 3, ipip: 3, mpls: 2, vlan: 2, qinq: 3 }

/** The table's lines, values by keys. */
export const parseTable = (text: string): ReadonlyMap<string, TableValue> =>
  new Map(
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const words = line.split(' ')
        const length = keyWords[words[0] ?? ''] ?? words.length - 1
        return [words.slice(0, length).join(' '), parseValue(words.slice(length).join(' '))] as const
      }),
  )
