/** The rules of a link's segments, which its technology makes: what tells them apart, outer addresses, the way to the other host. Pure. */
import { isIP } from 'node:net'
import type { Segment, SliceLink } from '../../proto/generated/weft.v1.ts'
import {
  identifierRule,
  isIdentifier,
  type Technology,
  technologyNamed,
  technologyNames,
} from '../../proto/technologies.ts'
import { isUnicastMac, nicPattern } from './patterns.ts'
import type { Refuse } from './validate-fields.ts'

export const checkSegments = (object: string, { ends, segments, far }: SliceLink, refuse: Refuse): void => {
  for (const segment of segments) checkSegment(object, segment, refuse)
  const [one, other] = segments
  // A relay joins what carries the same: a frame cannot become an IPv4 packet on its way.
  if (one && other && one.technology !== other.technology)
    refuse(object, `is ${one.technology} on one side and ${other.technology} on the other`, 'one technology a link')
  const answersFor = ends.length === 1 && one !== undefined && technologyNamed(one.technology)?.carries === 'ipv4'
  if (answersFor && !isUnicastMac(far?.mac ?? ''))
    refuse(
      object,
      'does not say the MAC of its far end',
      `far.mac: ${one.technology} carries no Ethernet that could tell it`,
    )
  if (!answersFor && far)
    refuse(object, 'says what its far end is', 'that is of an end of a link that carries IPv4 alone (ipip)')
}

const checkSegment = (object: string, segment: Segment, refuse: Refuse): void => {
  const { identifier, nic } = segment
  const technology = technologyNamed(segment.technology)
  if (!technology) {
    refuse(object, `has the unknown technology "${segment.technology}"`, `one of ${technologyNames.join(', ')}`)
    return
  }
  if (!isIdentifier(technology, identifier))
    refuse(object, `has the identifier ${identifier}`, `of ${technology.name} ${identifierRule(technology)}`)
  if (nic !== '' && !nicPattern.test(nic)) refuse(object, `has the NIC "${nic}"`, 'a name of a Linux interface')
  if (nic === '' && !technology.crosses)
    refuse(object, 'has no NIC', `the one that the Ethernet of ${technology.name} is at`)
  checkAddresses(object, segment, technology, refuse)
  const isNamed = technology.name === 'mpls'
  if (isNamed && !isUnicastMac(segment.remoteMac))
    refuse(object, `has the remote MAC "${segment.remoteMac}"`, 'the one of the NIC at the other end')
  if (!isNamed && segment.remoteMac !== '')
    refuse(object, `has the remote MAC ${segment.remoteMac}`, `none: ${technology.name} finds its way without`)
}

const checkAddresses = (
  object: string,
  { local, remote, nextHop }: Segment,
  { name, crosses }: Technology,
  refuse: Refuse,
): void => {
  if (!crosses) {
    if (local !== '' || remote !== '' || nextHop !== '')
      refuse(object, 'has outer addresses', `none: ${name} is Ethernet, not IP`)
    return
  }
  if (isIP(local) === 0 || isIP(local) !== isIP(remote) || local === remote)
    refuse(object, `has the outer addresses "${local}" and "${remote}"`, 'two different ones of one family')
  if (nextHop !== '' && isIP(nextHop) !== isIP(local))
    refuse(object, `has the next hop "${nextHop}"`, 'an address of the family of the outer ones, or none')
}

/** What tells a segment from the others of a slice, for people too: tags and labels count by the NIC. */
export const nameOfSegment = ({ technology, identifier, local, remote, nic }: Segment): string =>
  technologyNamed(technology)?.crosses === false
    ? `${technology} ${identifier} at ${nic}`
    : `${technology} ${identifier} ${local} ${remote}`
