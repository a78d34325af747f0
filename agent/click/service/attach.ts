/**
 * Programs of routers at interfaces, each at one place by one method: put there, exchanged in place, taken off, looked for. Links of TCX
 * and XDP are pinned; a filter below clsact is found by its place and the program that it holds.
 */
import { dirname } from 'node:path'
import { WeftError } from '../../../proto/errors.ts'
import { type AttachedFilter, attachedFilters, attachFilter, detachFilter, type FilterAt } from '../../ebpf/clsact.ts'
import { BpfError } from '../../ebpf/error.ts'
import { attachTcxLater, attachXdpLater, type BpfLink, type Direction, type Place } from '../../ebpf/link.ts'
import { listPins, pin, pinnedLinkLater, unpin } from '../../ebpf/pins.ts'
import type { BpfProgram } from '../../ebpf/program.ts'
import type { RouteSocket } from '../../netlink/route.ts'
import { NetlinkError } from '../../netlink/socket/error.ts'
import { parent } from '../../netlink/traffic/handle.ts'
import { deleteQdisc } from '../../netlink/traffic/qdisc.ts'

export type Method = 'tcx' | 'clsact' | 'xdp'

export interface Attachment {
  readonly device: string
  readonly interfaceIndex: number
  readonly direction: Direction
  readonly method: Method
  /** Of the kernel's program. */
  readonly programId: number
  /** The router made the clsact of the interface: it goes with the router, where nobody else uses it by then. */
  readonly madeClsact: boolean
}

/** Where a router's attachments are made. */
export interface Site {
  /** Path of the network namespace; the process's own without it. */
  readonly namespace: string | undefined
  readonly route: RouteSocket
  /** Directory of the links' pins. */
  readonly links: string
}

type PlaceOfProgram = Pick<Attachment, 'interfaceIndex' | 'direction' | 'method'>

/** Which side of which interface, by which method: also the name of pins. */
export const placeKey = ({ interfaceIndex, direction, method }: PlaceOfProgram): string =>
  `${interfaceIndex}:${direction}:${method}`

export const samePlace = (one: PlaceOfProgram, other: PlaceOfProgram): boolean => placeKey(one) === placeKey(other)

/** After the filters of others that named no preference: tc(8) counts them down from 49152. */
const priority = 0xfff0
const handle = 1

const filterAt = ({ interfaceIndex, direction }: Attachment): FilterAt => ({
  interfaceIndex,
  direction,
  priority,
  handle,
})

const linkPin = ({ links }: Site, attachment: Attachment): string => `${links}/${placeKey(attachment)}`

const isGone = (error: unknown): boolean =>
  (error instanceof BpfError || error instanceof NetlinkError) && ['ENODEV', 'ENOLINK'].includes(error.code)

/**
 * Puts a program where it should be, in place of the router's own that is there. `ours` are the ids of the router's programs. False where
 * the interface is gone. Throws WeftError nic.taken; BpfError, NetlinkError.
 */
export const ensureAttached = async (
  site: Site,
  attachment: Attachment,
  program: BpfProgram,
  ours: ReadonlySet<number>,
): Promise<boolean> => {
  try {
    if (attachment.method === 'clsact') await ensureFilter(site, attachment, program, ours)
    else await ensureLink(site, attachment, program)
    return true
  } catch (error) {
    if (isGone(error)) return false
    throw error
  }
}

const ensureFilter = async (
  { route }: Site,
  attachment: Attachment,
  program: BpfProgram,
  ours: ReadonlySet<number>,
): Promise<void> => {
  const there = await filterThere(route, attachment)
  if (there && there.programId === program.id) return
  if (there && !ours.has(there.programId)) {
    throw new WeftError('nic.taken', `the filter ${priority}:${handle} of ${attachment.device} is somebody's`, {
      object: `nic/${attachment.device}`,
      hint: `tc filter show dev ${attachment.device} ${attachment.direction}`,
    })
  }
  await attachFilter(route, program, filterAt(attachment))
}

/** Id of the program that a router has below the clsact of a side; undefined where none has. */
export const filterProgram = async (route: RouteSocket, side: FilterSide): Promise<number | undefined> =>
  (await filterThere(route, side))?.programId

/** Whether a filter is at the place that routers' have. */
export const isFilterOfRouter = (filter: AttachedFilter): boolean =>
  filter.priority === priority && filter.handle === handle

type FilterSide = Pick<Attachment, 'interfaceIndex' | 'direction'>

const filterThere = async (route: RouteSocket, attachment: FilterSide): Promise<AttachedFilter | undefined> => {
  const filters = await attachedFilters(route, attachment.interfaceIndex, attachment.direction)
  return filters.find(isFilterOfRouter)
}

