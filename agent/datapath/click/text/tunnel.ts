/** Pure: where packets of a link go on, as the last part of a router: an interface of this host, or a tunnel to the next one. */

import type { Segment } from '../../../../proto/generated/weft.v1.ts'
import { qinqTags } from '../../../../proto/technologies.ts'
import { formatHandle, handle } from '../../../netlink/traffic/handle.ts'
import type { Flow } from '../../underlay/flow.ts'
import { flowOfKey, tableKey } from '../table.ts'
import { type Named, numbered, type Sink } from './part.ts'

/** Out of an interface of this host: the vif at the other end, or the link's own port. */
export const toInterface = (to: Named): Sink => ({
  lines: [`out :: Queue -> ToDevice(${to.name}); ${numbered(to)}`],
  input: 'out',
})

/** The other end is on this host, and not there yet. */
export const nowhereYet: Sink = {
  lines: ['early :: Counter -> Discard; // the other end is not there yet'],
  input: 'early',
}

export interface Tunnel {
  readonly segment: Segment
  /** The NIC that it leaves by. */
  readonly nic: Named & { readonly mac: string }
  /** Class of the NIC's queueing that packets have to say; undefined where a filter finds them. */
  readonly saidClass: number | undefined
}

/** Of technologies over IP the host's routes say the neighbour, where the segment names none. */
export const toTunnel = ({ segment, nic, saidClass }: Tunnel): Sink => {
  const { technology, identifier, local, remote, nextHop, remoteMac } = segment
  const said = saidClass === undefined ? '' : `TrafficClass(${formatHandle(saidClass)}) -> `
  const neighbour = `${said}ToNeighbour(${nic.name}${nextHop === '' ? '' : `, ${nextHop}`}); ${numbered(nic)}`
  const frame = `${said}Queue -> ToDevice(${nic.name}); ${numbered(nic)}`
  const tunnel = (first: string, ...rest: readonly string[]): Sink => ({
    lines: [
      `${segmentMark} ${nic.name}: ${tableKey(segment)}`,
      ['tunnel :: ', first, ...rest.map((element) => `\n    -> ${element}`)].join(''),
    ],
    input: 'tunnel',
  })
  switch (technology) {
    case 'vxlan':
      return tunnel(`VXLANEncap(${identifier}, ${local}, ${remote})`, neighbour)
    case 'gre':
      return tunnel(`GREEncap(${local}, ${remote}, KEY ${identifier})`, neighbour)
    case 'etherip':
      return tunnel(`EtherIPEncap(${local}, ${remote})`, neighbour)
    case 'ipip':
      return tunnel('Strip(14)', `IPEncap(4, ${local}, ${remote}, TTL 64, DF true)`, neighbour)
    case 'vlan':
      return tunnel(`VLANEncap(VLAN_ID ${identifier})`, frame)
    case 'qinq': {
      const { service, customer } = qinqTags(identifier)
      return tunnel(`VLANEncap(VLAN_ID ${customer})`, `VLANEncap(VLAN_ID ${service}, ETHERTYPE 0x88a8)`, frame)
    }
    case 'mpls':
      return tunnel(`MPLSEncap(${identifier})`, `EtherEncap(0x8847, ${nic.mac}, ${remoteMac})`, frame)
    default:
      throw new RangeError(`no technology "${technology}"`)
  }
}

const segmentMark = '// segment at'

/** A segment as a router's text tells it. */
export interface TextSegment {
  /** NIC's name. */
  readonly nic: string
  readonly flow: Flow
  /** Class that its packets say. */
  readonly saidClass: number | undefined
}

/** The segment that a text leads into; undefined where it leads into none. */
export const segmentIn = (text: string): TextSegment | undefined => {
  const [, nic, key] = /^\/\/ segment at (\S+): (.+)$/m.exec(text) ?? []
  const flow = key === undefined ? undefined : flowOfKey(key)
  if (nic === undefined || flow === undefined) return undefined
  const [, major, minor] = /TrafficClass\(([0-9a-f]+):([0-9a-f]+)\)/.exec(text) ?? []
  const saidClass = major && minor ? handle(Number.parseInt(major, 16), Number.parseInt(minor, 16)) : undefined
  return { nic, flow, saidClass }
}
