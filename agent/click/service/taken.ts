/**
 * Which side of an interface another router has. The kernel says what is attached there, which costs the same however many routers there are;
 * records are looked at only where it is something.
 */
import { have } from '../../ebpf/features.ts'
import { attachedTcx, type Direction } from '../../ebpf/link.ts'
import { AttributeDecoder } from '../../netlink/codec/decoder.ts'
import type { Link } from '../../netlink/link/link.ts'
import { type Attachment, filterProgram, type Site } from './attach.ts'
import type { Places } from './places.ts'
import { type Generation, type RouterRecord, readRecord, recordNames } from './record.ts'

/** Packets of one side of an interface go to one router, whatever the method. */
export interface Side {
  readonly interfaceIndex: number
  readonly direction: Direction
}

export const sideKey = ({ interfaceIndex, direction }: Side): string => `${interfaceIndex}:${direction}`

/** Of the sides wanted those that other routers in the same network namespace have, by key, and which router it is. */
export const takenSides = async (
  places: Places,
  record: RouterRecord,
  site: Site,
  wanted: Iterable<Side>,
): Promise<ReadonlyMap<string, string>> => {
  const own = new Set(attachmentsOf(record).map(({ programId }) => programId))
  const strangers = new Map<string, ReadonlySet<number>>()
  for (const side of wanted) {
    const programs = (await programsAt(site, side)).filter((id) => !own.has(id))
    if (programs.length > 0) strangers.set(sideKey(side), new Set(programs))
  }
  return strangers.size === 0 ? new Map() : holders(places, record, strangers)
}

/** Ids of all programs at a side. None where the interface is gone. */
const programsAt = async (site: Site, { interfaceIndex, direction }: Side): Promise<readonly number[]> => {
  const link = await site.route.link(interfaceIndex)
  if (!link) return []
  const place = { interfaceIndex, namespace: site.namespace }
  const tcx = have('tcx') ? await attachedTcx(place, direction) : []
  const filter = await filterProgram(site.route, { interfaceIndex, direction })
  const xdp = direction === 'ingress' ? xdpPrograms(link) : []
  return [...tcx, ...(filter === undefined ? [] : [filter]), ...xdp]
}

/** IFLA_XDP and in it IFLA_XDP_PROG_ID and those of each mode (linux/if_link.h). */
const xdp = { attribute: 43, programs: new Set([4, 5, 6, 7]) } as const

const xdpPrograms = ({ unknown }: Link): readonly number[] => {
  const found = unknown.find(({ type }) => type === xdp.attribute)
  if (!found) return []
  const ids: number[] = []
  const decoder = new AttributeDecoder(found.value)
  while (decoder.next()) if (xdp.programs.has(decoder.type)) ids.push(decoder.u32())
  return ids
}

const attachmentsOf = ({ current, next, previous }: RouterRecord): readonly Attachment[] =>
  [current, next, previous].flatMap((generation: Generation | undefined) => generation?.attachments ?? [])

/** Programs that no record of ours speaks of are others', and may stay. */
const holders = async (
  places: Places,
  { name, namespace }: RouterRecord,
  strangers: ReadonlyMap<string, ReadonlySet<number>>,
): Promise<ReadonlyMap<string, string>> => {
  const taken = new Map<string, string>()
  for (const other of await recordNames(places)) {
    if (other === name) continue
    // What takes a router down reads less than this: a damaged record is no reason to leave the others alone.
    const record = await readRecord(places, other).catch(() => undefined)
    if (record?.namespace.id !== namespace.id) continue
    for (const attachment of attachmentsOf(record)) {
      const programs = strangers.get(sideKey(attachment))
      // One that is half-made does not know its programs yet.
      if (programs?.has(attachment.programId) || (programs && record.phase !== 'running')) {
        taken.set(sideKey(attachment), other)
      }
    }
  }
  return taken
}
