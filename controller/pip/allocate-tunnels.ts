/** What tells the tunnels that the paths of a VNet's links need from all others. */
import { WeftError } from '../../proto/errors.ts'
import type { SubstrateNode, VNetRequest } from '../../proto/generated/weft.v1.ts'
import { technologies, technologyNamed } from '../../proto/technologies.ts'
import { byId } from '../mapping/by-id.ts'
import { technologyOf } from '../mapping/demand.ts'
import { segmentsOf } from '../mapping/segments.ts'
import { nicAt } from '../substrate/nic.ts'
import { isInPrefix, parseTunnelPrefix } from '../substrate/tunnel-prefix.ts'
import type { AllocateInput } from './allocate.ts'
import { type Numbers, numbersOf } from './numbers.ts'
import { type AllocatedSegment, type Claim, claimsOn, segmentKey, spacesOn } from './segments.ts'

/**
 * The segments of all links with their numbers, along each path. A segment keeps what it had while it is between the same hosts
 * and nobody else has it. Throws admission.not-now where all is taken.
 */
export const allocateTunnels = (
  { embedding, substrate, taken, previous }: AllocateInput,
  request: VNetRequest,
): readonly AllocatedSegment[] => {
  const hosts = byId(substrate.nodes)
  const claimsOf = claimsOn(substrate)
  const spacesOf = spacesOn(substrate)
  const wanted = request.links.flatMap((link): readonly Wanted[] => {
    const path = embedding.paths.get(link.id)
    const technology = technologyOf(link)
    return (path ? segmentsOf(substrate, path) : []).map(({ from, to, firstLink, lastLink }) => {
      const nics = { from: nicAt(substrate.links, firstLink, from), to: nicAt(substrate.links, lastLink, to) }
      return { link: link.id, from, to, technology, nics }
    })
  })
  const before = new Map((previous?.segments ?? []).map((one) => [segmentKey(one), one]))
  const used = new Set<Claim>()
  const isFree = (claims: readonly Claim[]): boolean =>
    claims.every((claim) => !used.has(claim) && !taken.claims.has(claim))
  const use = (claims: readonly Claim[]): void => {
    for (const claim of claims) used.add(claim)
  }
  const kept = wanted.map((segment): AllocatedSegment | undefined => {
    const had = before.get(segmentKey(segment))
    const numbers = had && turned(had, segment)
    if (!numbers || !isOfHosts(segment, numbers, hosts)) return undefined
    const one = { ...segment, ...numbers }
    const claims = claimsOf(one)
    // Moved to where it never was: hosts there may still have what another of its links lets go.
    const isSame = claims.join() === claimsOf(had).join()
    if (!isSame || !isFree(claims)) return undefined
    use(claims)
    return one
  })
  // Hosts may still have the tunnels of links that went: theirs are free only with the next version.
  for (const segment of before.values()) use(claimsOf(segment))

  const choices = new Map<string, Iterator<Numbers, void>>()
  const choicesOf = (segment: Wanted): Iterator<Numbers, void> => {
    const { technology, from, to, nics } = segment
    const known = technologyNamed(technology)
    if (!known) throw new WeftError('internal', `link ${segment.link} is of the unknown technology ${technology}`)
    // What one segment found taken stays taken for the next one in the same place.
    const place = known.needsTunnelPrefix || !known.crosses ? [from, nics?.from, to, nics?.to] : []
    const key = [technology, ...place].join(' ')
    const spaces = spacesOf(segment)
    const found =
      choices.get(key) ??
      numbersOf(
        known.name,
        { from: hosts.get(from), to: hosts.get(to) },
        (least) => taken.nextFree?.(spaces, least) ?? least,
      )
    choices.set(key, found)
    return found
  }
  return wanted.map((segment, index) => {
    const had = kept[index]
    if (had) return had
    const choice = choicesOf(segment)
    for (let next = choice.next(); !next.done; next = choice.next()) {
      const one = { ...segment, ...next.value }
      const claims = claimsOf(one)
      if (!isFree(claims)) continue
      use(claims)
      return one
    }
    throw exhausted(segment, hosts)
  })
}

type Wanted = Omit<AllocatedSegment, 'identifier' | 'addresses'>
type Hosts = ReadonlyMap<string, SubstrateNode>

/** The numbers of a segment, seen in the direction of another between the same hosts. */
const turned = ({ from, identifier, addresses }: AllocatedSegment, segment: Wanted): Numbers => {
  if (!addresses) return { identifier }
  const isSameWay = from === segment.from
  return { identifier, addresses: isSameWay ? addresses : { from: addresses.to, to: addresses.from } }
}

/** Whether addresses that a segment had are its hosts' still: their prefixes may have been declared anew. */
const isOfHosts = ({ from, to }: Wanted, { addresses }: Numbers, hosts: Hosts): boolean => {
  const isOf = (host: string, address: string): boolean => {
    const prefix = parseTunnelPrefix(hosts.get(host)?.tunnelPrefix ?? '')
    return prefix !== undefined && isInPrefix(prefix, address)
  }
  return addresses === undefined || (isOf(from, addresses.from) && isOf(to, addresses.to))
}

const exhausted = ({ link, technology, from, to, nics }: Wanted, hosts: Hosts): WeftError => {
  const object = `link/${link}`
  const known = technologyNamed(technology) ?? technologies.vxlan
  if (known.needsTunnelPrefix) {
    const [here, there] = [from, to].map((host) => `${hosts.get(host)?.tunnelPrefix || 'none'} of ${host}`)
    return new WeftError(
      'admission.not-now',
      `every pair of addresses of the tunnel prefixes ${here} and ${there} is taken`,
      {
        object,
        hint: 'shorter tunnel_prefix for these hosts in the substrate, another technology, or fewer links',
      },
    )
  }
  const where = known.crosses || technology === 'mpls' ? '' : ` between ${from}/${nics?.from} and ${to}/${nics?.to}`
  return new WeftError('admission.not-now', `every ${known.identifier?.name} of ${technology}${where} is taken`, {
    object,
    hint: 'remove VNets, or ask for another technology',
  })
}
