/**
 * Pure: what a VNet's links shall be against what is there, as steps. Each part of a link is compared by itself, so that a step mends what is wrong and
 * touches nothing else.
 *
 * Order within a step: what is in the way goes first, then interfaces are made, set and limited, then routers, and when all of them stand interfaces are
 * raised: one that is up without its router would speak with the host's own stack. Packets of tunnels come in last, and last goes what is wanted no more.
 */
import type { Link } from '../../netlink/link/link.ts'
import { checkImpairments, checkTogether, failLink } from '../check.ts'
import type { LinkSpec, LinkStep } from '../driver.ts'
import { describeEgress, type Egress, foundEgress, sameEgress } from '../egress.ts'
import { describeFlow } from '../underlay/flow.ts'
import { checkSpec } from './check.ts'
import { isMadePromiscuous, nicRouterFile, nicRouterName, portEnds, routerFile, routerName } from './names.ts'
import type { InterfaceSettings, Operation, RouterConfiguration } from './operation.ts'
import { entriesOf, leaveSegment, linkParts, planRemoval, release, removeEntry } from './removal.ts'
import type { ClickSnapshot, ObservedRouter } from './snapshot.ts'
import { sameValue, tableKey } from './table.ts'
import { isLoss } from './text/loss.ts'
import { nicText } from './text/nic.ts'
import {
  type WantedEnd,
  type WantedEntry,
  type WantedLink,
  type WantedPorts,
  type WantedRouter,
  wantedLink,
} from './wanted.ts'
import { isPromiscuous } from './wanted-here.ts'
import { arePorts } from './wanted-parts.ts'

/** A step while it is gathered. */
interface Draft {
  readonly spec: LinkSpec
  readonly snapshot: ClickSnapshot
  readonly mtu: number
  readonly first: Operation[]
  readonly settings: Operation[]
  readonly routers: Operation[]
  readonly raise: Operation[]
  readonly last: Operation[]
  readonly reasons: string[]
}

/** See DatapathDriver.plan. */
export const planLinks = (vnet: string, specs: readonly LinkSpec[], snapshot: ClickSnapshot): readonly LinkStep[] => {
  for (const spec of specs) {
    checkSpec(spec)
    checkImpairments(spec, snapshot.noNetem, isLoss)
  }
  checkTogether(specs)
  const wanted = new Set(specs.map(({ link }) => link.id))
  const gone = snapshot.links.filter((link) => link.vnet === vnet && !wanted.has(link.id))
  return [
    ...gone.map(({ id }) => planRemoval(vnet, id, snapshot)),
    ...specs.flatMap((spec) => planLink(spec, snapshot) ?? []),
  ]
}

const planLink = (spec: LinkSpec, snapshot: ClickSnapshot): LinkStep | undefined => {
  const { vnet, link } = spec
  const wanted = wantedLink(spec, snapshot)
  const draft: Draft = {
    spec,
    snapshot,
    mtu: wanted.mtu,
    first: [],
    settings: [],
    routers: [],
    raise: [],
    last: [],
    reasons: [],
  }
  const parts = linkParts(vnet, link.id, snapshot)

  if (wanted.ports !== undefined) planPorts(draft, wanted.ports, wanted.routers)
  if (wanted.given !== undefined) planGiven(draft, wanted.given)
  for (const router of wanted.routers) {
    if (router === wanted.given?.router || wanted.ends.some((end) => end.router === router)) continue
    planRouter(draft, router)
  }
  for (const end of wanted.ends) planEnd(draft, end)
  for (const nic of new Set(wanted.entries.map((entry) => entry.nic))) {
    planSwitch(
      draft,
      nic,
      wanted.entries.some((entry) => entry.nic === nic && isForeignFrame(entry)),
    )
  }
  for (const entry of wanted.entries) planEntry(draft, entry)
  planLeftovers(draft, wanted)

  const { first, settings, routers, raise, last, reasons } = draft
  const operations = [...first, ...settings, ...routers, ...raise, ...last]
  const waitsFor = spec.vifs.filter((vif) => !isThere(vif, snapshot))
  if (operations.length === 0 && waitsFor.length === 0) return undefined
  reasons.push(...waitsFor.map((vif) => `${vif} is not there yet`))
  const isNew = parts.routers.length === 0 && parts.ports.length === 0
  return { vnet, link: link.id, action: isNew ? 'add' : 'change', reasons, operations, waitsFor }
}

/** One that nobody has marked yet is not: who makes it is not done. */
const isThere = (vif: string, { byName, marks }: ClickSnapshot): boolean => {
  const link = byName.get(vif)
  return link !== undefined && (marks.has(vif) || link.alias !== '')
}

