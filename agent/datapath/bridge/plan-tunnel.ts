/** Pure: what one segment of a link needs: its tunnel device, what that is on, and its part of the NIC's queueing. */
import type { Segment } from '../../../proto/generated/weft.v1.ts'
import { overheadBytes, qinqTags } from '../../../proto/technologies.ts'
import type { Link } from '../../netlink/link/link.ts'
import { hasQueue } from '../nics.ts'
import { flowOf } from '../underlay/flow.ts'
import { planAtNic, type SegmentPlan } from '../underlay/plan.ts'
import { markOf, ownInterface, underlayNic } from './check.ts'
import { type Draft, isEmpty, planLimit, planPort, planSettings, planUp } from './draft.ts'
import { serviceName, tunnelName } from './names.ts'
import { differing, valuesOf } from './ports.ts'
import { leaveNics } from './removal.ts'
import { findService, isTunnelOf, nicOf, observedTunnel, wantedTunnel } from './tunnel.ts'

export const planTunnel = (draft: Draft, segment: Segment): void => {
  const { spec, snapshot } = draft
  const name = tunnelName(spec.vnet, spec.link.id, segment)
  const nic = underlayNic(spec, segment, snapshot)
  const found = ownInterface(spec, name, snapshot)
  const { rateBitsPerSecond, impairment } = segment
  const lower = planService(draft, segment, nic)
  const link = found !== undefined && isTunnelOf(found, segment, lower.index) ? found : undefined
  const said = link && snapshot.said.get(link.index)
  const { saidClass } = planUnderlay(draft, segment, nic, said)
  if (link === undefined) {
    if (found !== undefined) draft.first.push({ op: 'delete', name })
    addTunnel(draft, segment, { name, nic: nic.name, lower: lower.name })
  } else changeTunnel(draft, segment, link, nic)
  planPort(draft, name, link)
  if (saidClass !== undefined && saidClass !== said) {
    draft.build.push({ op: 'say-class', name, to: saidClass, from: said })
    if (link !== undefined) draft.reasons.push(`the frames of ${name} do not say their class at ${nic.name}`)
  }
  planLimit(draft, name, link, rateBitsPerSecond, impairment)
  if (link === undefined) draft.raise.push({ op: 'raise', name })
  else planUp(draft, link)
}

const addTunnel = (
  { spec, mtu, build, reasons }: Draft,
  segment: Segment,
  where: { readonly name: string; readonly nic: string; readonly lower: string },
): void => {
  build.push({ op: 'add-tunnel', ...where, alias: markOf(spec, ''), mtu, ends: flowOf(segment) })
  reasons.push(`the tunnel ${where.name} to ${segment.peer || segment.remote || segment.nic} is not there`)
}

const changeTunnel = (draft: Draft, segment: Segment, link: Link, nic: Link): void => {
  const { spec, snapshot, mtu } = draft
  const before = nicOf(link, snapshot.byIndex)?.name ?? ''
  const wanted = wantedTunnel(segment, nic.name)
  const observed = observedTunnel(link, before)
  const { vxlan = {}, gretap } = observed
  const changed = differing(wanted.vxlan ?? {}, vxlan)
  const isKept = wanted.gretap === undefined || isEmpty(differing(wanted.gretap, gretap ?? {}))
  const isOtherKey = wanted.gretap !== undefined && gretap?.key !== wanted.gretap.key
  if (before !== nic.name || isOtherKey) draft.last.push(...leaveNics(link.name, snapshot))
  planSettings(
    draft,
    link,
    {
      mtu,
      alias: markOf(spec, ''),
      addressGeneration: 1,
      vxlan: changed,
      ...(isKept ? {} : { gretap: wanted.gretap }),
    },
    { vxlan: valuesOf(changed, vxlan), ...(gretap && { gretap }) },
  )
}

/** What the device is on: the NIC, or of qinq the service device there, which other links may have made already. */
const planService = (draft: Draft, { technology, identifier }: Segment, nic: Link): Pick<Link, 'name' | 'index'> => {
  if (technology !== 'qinq') return nic
  const { service } = qinqTags(identifier)
  const found = findService(draft.snapshot.unmarked, service, nic.index)
  const name = found?.name ?? serviceName(nic.name, service)
  if (found?.up && found.mtu >= nic.mtu) return found
  draft.build.push({ op: 'add-service', name, service, nic: nic.name, mtu: nic.mtu })
  const why = found === undefined ? 'is not there' : found.up ? `has only the MTU ${found.mtu}` : 'is down'
  draft.reasons.push(`the service VLAN ${service} on ${nic.name} ${why}`)
  return found ?? { name, index: 0 }
}

/** The NIC's queueing, and what the segment is guaranteed in it. */
const planUnderlay = (draft: Draft, segment: Segment, nic: Link, toldClass: number | undefined): SegmentPlan => {
  const { snapshot, mtu, build, last, reasons } = draft
  const plan = planAtNic({
    nic: nic.name,
    nicRate: snapshot.nicRates.get(nic.name),
    state: snapshot.traffic.get(nic.index),
    flow: flowOf(segment),
    rateBitsPerSecond: segment.rateBitsPerSecond,
    mtu,
    overheadBytes: overheadBytes(segment.technology, segment.local) ?? 0,
    toldClass,
    saysBestEffort: false,
    hasQueue: hasQueue(nic),
  })
  build.push(...plan.before)
  last.push(...plan.after)
  reasons.push(...plan.reasons)
  return plan
}
