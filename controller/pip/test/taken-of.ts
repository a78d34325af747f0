import type { AllocateInput, Allocation, Taken } from '../allocate.ts'
import { type Claim, claimsOn } from '../segments.ts'

/** What allocations hold: MAC addresses, and what tells segments apart. */
export const takenOf = (substrate: AllocateInput['substrate'], allocations: Iterable<Allocation>): Taken => {
  const claimsOf = claimsOn(substrate)
  const macs = new Set<string>()
  const claims = new Set<Claim>()
  for (const { request, segments } of allocations) {
    for (const { interfaces } of request.nodes) for (const { mac } of interfaces) macs.add(mac)
    for (const segment of segments) for (const claim of claimsOf(segment)) claims.add(claim)
  }
  return { macs, claims }
}