const planEnd = (draft: Draft, { router, vif, egress }: WantedEnd): void => {
  const { spec, snapshot, first, raise, reasons } = draft
  if (egress === undefined) {
    planRouter(draft, router)
    return
  }
  if (vif.master !== 0) {
    first.push({ op: 'leave', name: vif.name })
    reasons.push(`${vif.name} is part of another interface`)
  }
  const found = snapshot.routers.get(routerName(router.place))?.info.state
  if (vif.up && !isGuarded(found)) {
    first.push({ op: 'lower', name: vif.name })
    reasons.push(`${vif.name} is up without its router`)
  }
  planSettings(draft, vif)
  planLimit(draft, vif.name, vif, egress)
  const isNew = planRouter(draft, router)
  if (spec.link.down) {
    if (vif.up && isGuarded(found)) {
      raise.push({ op: 'lower', name: vif.name })
      reasons.push(`${vif.name} shall be down`)
    }
    return
  }
  // Another link's step may lower what this one takes from it.
  if (isNew || !vif.up || vif.master !== 0) raise.push({ op: 'raise', name: vif.name })
  if (!vif.up && found !== undefined) reasons.push(`${vif.name} is down`)
}

/** Whether programs take what comes in: also those of a router that a killed agent was about to exchange. */
const isGuarded = (state: ObservedRouter['info']['state'] | undefined): boolean =>
  state === 'running' || state === 'half-made'

/** Its router comes first of all, which tells what the interface was like before anything of it is changed. */
const planGiven = (draft: Draft, { nic, router }: NonNullable<WantedLink['given']>): void => {
  planRouter({ ...draft, routers: draft.first }, router)
  if (!isPromiscuous(nic)) {
    const [to, from] = [{ promiscuous: true }, { promiscuous: false }]
    draft.settings.push({ op: 'set', name: nic.name, to, from })
    draft.reasons.push(`${nic.name} takes its own frames alone`)
  }
  planSettings(draft, nic)
  if (nic.up) return
  draft.raise.push({ op: 'raise', name: nic.name })
  draft.reasons.push(`${nic.name} is down`)
}

const planPorts = (draft: Draft, ports: WantedPorts, routers: readonly WantedRouter[]): void => {
  const { spec, snapshot, mtu, first, settings, raise, reasons } = draft
  const { names, alias, cut } = ports
  for (const end of portEnds) checkOwnPort(spec, names[end], snapshot)
  if (!arePorts(ports, snapshot)) {
    const [left] = portEnds.flatMap((end) => snapshot.byName.get(names[end]) ?? [])
    if (left !== undefined) first.push({ op: 'delete', name: left.name })
    settings.push({ op: 'ports', a: names.a, b: names.b, alias, mtu, cut })
    for (const end of portEnds) planLimit(draft, names[end], undefined, ports.egress[end])
    raise.push(...portEnds.map((end) => ({ op: 'raise', name: names[end] }) as const))
    reasons.push(`its ports ${names.a} and ${names.b} are not there`)
    return
  }
  for (const end of portEnds) {
    const link = snapshot.byName.get(names[end])
    if (link === undefined) continue
    const router = routers.find(({ device }) => device === link.name)
    const state = router && snapshot.routers.get(routerName(router.place))?.info.state
    if (link.up && router !== undefined && !isGuarded(state)) {
      first.push({ op: 'lower', name: link.name })
      reasons.push(`${link.name} is up without its router`)
    }
    planSettings(draft, link)
    planLimit(draft, link.name, link, ports.egress[end])
    if (!link.up || (router !== undefined && !isGuarded(state))) raise.push({ op: 'raise', name: link.name })
    if (!link.up) reasons.push(`${link.name} is down`)
  }
}

const checkOwnPort = (spec: LinkSpec, name: string, { byName, marks }: ClickSnapshot): void => {
  const mark = marks.get(name)
  const isOwn = mark?.kind === 'link' && mark.vnet === spec.vnet && mark.id === spec.link.id
  if (!byName.has(name) || isOwn) return
  failLink(spec, 'object.foreign', `the interface ${name} is not ours`, `ip link del ${name}, if nobody needs it`)
}

const planSettings = ({ mtu, settings, reasons }: Draft, link: Link): void => {
  const isSilent = link.addressGeneration === undefined || link.addressGeneration === 1
  const to: InterfaceSettings = { ...(link.mtu === mtu ? {} : { mtu }), ...(isSilent ? {} : { addressGeneration: 1 }) }
  const changed = Object.keys(to) as ('mtu' | 'addressGeneration')[]
  if (changed.length === 0) return
  const from: InterfaceSettings = Object.fromEntries(changed.map((key) => [key, link[key]]))
  settings.push({ op: 'set', name: link.name, to, from })
  reasons.push(`${link.name}: ${changed.map((key) => `${key} is not ${to[key]}`).join(', ')}`)
}

