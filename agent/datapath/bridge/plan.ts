/**
 * Pure: what a VNet's links shall be against what is there, as steps. Each part of a link is compared by itself, so that a step mends
 * what is wrong and touches nothing else.
 *
 * Order within a step: what is in the way goes first, then everything is made and set while it is down, guarded and limited, then
 * it is raised, and last goes what is wanted no more.
 */
import type { Link } from '../../netlink/link/link.ts'
import { checkImpairments, checkTogether, ownVif } from '../check.ts'
import type { LinkSpec, LinkStep } from '../driver.ts'
import { checkSpec, freeNic, linkMtu, markOf, ownInterface, sharedNic, takenNote } from './check.ts'
import { type Draft, planDown, planLimit, planPort, planSettings, planUp } from './draft.ts'
import { isHooked } from './isolation.ts'
import { bridgeName, tunnelName } from './names.ts'
import { formatNote, isNoteOf, parseNote } from './note.ts'
import type { Operation } from './operation.ts'
import { planTunnel } from './plan-tunnel.ts'
import { differing, valuesOf, wireBridge } from './ports.ts'
import { leaveNics, leaveUplink, planRemoval } from './removal.ts'
import { type BridgeSnapshot, linkKey } from './snapshot.ts'
import { sharedBridge, uplinkName, uplinkNote } from './uplink.ts'

/** See DatapathDriver.plan. */
export const planLinks = (vnet: string, specs: readonly LinkSpec[], snapshot: BridgeSnapshot): readonly LinkStep[] => {
  for (const spec of specs) {
    checkSpec(spec)
    checkImpairments(spec, snapshot.noNetem)
  }
  checkTogether(specs)
  const wanted = new Set(specs.map(({ link }) => link.id))
  const gone = snapshot.links.filter((link) => link.vnet === vnet && !wanted.has(link.id))
  return [
    ...gone.map((link) => planRemoval(link, snapshot)),
    ...specs.flatMap((spec) => planLink(spec, snapshot) ?? []),
  ]
}

const planLink = (spec: LinkSpec, snapshot: BridgeSnapshot): LinkStep | undefined => {
  const draft: Draft = {
    spec,
    snapshot,
    mtu: linkMtu(spec, snapshot),
    bridge: bridgeName(spec.vnet, spec.link.id),
    first: [],
    build: [],
    raise: [],
    last: [],
    reasons: [],
  }
  const there = snapshot.members.has(linkKey(spec.vnet, spec.link.id))
  const waitsFor = spec.vifs.filter((vif) => ownVif(spec, vif, snapshot) === undefined)

  planBridge(draft)
  for (const segment of spec.link.segments) planTunnel(draft, segment)
  for (const [end, vif] of spec.vifs.entries()) planVif(draft, vif, end)
  if (spec.shared) planUplink(draft)
  else if (spec.nic !== '') planNic(draft)
  planLeftovers(draft)

  const { first, build, raise, last, reasons } = draft
  const operations = [...first, ...build.toSorted((a, b) => rank(a) - rank(b)), ...raise, ...last]
  if (operations.length === 0 && waitsFor.length === 0) return undefined
  reasons.push(...waitsFor.map((vif) => `${vif} is not there yet`))
  return { vnet: spec.vnet, link: spec.link.id, action: there ? 'change' : 'add', reasons, operations, waitsFor }
}

/** Within what is built: the NIC's queueing, then new interfaces, those that others are on first, then all that refers to them. */
const rank = ({ op }: Operation): number => {
  if (op === 'underlay' || op === 'reserve') return 0
  if (op === 'add-service') return 1
  return op === 'add-bridge' || op === 'add-tunnel' || op === 'add-uplink' ? 2 : 3
}

const planBridge = (draft: Draft): void => {
  const { spec, snapshot, bridge: name, mtu } = draft
  const link = ownInterface(spec, name, snapshot)
  const alias = markOf(spec, bridgeNote(draft, link))
  if (link?.info?.kind !== 'bridge') {
    if (link !== undefined) draft.first.push({ op: 'delete', name })
    draft.build.push({ op: 'add-bridge', name, alias, mtu }, { op: 'isolate', name, hooks: 'missing' })
    draft.raise.push({ op: 'raise', name })
    draft.reasons.push(`the bridge ${name} is not there`)
    return
  }
  const bridge = differing(wireBridge, link.info)
  planSettings(draft, link, { mtu, alias, addressGeneration: 1, bridge }, { bridge: valuesOf(bridge, link.info) })
  planIsolation(draft, link)
  planUp(draft, link)
}

