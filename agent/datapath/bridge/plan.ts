/**
 * Pure: what a VNet's links shall be against what is there, as steps. Each part of a link is compared by itself, so that a step mends
 * what is wrong and touches nothing else.
 *
 * Order within a step: what is in the way goes first, then everything is made and set while it is down, guarded and limited, then
 * it is raised, and last goes what is wanted no more.
 */
import type { Segment } from '../../../proto/generated/weft.v1.ts'
import type { Link } from '../../netlink/link/link.ts'
import { checkTogether, ownVif } from '../check.ts'
import type { LinkSpec, LinkStep } from '../driver.ts'
import { overheadBytes } from '../overhead.ts'
import { bucketOf, sameBucket } from '../rates.ts'
import { flowOf, vxlanPort } from '../underlay/flow.ts'
import { planAtNic } from '../underlay/plan.ts'
import { checkSpec, freeNic, linkMtu, markOf, ownInterface, takenNote, underlayNic } from './check.ts'
import { isHooked } from './isolation.ts'
import { bridgeName, tunnelName } from './names.ts'
import { formatNote, parseNote } from './note.ts'
import type { InterfaceSettings, Operation } from './operation.ts'
import { differing, tunnelSettings, valuesOf, wireBridge, wirePort } from './ports.ts'
import { leaveNics, planRemoval } from './removal.ts'
import { type BridgeSnapshot, linkKey } from './snapshot.ts'

/** A step while it is gathered. */
interface Draft {
  readonly spec: LinkSpec
  readonly snapshot: BridgeSnapshot
  readonly mtu: number
  readonly bridge: string
  readonly first: Operation[]
  readonly build: Operation[]
  readonly raise: Operation[]
  readonly last: Operation[]
  readonly reasons: string[]
}

/** See DatapathDriver.plan. */
export const planLinks = (vnet: string, specs: readonly LinkSpec[], snapshot: BridgeSnapshot): readonly LinkStep[] => {
  for (const spec of specs) checkSpec(spec)
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
  if (spec.nic !== '') planNic(draft)
  planLeftovers(draft)

  const { first, build, raise, last, reasons } = draft
  const operations = [...first, ...build.toSorted((a, b) => rank(a) - rank(b)), ...raise, ...last]
  if (operations.length === 0 && waitsFor.length === 0) return undefined
  reasons.push(...waitsFor.map((vif) => `${vif} is not there yet`))
  return { vnet: spec.vnet, link: spec.link.id, action: there ? 'change' : 'add', reasons, operations, waitsFor }
}

/** Within what is built: the NIC's queueing, then new interfaces, then all that refers to them. */
const rank = ({ op }: Operation): number => {
  if (op === 'underlay' || op === 'reserve') return 0
  return op === 'add-bridge' || op === 'add-tunnel' ? 1 : 2
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
  if (spec.nic === '') return ''
  const nic = freeNic(spec, bridge, snapshot)
  const kept = link && parseNote(snapshot.marks.get(link.name)?.note ?? '')
  return kept?.nic === spec.nic ? formatNote(kept) : takenNote(nic)
}

const planIsolation = (draft: Draft, { index, name }: Link): void => {
  const clsact = draft.snapshot.traffic.get(index)?.hooks
  const hooked = clsact?.options.kind === 'clsact' && isHooked(clsact.options)
  if (hooked && draft.snapshot.guarded) return
  draft.build.push({ op: 'isolate', name, hooks: hooked ? 'right' : clsact === undefined ? 'missing' : 'wrong' })
  draft.reasons.push(`${name} is not kept from the host's stack`)
}

/** What joins is raised whatever it was: another link's step may lower it as it lets it go. */
const planUp = (draft: Draft, { name, up }: Link): void => {
  const joins = draft.build.some((operation) => operation.op === 'join' && operation.name === name)
  if (!up || joins) draft.raise.push({ op: 'raise', name })
  if (!up) draft.reasons.push(`${name} is down`)
}

/** One operation for all settings of an interface that differ. `nested` holds what the nested ones were. */
const planSettings = (
  draft: Draft,
  link: Link,
  wanted: InterfaceSettings,
  nested: Pick<InterfaceSettings, 'bridge' | 'tunnel'> = {},
): void => {
  const { bridge = {}, tunnel = {}, ...plain } = wanted
  const changed = differing(plain, link)
  const inner = { ...(isEmpty(bridge) ? {} : { bridge }), ...(isEmpty(tunnel) ? {} : { tunnel }) }
  const to: InterfaceSettings = { ...changed, ...inner }
  if (isEmpty(to)) return
  const from: InterfaceSettings = {
    ...valuesOf(changed, link),
    ...Object.fromEntries(Object.keys(inner).map((name) => [name, nested[name as 'bridge' | 'tunnel']])),
  }
  draft.build.push({ op: 'set', name: link.name, to, from })
  draft.reasons.push(`${link.name}: ${describe({ ...changed, ...bridge, ...tunnel })}`)
}

const isEmpty = (settings: object): boolean => Object.keys(settings).length === 0

/** For instance "mtu is not 1450, learning is not false". */
const describe = (settings: object): string =>
  Object.entries(settings)
    .map(([name, value]) => `${name} is not ${value}`)
    .join(', ')

