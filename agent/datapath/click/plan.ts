/**
 * Pure: what a VNet's links shall be against what is there, as steps. Each end of a link is a vif and its router; each part is compared by
 * itself, so that a step mends what is wrong and touches nothing else.
 *
 * Order within a step: what is in the way goes first, then vifs are set and limited, then routers, and when all of them stand vifs are raised:
 * one that is up without its router would speak with the host's own stack.
 */
import type { SliceInterface } from '../../../proto/generated/weft.v1.ts'
import type { Link } from '../../netlink/link/link.ts'
import { checkJoined, checkTogether, failLink, ownVif } from '../check.ts'
import type { LinkSpec, LinkStep } from '../driver.ts'
import { bucketOf, sameBucket } from '../rates.ts'
import { routerFile, routerName } from './names.ts'
import type { Operation, RouterConfiguration, VifSettings } from './operation.ts'
import type { ClickSnapshot, ObservedRouter } from './snapshot.ts'
import { nowhereYet, toInterface } from './text/tunnel.ts'
import { vifText } from './text/vif.ts'

/** A step while it is gathered. */
interface Draft {
  readonly spec: LinkSpec
  readonly snapshot: ClickSnapshot
  readonly mtu: number
  readonly first: Operation[]
  readonly settings: Operation[]
  readonly routers: Operation[]
  readonly raise: Operation[]
  readonly reasons: string[]
}

interface End {
  /** `NODE.IF` */
  readonly name: string
  readonly own: SliceInterface
  readonly rateBitsPerSecond: number
  readonly vif: Link
  readonly peer: Link | undefined
}

/** Of a link that names none. */
const defaultMtu = 1500

/** See DatapathDriver.plan. */
export const planLinks = (vnet: string, specs: readonly LinkSpec[], snapshot: ClickSnapshot): readonly LinkStep[] => {
  for (const spec of specs) checkSpec(spec)
  checkTogether(specs)
  const wanted = new Set(specs.map(({ link }) => link.id))
  const gone = snapshot.links.filter((link) => link.vnet === vnet && !wanted.has(link.id))
  return [
    ...gone.map(({ id }) => planRemoval(vnet, id, snapshot)),
    ...specs.flatMap((spec) => planLink(spec, snapshot) ?? []),
  ]
}

const checkSpec = (spec: LinkSpec): void => {
  checkJoined(spec)
  const cannot = (what: string): never =>
    failLink(
      spec,
      'datapath.unavailable',
      `the data path click cannot carry it ${what}`,
      'both ends on one host, or forwarding bridge',
    )
  const [segment] = spec.link.segments
  if (segment !== undefined) cannot(`to another host by ${segment.technology}`)
  if (spec.nic !== '') cannot(`to the physical interface ${spec.nic}`)
  for (const [position, { node, interface: index }] of spec.link.ends.entries()) {
    if (/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(spec.interfaces[position]?.mac ?? '')) continue
    failLink(
      spec,
      'slice.invalid',
      `interface ${node}.${index} has no MAC address`,
      'one: frames from other addresses are dropped',
    )
  }
}

const endsOf = (spec: LinkSpec): readonly string[] =>
  spec.link.ends.map(({ node, interface: index }) => `${node}.${index}`)

const planLink = (spec: LinkSpec, snapshot: ClickSnapshot): LinkStep | undefined => {
  const { vnet, link } = spec
  const mtu = link.mtu || defaultMtu
  const draft: Draft = { spec, snapshot, mtu, first: [], settings: [], routers: [], raise: [], reasons: [] }
  const names = endsOf(spec)
  const there = routersOf(snapshot, vnet, link.id)
  const vifs = spec.vifs.map((vif) => ownVif(spec, vif, snapshot))
  for (const [position, vif] of vifs.entries()) {
    const own = spec.interfaces[position]
    if (vif === undefined || own === undefined) continue
    planEnd(draft, {
      name: names[position] ?? '',
      own,
      rateBitsPerSecond: link.ends[position]?.rateBitsPerSecond ?? 0,
      vif,
      peer: vifs[1 - position],
    })
  }
  for (const router of there) {
    if (names.includes(router.end)) continue
    draft.first.push(...release(router, snapshot))
    draft.reasons.push(`${router.end} is no end of the link any more`)
  }
  const waitsFor = spec.vifs.filter((_, position) => vifs[position] === undefined)
  const operations = [...draft.first, ...draft.settings, ...draft.routers, ...draft.raise]
  if (operations.length === 0 && waitsFor.length === 0) return undefined
  const reasons = [...draft.reasons, ...waitsFor.map((vif) => `${vif} is not there yet`)]
  const action = there.length > 0 ? 'change' : 'add'
  return { vnet, link: link.id, action, reasons, operations, waitsFor }
}

