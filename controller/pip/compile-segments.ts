/**
 * The segments of one link as the hosts at their ends are told of them: addresses, the way to the other end, and the MTU that the underlay
 * leaves.
 */
import { create } from '../../proto/codec.ts'
import { WeftError } from '../../proto/errors.ts'
import type { Nic, Segment, SubstrateLink, SubstrateNode } from '../../proto/generated/weft.v1.ts'
import { overheadBytes, technologies, technologyNamed } from '../../proto/technologies.ts'
import type { MappedPath } from '../mapping/mapping.ts'
import { type PathSegment, segmentsOf } from '../mapping/segments.ts'
import { nicAt, nicOf, nicProblem, underlayAddress } from '../substrate/nic.ts'
import type { Inventories } from '../substrate/substrate.ts'
import type { AllocatedSegment, Ends } from './segments.ts'

interface SegmentEnd {
  readonly host: string
  readonly nic: string
  /** Outer address; '' of technologies without one. */
  readonly address: string
  /** The NIC's own addresses, by which the other end reaches it where no routed network is between; '' where one is. */
  readonly neighbour: string
  readonly mac: string
}

export interface CompiledSegment {
  readonly technology: string
  readonly identifier: number
  readonly ends: Ends<SegmentEnd>
  /** Bytes of payload that a guest's frame may have. */
  readonly mtu: number
}

export interface SegmentInput {
  readonly substrate: { readonly nodes: readonly SubstrateNode[]; readonly links: readonly SubstrateLink[] }
  readonly inventories: Inventories
}

/**
 * The segments of a link along its path. Throws substrate.mismatch where a NIC that could carry it when the link was mapped cannot any
 * more.
 */
export const compileSegments = (
  input: SegmentInput,
  link: string,
  path: MappedPath,
  allocated: readonly AllocatedSegment[],
): readonly CompiledSegment[] =>
  segmentsOf(input.substrate, path).map((segment, index) => {
    const given = allocated[index]
    if (!given) throw new WeftError('internal', `link ${link} lacks the numbers of a segment`)
    return compileOne(input, link, segment, given)
  })

const compileOne = (
  { substrate, inventories }: SegmentInput,
  link: string,
  { from, to, firstLink, lastLink, crossesFabric }: PathSegment,
  { technology: name, identifier, addresses }: AllocatedSegment,
): CompiledSegment => {
  const technology = technologyNamed(name) ?? technologies.vxlan
  const endOf = (host: string, by: string, own: string | undefined): { end: SegmentEnd; mtu: number } => {
    const nic = nicAt(substrate.links, by, host)
    const seen = nicOf(inventories.get(host), nic)
    const problem = nicProblem(seen, technology)
    if (!seen || problem)
      throw new WeftError('substrate.mismatch', `link ${link} needs ${host}/${nic}, and ${problem}`, {
        object: `link/${link}`,
        hint: 'mend the NIC, or map the VNet again',
      })
    return { end: endAt(host, nic, seen, own), mtu: seen.mtu }
  }
  const endAt = (host: string, nic: string, seen: Nic, own: string | undefined): SegmentEnd => {
    const address = technology.crosses ? (underlayAddress(seen) ?? '') : ''
    return { host, nic, address: own ?? address, neighbour: crossesFabric ? '' : address, mac: seen.mac }
  }
  const [one, other] = [endOf(from, firstLink, addresses?.from), endOf(to, lastLink, addresses?.to)]
  const mtu = Math.min(one.mtu, other.mtu) - (overheadBytes(technology.name, one.end.address) as number)
  return { technology: technology.name, identifier, ends: { from: one.end, to: other.end }, mtu }
}

/** A segment as the host at one of its ends has it; what concerns the link as a whole (rate, impairment) is left to the caller. */
export const segmentAt = ({ technology, identifier, ends }: CompiledSegment, side: keyof Ends<unknown>): Segment => {
  const [here, there] = side === 'from' ? [ends.from, ends.to] : [ends.to, ends.from]
  return create('Segment', {
    technology,
    identifier,
    local: here.address,
    remote: there.address,
    nic: here.nic,
    peer: there.host,
    nextHop: there.neighbour,
    remoteMac: technology === 'mpls' ? there.mac : '',
  })
}