const ensureLink = async (site: Site, attachment: Attachment, program: BpfProgram): Promise<void> => {
  const path = linkPin(site, attachment)
  const pinned = await pinnedLinkLater(path)
  try {
    // A link that is detached stays without an interface for good.
    if (pinned && pinned.info.interfaceIndex === attachment.interfaceIndex) {
      if (pinned.info.programId !== program.id) pinned.link.update(program)
      return
    }
  } finally {
    pinned?.link.close()
  }
  const place: Place = { interfaceIndex: attachment.interfaceIndex, namespace: site.namespace }
  const link = await attachLink(attachment, program, place)
  try {
    pin(link, path)
  } finally {
    link.close()
  }
}

/** An interface does not take a program in XDP; the kernel's own errors are its cause. */
export class XdpRefused extends WeftError {
  readonly device: string

  constructor(code: 'not-supported' | 'nic.taken', device: string, why: string, cause: unknown) {
    const hint = 'ATTACH auto, or tcx'
    super(code, `ATTACH xdp at ${device} is not supported: ${why}`, { object: `nic/${device}`, hint, cause })
    this.device = device
  }
}

const attachLink = async (
  { method, direction, device }: Attachment,
  program: BpfProgram,
  place: Place,
): Promise<BpfLink> => {
  if (method !== 'xdp') return attachTcxLater(program, place, direction)
  try {
    return await attachXdpLater(program, place, 'native')
  } catch (error) {
    if (!(error instanceof BpfError)) throw error
    if (['EBUSY', 'EEXIST'].includes(error.code)) {
      throw new XdpRefused('nic.taken', device, 'another XDP program is there', error)
    }
    // EOPNOTSUPP: no native XDP; EINVAL, ERANGE: not with this MTU, or these offloads.
    if (isGone(error)) throw error
    throw new XdpRefused('not-supported', device, `its driver refuses (${error.code})`, error)
  }
}

/** Takes a router's program off. Harmless where it is gone, or somebody's is there instead. */
export const detach = async (site: Site | undefined, attachment: Attachment, links: string): Promise<void> => {
  if (attachment.method !== 'clsact') return detachLink(`${links}/${placeKey(attachment)}`)
  // Filters went with their namespace.
  if (!site) return
  const there = await filterThere(site.route, attachment)
  if (there?.programId === attachment.programId) await detachFilter(site.route, filterAt(attachment))
}

const detachLink = async (path: string): Promise<void> => {
  const found = await pinnedLinkLater(path)
  if (!found) return
  const { link, info } = found
  try {
    // Once it was pinned the last close would detach it a moment later.
    if (info.interfaceIndex !== 0) await link.detachLater()
  } finally {
    link.close()
  }
  unpin(path)
  if (listPins(dirname(path)).length === 0) unpin(dirname(path))
}

/** Indices of the interfaces that have a clsact. */
export const clsactInterfaces = async (route: RouteSocket): Promise<ReadonlySet<number>> => {
  const qdiscs = await route.qdiscs()
  return new Set(qdiscs.filter(({ options }) => options.kind === 'clsact').map(({ index }) => index))
}

/** Removes a clsact that the router made, unless anybody's filters hang there. */
export const removeClsact = async ({ route }: Site, interfaceIndex: number): Promise<void> => {
  if (!(await clsactInterfaces(route)).has(interfaceIndex)) return
  for (const direction of ['ingress', 'egress'] as const) {
    const filters = await route.filters({ index: interfaceIndex, parent: parent[direction] })
    if (filters.some((filter) => filter.handle !== 0)) return
  }
  try {
    await route.request(deleteQdisc(interfaceIndex, parent.clsact))
  } catch (error) {
    if (!(error instanceof NetlinkError) || !['ENOENT', 'EINVAL', 'ENODEV'].includes(error.code)) throw error
  }
}

export type AttachmentState = 'attached' | 'missing' | 'interface gone'

/** What has become of an attachment; `site` undefined where the namespace is gone. */
export const attachmentState = async (
  site: Site | undefined,
  attachment: Attachment,
  links: string,
): Promise<AttachmentState> => {
  if (attachment.method === 'clsact') {
    if (!site || !(await site.route.link(attachment.interfaceIndex))) return 'interface gone'
    const there = await filterThere(site.route, attachment)
    return there?.programId === attachment.programId ? 'attached' : 'missing'
  }
  const found = await pinnedLinkLater(`${links}/${placeKey(attachment)}`)
  if (!found) return 'missing'
  const { interfaceIndex, programId } = found.info
  found.link.close()
  if (interfaceIndex === 0) return 'interface gone'
  return programId === attachment.programId ? 'attached' : 'missing'
}