/** `link` undefined: it is about to be made. */
const planLimit = (draft: Draft, name: string, link: Link | undefined, to: Egress): void => {
  const from = foundEgress(link === undefined ? [] : (draft.snapshot.qdiscs.get(link.index) ?? []))
  if (sameEgress(from, to)) return
  draft.settings.push({ op: 'limit', name, to, from })
  draft.reasons.push(`${name} shall have ${describeEgress(to)}`)
}

/** Whether the router has to be put there. */
const planRouter = ({ spec, snapshot, routers, reasons }: Draft, { place, text }: WantedRouter): boolean => {
  const router = routerName(place)
  const problem = snapshot.broken.get(router)
  if (problem !== undefined) failLink(spec, 'router.broken', problem)
  const to: RouterConfiguration = { file: routerFile(place), text }
  const found = snapshot.routers.get(router)?.info
  const why = difference(found, to)
  if (why === undefined) return false
  routers.push({ op: 'put', router, to, from: found && { file: found.file, text: found.text } })
  reasons.push(`the router of ${place.end} ${why}`)
  return true
}

const difference = (
  found: ObservedRouter['info'] | undefined,
  { file, text }: RouterConfiguration,
): string | undefined => {
  if (found === undefined) return 'is not there'
  if (found.state !== 'running') return `is ${found.state}`
  return found.file === file && found.text === text ? undefined : 'has another configuration'
}

/** Guests' own frames go over the wire with tags: to Ethernet addresses that no NIC takes for its own. */
const isForeignFrame = ({ segment }: WantedEntry): boolean => ['vlan', 'qinq'].includes(segment.technology)

const planSwitch = ({ spec, snapshot, routers, reasons }: Draft, nic: Link, promiscuous: boolean): void => {
  const problem = snapshot.broken.get(nicRouterName(nic.name))
  if (problem !== undefined) failLink(spec, 'router.broken', `the router of ${nic.name}: ${problem}`)
  const found = snapshot.switches.get(nic.name)?.info
  const byUs = isMadePromiscuous(found?.file ?? '') || (promiscuous && !isPromiscuous(nic))
  const to: RouterConfiguration = { file: nicRouterFile(nic.name, byUs), text: nicText(nic, snapshot.attach) }
  const why = difference(found, to) ?? (byUs && !isPromiscuous(nic) ? 'asks for all frames of the wire' : undefined)
  if (why === undefined) return
  routers.push({ op: 'switch', nic: nic.name, to })
  reasons.push(`the router of ${nic.name} ${why}`)
}

const planEntry = (
  { spec, snapshot, settings, last, reasons }: Draft,
  { nic, atNic, key, value }: WantedEntry,
): void => {
  settings.push(...atNic.before)
  last.push(...atNic.after)
  reasons.push(...atNic.reasons)
  const there = snapshot.switches.get(nic.name)?.table.get(key)
  if (value === undefined || sameValue(there, value)) return
  const own = linkParts(spec.vnet, spec.link.id, snapshot).devices
  // What is another link's is not taken from it: it may be going, and fails until it has gone.
  const isFree =
    there !== undefined && (own.has(there.device.index ?? 0) || !snapshot.byIndex.has(there.device.index ?? 0))
  last.push({ op: 'entry', nic: nic.name, key, to: value, from: isFree ? there : undefined })
  reasons.push(`${nic.name} does not know ${key} as its own`)
}

/** Of what the link once had: routers of other ends, ports, lines of tables. */
const planLeftovers = ({ spec, snapshot, first, last, reasons }: Draft, wanted: WantedLink): void => {
  const { vnet, link } = spec
  const parts = linkParts(vnet, link.id, snapshot)
  const names = new Set(wanted.routers.map(({ place }) => routerName(place)))
  for (const router of parts.routers) {
    if (names.has(router.info.name) || wanted.names.includes(router.end)) continue
    const stays = spec.vifs.includes(router.device)
    first.push(...release(router, snapshot, stays))
    reasons.push(`the router of ${router.end} is wanted no more`)
  }
  const keys = new Set(wanted.entries.map(({ nic, key }) => `${nic.name} ${key}`))
  for (const entry of entriesOf(parts, snapshot)) {
    if (keys.has(`${entry.nic} ${entry.key}`)) continue
    last.push(...removeEntry(entry))
    reasons.push(`${entry.key} at ${entry.nic} is not the link's any more`)
  }
  for (const segment of parts.segments) {
    if (keys.has(`${segment.nic} ${tableKey(segment.flow)}`)) continue
    last.push(...leaveSegment(segment, snapshot))
    reasons.push(`nothing goes into ${describeFlow(segment.flow)} at ${segment.nic} any more`)
  }
  const isPortWanted = (name: string): boolean =>
    wanted.ports !== undefined && Object.values(wanted.ports.names).includes(name)
  const [port] = parts.ports.filter((name) => !isPortWanted(name))
  if (port === undefined) return
  last.push({ op: 'delete', name: port })
  reasons.push('it needs no ports any more')
}