const planEnd = (draft: Draft, end: End): void => {
  const { snapshot, first, raise, reasons } = draft
  const { vif } = end
  if (vif.master !== 0) {
    first.push({ op: 'leave', name: vif.name })
    reasons.push(`${vif.name} is part of another interface`)
  }
  if (vif.up && !isGuarded(snapshot.routers.get(routerName(draft.spec.vnet, end.name))?.info.state)) {
    first.push({ op: 'lower', name: vif.name })
    reasons.push(`${vif.name} is up without its router`)
  }
  planSettings(draft, vif)
  planLimit(draft, end)
  const isNew = planRouter(draft, end)
  // Another link's step may lower what this one takes from it.
  if (isNew || !vif.up || vif.master !== 0) raise.push({ op: 'raise', name: vif.name })
  if (!vif.up && snapshot.routers.has(routerName(draft.spec.vnet, end.name))) reasons.push(`${vif.name} is down`)
}

/** Whether programs take what comes in: also those of a router that a killed agent was about to exchange. */
const isGuarded = (state: ObservedRouter['info']['state'] | undefined): boolean =>
  state === 'running' || state === 'half-made'

const planSettings = ({ mtu, settings, reasons }: Draft, vif: Link): void => {
  const isSilent = vif.addressGeneration === undefined || vif.addressGeneration === 1
  const to: VifSettings = { ...(vif.mtu === mtu ? {} : { mtu }), ...(isSilent ? {} : { addressGeneration: 1 }) }
  const changed = Object.keys(to) as (keyof VifSettings)[]
  if (changed.length === 0) return
  const from: VifSettings = Object.fromEntries(changed.map((key) => [key, vif[key]]))
  settings.push({ op: 'set', name: vif.name, to, from })
  reasons.push(`${vif.name}: ${changed.map((key) => `${key} is not ${to[key]}`).join(', ')}`)
}

const planLimit = ({ mtu, snapshot, settings, reasons }: Draft, { vif, rateBitsPerSecond }: End): void => {
  const root = snapshot.roots.get(vif.index)
  const from = root?.options.kind === 'tbf' ? root.options : undefined
  const to = rateBitsPerSecond === 0 ? undefined : bucketOf(rateBitsPerSecond, mtu)
  const isRight = to === undefined ? root === undefined : from !== undefined && sameBucket(from, to)
  if (isRight) return
  settings.push({ op: 'limit', name: vif.name, to, from })
  reasons.push(
    to === undefined ? `${vif.name} shall have no limit` : `the rate of ${vif.name} is not ${rateBitsPerSecond} bit/s`,
  )
}

/** Whether the router has to be put there. */
const planRouter = ({ spec, snapshot, routers, reasons }: Draft, { name, own, vif, peer }: End): boolean => {
  const { vnet, link } = spec
  const router = routerName(vnet, name)
  const problem = snapshot.broken.get(router)
  if (problem !== undefined) failLink(spec, 'router.broken', problem)
  const to: RouterConfiguration = {
    file: routerFile({ vnet, link: link.id, end: name }),
    text: vifText({
      vnet,
      link: link.id,
      end: name,
      vif,
      own,
      to: peer ? toInterface(peer) : nowhereYet,
      attach: snapshot.attach,
    }),
  }
  const found = snapshot.routers.get(router)?.info
  const why = difference(found, to)
  if (why === undefined) return false
  routers.push({ op: 'put', router, to, from: found && { file: found.file, text: found.text } })
  reasons.push(`the router of ${name} ${why}`)
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

const routersOf = ({ routers }: ClickSnapshot, vnet: string, link: string): readonly ObservedRouter[] =>
  [...routers.values()].filter((router) => router.vnet === vnet && router.link === link)

const planRemoval = (vnet: string, link: string, snapshot: ClickSnapshot): LinkStep => ({
  vnet,
  link,
  action: 'remove',
  reasons: ['the link is wanted no more'],
  operations: routersOf(snapshot, vnet, link).flatMap((router) => release(router, snapshot)),
  waitsFor: [],
})

/** Vifs stay, lowered and without a limit: they are the hypervisor's. One that was made anew is another link's perhaps. */
const release = ({ vnet, info, vif }: ObservedRouter, snapshot: ClickSnapshot): readonly Operation[] => {
  const link = snapshot.byName.get(vif)
  const mark = snapshot.marks.get(vif)
  const isOurs =
    link !== undefined &&
    mark?.kind === 'node' &&
    mark.vnet === vnet &&
    info.attachments.some(({ interfaceIndex }) => interfaceIndex === link.index)
  const root = isOurs ? snapshot.roots.get(link.index) : undefined
  const from = root?.options.kind === 'tbf' ? root.options : undefined
  return [
    ...(isOurs ? [{ op: 'lower', name: vif } as const] : []),
    ...(root === undefined ? [] : [{ op: 'limit', name: vif, to: undefined, from } as const]),
    { op: 'remove', router: info.name },
  ]
}