/** The note of the bridge's mark: what the NIC that it has, or takes now, was like before. */
const bridgeNote = ({ spec, snapshot, bridge }: Draft, link: Link | undefined): string => {
  if (spec.nic === '' || spec.shared) return ''
  const nic = freeNic(spec, bridge, snapshot)
  const kept = link && parseNote(snapshot.marks.get(link.name)?.note ?? '')
  return kept && isNoteOf(kept, nic) ? formatNote(kept) : takenNote(nic)
}

const planIsolation = (draft: Draft, { index, name }: Link): void => {
  const clsact = draft.snapshot.traffic.get(index)?.hooks
  const hooked = clsact?.options.kind === 'clsact' && isHooked(clsact.options)
  if (hooked && draft.snapshot.guarded) return
  draft.build.push({ op: 'isolate', name, hooks: hooked ? 'right' : clsact === undefined ? 'missing' : 'wrong' })
  draft.reasons.push(`${name} is not kept from the host's stack`)
}

const planVif = (draft: Draft, name: string, position: number): void => {
  const { spec, snapshot, mtu } = draft
  const link = ownVif(spec, name, snapshot)
  if (link === undefined) return
  // With a segment the host that sends keeps the rate.
  const end = spec.link.ends.length === 2 ? spec.link.ends[position] : undefined
  planSettings(draft, link, { mtu, addressGeneration: 1 })
  planPort(draft, name, link)
  planLimit(draft, name, link, end?.rateBitsPerSecond ?? 0, end?.impairment)
  if (spec.link.down) planDown(draft, link)
  else planUp(draft, link)
}

const planNic = (draft: Draft): void => {
  const { spec, snapshot, bridge, mtu } = draft
  const nic = freeNic(spec, bridge, snapshot)
  planSettings(draft, nic, { mtu, addressGeneration: 1 })
  planPort(draft, nic.name, nic)
  planUp(draft, nic)
}

/** Ends of the pair that joins a link to a shared NIC; none where it has none. */
const uplinkOf = ({ vnet, link, shared }: LinkSpec): readonly [] | readonly [string, string] =>
  shared ? [uplinkName(vnet, link.id, 'a'), uplinkName(vnet, link.id, 'b')] : []

const planUplink = (draft: Draft): void => {
  const { spec, snapshot, mtu, build, reasons } = draft
  const nic = sharedNic(spec, mtu, snapshot)
  const [a = '', b = ''] = uplinkOf(spec)
  const [near, far] = [ownInterface(spec, a, snapshot), ownInterface(spec, b, snapshot)]
  const shared = snapshot.byName.get(sharedBridge(nic.name))
  const isIn = (link: Link | undefined): boolean => link !== undefined && link.master === shared?.index && link.up
  if (near === undefined || shared?.up !== true || ![nic, far].every(isIn)) {
    build.push({ op: 'add-uplink', nic: nic.name, a, b, alias: markOf(spec, uplinkNote(nic.name)), mtu })
    reasons.push(`it is not joined to ${nic.name}`)
  }
  for (const link of [near, far]) if (link) planSettings(draft, link, { mtu, addressGeneration: 1 })
  planPort(draft, a, near)
  if (near === undefined) draft.raise.push({ op: 'raise', name: a })
  else planUp(draft, near)
}

/** What is in the link and wanted no more: tunnels, vifs, a NIC. Interfaces of others that somebody put into the bridge stay there. */
const planLeftovers = (draft: Draft): void => {
  const { spec, snapshot, bridge, first, last, reasons } = draft
  const tunnels = spec.link.segments.map((segment) => tunnelName(spec.vnet, spec.link.id, segment))
  const wanted = new Set([bridge, ...tunnels, ...uplinkOf(spec), ...spec.vifs])
  for (const name of snapshot.members.get(linkKey(spec.vnet, spec.link.id))?.interfaces ?? []) {
    if (wanted.has(name)) continue
    last.push(...leaveUplink(name, snapshot), { op: 'delete', name }, ...leaveNics(name, snapshot))
    reasons.push(`${name} is no part of the link any more`)
  }
  for (const { name } of snapshot.ports.get(snapshot.byName.get(bridge)?.index ?? -1) ?? []) {
    if (wanted.has(name) || snapshot.marks.get(name)?.kind !== 'node') continue
    first.push({ op: 'leave', name, bridge })
    reasons.push(`${name} does not belong in ${bridge}`)
  }
  const note = parseNote(snapshot.marks.get(bridge)?.note ?? '')
  if (note === undefined || note.nic === spec.nic) return
  first.push({ op: 'give-back', note })
  reasons.push(`${note.nic} does not belong in ${bridge} any more`)
}
