/** Where the programs of a configuration go, and by which method. */
import { WeftError } from '../../../proto/errors.ts'
import { have } from '../../ebpf/features.ts'
import type { Compiled, CompiledProgram } from '../compile/compile.ts'
import { type Attachment, attachmentState, clsactInterfaces, type Method, type Site } from './attach.ts'
import type { Interfaces } from './configuration.ts'
import { type Places, pinsOf } from './places.ts'
import { type RouterRecord, readRecord, recordNames } from './record.ts'
import { linkPins } from './site.ts'

export type PlannedAttachment = Omit<Attachment, 'programId'>

/** In the order of the programs. Rejects with WeftError: nic.taken where another router is there, not-supported. */
export const planAttachments = async (
  places: Places,
  record: RouterRecord,
  site: Site,
  compiled: Compiled,
  interfaces: Interfaces,
): Promise<readonly PlannedAttachment[]> => {
  const withClsact = await clsactInterfaces(site.route)
  const sideOf = ({ device, direction }: CompiledProgram): string =>
    sideKey({ interfaceIndex: interfaces.get(device)?.index ?? 0, direction })
  const others = await takenSides(places, record, site, new Set(compiled.programs.map(sideOf)))
  const own = record.current?.attachments.filter(({ method }) => method === 'clsact') ?? []
  return compiled.programs.map((program): PlannedAttachment => {
    const { device, direction } = program
    const interfaceIndex = interfaces.get(device)?.index ?? 0
    refuseTaken(program, others.get(sideOf(program)))
    const method = chooseMethod(program)
    // Who made it once removes it.
    const before = own.find((other) => other.interfaceIndex === interfaceIndex)
    const madeClsact = method === 'clsact' && (before?.madeClsact ?? !withClsact.has(interfaceIndex))
    return { device, interfaceIndex, direction, method, madeClsact }
  })
}

const refuseTaken = ({ device, direction, element }: CompiledProgram, by: string | undefined): void => {
  if (by === undefined) return
  const which = direction === 'ingress' ? 'that come in' : 'that the host sends'
  throw new WeftError('nic.taken', `the packets of ${device} ${which} go to the router ${by}`, {
    object: `element/${element.name} :: ${element.class}`,
    where: element.landmark,
    hint: `take ${by} down, or make one configuration of both`,
  })
}

const chooseMethod = ({ hook, attach, element }: CompiledProgram): Method => {
  if (hook === 'xdp') return 'xdp'
  if (attach === 'clsact') return 'clsact'
  if (have('tcx')) return 'tcx'
  if (attach !== 'tcx') return 'clsact'
  throw new WeftError('not-supported', 'not supported: ATTACH tcx, the kernel is older than Linux 6.6', {
    object: `element/${element.name} :: ${element.class}`,
    where: element.landmark,
    hint: 'ATTACH auto, or clsact',
  })
}

/** Packets of one side of an interface go to one router, whatever the method. */
const sideKey = ({ interfaceIndex, direction }: Pick<Attachment, 'interfaceIndex' | 'direction'>): string =>
  `${interfaceIndex}:${direction}`

/**
 * Of the sides wanted those of other routers in the same network namespace, and which router it is. What is attached no more does not count:
 * the number of a namespace that is gone comes again.
 */
const takenSides = async (
  places: Places,
  { name, namespace }: RouterRecord,
  site: Site,
  wanted: ReadonlySet<string>,
): Promise<ReadonlyMap<string, string>> => {
  const taken = new Map<string, string>()
  for (const other of await recordNames(places)) {
    if (other === name) continue
    const record = await readRecord(places, other).catch(() => undefined)
    if (record?.namespace.id !== namespace.id) continue
    const links = linkPins(pinsOf(places, other, record.layout))
    for (const generation of [record.current, record.next, record.previous]) {
      for (const attachment of generation?.attachments ?? []) {
        if (!wanted.has(sideKey(attachment))) continue
        const isTaken = record.phase !== 'running' || (await attachmentState(site, attachment, links)) === 'attached'
        if (isTaken) taken.set(sideKey(attachment), other)
      }
    }
  }
  return taken
}