const planTunnel = (draft: Draft, segment: Segment): void => {
  const { spec, snapshot, mtu } = draft
  const { identifier, local, remote } = segment
  const name = tunnelName(spec.vnet, spec.link.id, identifier)
  const nic = underlayNic(spec, segment, snapshot)
  const link = ownInterface(spec, name, snapshot)
  planUnderlay(draft, segment, nic)
  const right = link?.info?.kind === 'vxlan' && link.info.identifier === identifier && link.info.port === vxlanPort
  if (!right || link?.info?.kind !== 'vxlan') {
    if (link !== undefined) draft.first.push({ op: 'delete', name })
    const alias = markOf(spec, '')
    draft.build.push({ op: 'add-tunnel', name, alias, mtu, identifier, local, remote, nic: nic.name })
    draft.reasons.push(`the tunnel ${name} to ${segment.peer || remote} is not there`)
    planPort(draft, name, undefined)
    planLimit(draft, name, undefined, segment.rateBitsPerSecond)
    draft.raise.push({ op: 'raise', name })
    return
  }
  const observed = { ...link.info, nic: snapshot.byIndex.get(link.info.lower ?? 0)?.name ?? '' }
  const tunnel = differing({ local, remote, nic: nic.name, ...tunnelSettings }, observed)
  if (observed.nic !== nic.name) draft.last.push(...leaveNics(name, snapshot))
  const settings = { mtu, alias: markOf(spec, ''), addressGeneration: 1, tunnel }
  planSettings(draft, link, settings, { tunnel: valuesOf(tunnel, observed) })
  planPort(draft, name, link)
  planLimit(draft, name, link, segment.rateBitsPerSecond)
  planUp(draft, link)
}

/** The NIC's queueing, and what the segment is guaranteed in it. */
const planUnderlay = (draft: Draft, segment: Segment, nic: Link): void => {
  const { snapshot, mtu, build, last, reasons } = draft
  const {
    before,
    after,
    reasons: why,
  } = planAtNic({
    nic: nic.name,
    nicRateBitsPerSecond: snapshot.nicRates.get(nic.name),
    state: snapshot.traffic.get(nic.index),
    flow: flowOf(segment),
    rateBitsPerSecond: segment.rateBitsPerSecond,
    mtu,
    overheadBytes: overheadBytes(segment.technology, segment.local) ?? 0,
  })
  build.push(...before)
  last.push(...after)
  reasons.push(...why)
}

const planVif = (draft: Draft, name: string, end: number): void => {
  const { spec, snapshot, mtu } = draft
  const link = ownVif(spec, name, snapshot)
  if (link === undefined) return
  // With a segment the rate is kept by the host that sends.
  const rate = spec.link.ends.length === 2 ? (spec.link.ends[end]?.rateBitsPerSecond ?? 0) : 0
  planSettings(draft, link, { mtu, addressGeneration: 1 })
  planPort(draft, name, link)
  planLimit(draft, name, link, rate)
  planUp(draft, link)
}

const planNic = (draft: Draft): void => {
  const { spec, snapshot, bridge, mtu } = draft
  const nic = freeNic(spec, bridge, snapshot)
  planSettings(draft, nic, { mtu, addressGeneration: 1 })
  planPort(draft, nic.name, nic)
  planUp(draft, nic)
}

const planPort = (draft: Draft, name: string, link: Link | undefined): void => {
  const { snapshot, bridge } = draft
  const joined = link !== undefined && link.master !== 0 && snapshot.byIndex.get(link.master)?.name === bridge
  if (!joined) {
    draft.build.push({ op: 'join', name, bridge }, { op: 'set-port', name, to: wirePort, from: {} })
    if (link !== undefined) draft.reasons.push(`${name} is not in ${bridge}`)
    return
  }
  if (link.port?.kind !== 'bridge') return
  const to = differing(wirePort, link.port)
  if (isEmpty(to)) return
  draft.build.push({ op: 'set-port', name, to, from: valuesOf(to, link.port) })
  draft.reasons.push(`port ${name}: ${describe(to)}`)
}

const planLimit = (draft: Draft, name: string, link: Link | undefined, rateBitsPerSecond: number): void => {
  const root = draft.snapshot.traffic.get(link?.index ?? 0)?.root
  const from = root?.options.kind === 'tbf' ? root.options : undefined
  const to = rateBitsPerSecond === 0 ? undefined : bucketOf(rateBitsPerSecond, draft.mtu)
  const right = to === undefined ? root === undefined : from !== undefined && sameBucket(from, to)
  if (right) return
  draft.build.push({ op: 'limit', name, to, from })
  draft.reasons.push(
    to === undefined ? `${name} shall have no limit` : `the rate of ${name} is not ${rateBitsPerSecond} bit/s`,
  )
}

/** What is in the link and wanted no more: tunnels, vifs, a NIC. Interfaces of others that somebody put into the bridge stay there. */
const planLeftovers = (draft: Draft): void => {
  const { spec, snapshot, bridge, first, last, reasons } = draft
  const tunnels = spec.link.segments.map(({ identifier }) => tunnelName(spec.vnet, spec.link.id, identifier))
  const wanted = new Set([bridge, ...tunnels, ...spec.vifs])
  for (const name of snapshot.members.get(linkKey(spec.vnet, spec.link.id))?.interfaces ?? []) {
    if (wanted.has(name)) continue
    last.push({ op: 'delete', name }, ...leaveNics(name, snapshot))
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
