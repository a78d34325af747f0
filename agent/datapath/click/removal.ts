/** Pure: what there is of a link, and how it goes. */
import { isNoteOf } from '../bridge/note.ts'
import type { LinkStep } from '../driver.ts'
import { foundEgress, plainEgress, sameEgress } from '../egress.ts'
import { leaveNic } from '../underlay/plan.ts'
import { nicOf } from './names.ts'
import type { Operation } from './operation.ts'
import { type ClickSnapshot, linkKey, type ObservedEntry, type ObservedRouter } from './snapshot.ts'
import { noteIn } from './text/given.ts'
import { segmentIn, type TextSegment } from './text/tunnel.ts'

export interface LinkParts {
  readonly routers: readonly ObservedRouter[]
  /** Segments that its routers lead into. */
  readonly segments: readonly TextSegment[]
  /** Names of its ports. */
  readonly ports: readonly string[]
  /** Numbers of the interfaces that are, or were, its own: of what its routers are attached to, and of its ports. */
  readonly devices: ReadonlySet<number>
}

export const linkParts = (vnet: string, link: string, { routersOf, portsOf, byName }: ClickSnapshot): LinkParts => {
  const routers = routersOf.get(linkKey(vnet, link)) ?? []
  const ports = portsOf.get(linkKey(vnet, link)) ?? []
  const attached = routers.flatMap(({ info }) => info.attachments.map(({ interfaceIndex }) => interfaceIndex))
  return {
    routers,
    segments: routers.flatMap(({ info }) => segmentIn(info.text) ?? []),
    ports,
    devices: new Set([...attached, ...ports.flatMap((name) => byName.get(name)?.index ?? [])]),
  }
}

/** What leads to the link's interfaces. */
export const entriesOf = (
  { devices }: Pick<LinkParts, 'devices'>,
  { entriesTo }: ClickSnapshot,
): readonly ObservedEntry[] => [...devices].flatMap((device) => entriesTo.get(device) ?? [])

export const removeEntry = ({ nic, key, value }: ObservedEntry): readonly Operation[] => [
  { op: 'entry', nic, key, to: undefined, from: value },
  { op: 'tidy-switch', nic },
]

export const planRemoval = (vnet: string, link: string, snapshot: ClickSnapshot): LinkStep => {
  const parts = linkParts(vnet, link, snapshot)
  const [port] = parts.ports
  // What leads to no interface any more is nobody's, and would keep the NIC's router.
  const dead = [...snapshot.entriesTo].flatMap(([device, entries]) => (snapshot.byIndex.has(device) ? [] : entries))
  const entries = new Map([...entriesOf(parts, snapshot), ...dead].map((entry) => [`${entry.nic} ${entry.key}`, entry]))
  return {
    vnet,
    link,
    action: 'remove',
    reasons: ['the link is wanted no more'],
    operations: [
      ...[...entries.values()].flatMap(removeEntry),
      ...parts.routers.flatMap((router) => release(router, snapshot)),
      ...(port === undefined ? [] : [{ op: 'delete', name: port } as const]),
      ...parts.segments.flatMap((segment) => leaveSegment(segment, snapshot)),
    ],
    waitsFor: [],
  }
}

/** What a segment that the link leads into no more had at its NIC. */
export const leaveSegment = (
  { nic, flow, saidClass }: TextSegment,
  { byName, traffic }: ClickSnapshot,
): readonly Operation[] => leaveNic(nic, flow, traffic.get(byName.get(nic)?.index ?? 0), saidClass)

/** The router last: its text is where it stands what the interface was like. One that was made anew meanwhile was never taken. */
const giveBack = ({ name, text }: ObservedRouter['info'], { byName }: ClickSnapshot): readonly Operation[] => {
  const note = noteIn(text)
  const isSame = note !== undefined && isNoteOf(note, byName.get(note.nic))
  return [...(isSame ? [{ op: 'give-back', note } as const] : []), { op: 'remove', router: name }]
}

/**
 * A vif stays, lowered and without a limit: it is the hypervisor's. One that was made anew is another link's perhaps; one that stays the link's by
 * another data path is set by that, and only must not speak with the host meanwhile.
 */
export const release = (
  { vnet, info, device, end }: ObservedRouter,
  snapshot: ClickSnapshot,
  stays = false,
): readonly Operation[] => {
  if (nicOf(end) !== undefined) return giveBack(info, snapshot)
  const link = snapshot.byName.get(device)
  const mark = snapshot.marks.get(device)
  const isOurs =
    link !== undefined &&
    mark?.kind === 'node' &&
    mark.vnet === vnet &&
    info.attachments.some(({ interfaceIndex }) => interfaceIndex === link.index)
  const from = isOurs && !stays ? foundEgress(snapshot.qdiscs.get(link.index) ?? []) : plainEgress
  const isLowered = isOurs && !(stays && link.master !== 0)
  return [
    ...(isLowered ? [{ op: 'lower', name: device } as const] : []),
    ...(sameEgress(from, plainEgress) ? [] : [{ op: 'limit', name: device, to: plainEgress, from } as const]),
    { op: 'remove', router: info.name },
  ]
}
