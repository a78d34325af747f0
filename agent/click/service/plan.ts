/** Where the programs of a configuration go, and by which method. */
import { WeftError } from '../../../proto/errors.ts'
import { have } from '../../ebpf/features.ts'
import type { Compiled, CompiledProgram } from '../compile/compile.ts'
import { type Attachment, clsactInterfaces, type Method, type Site } from './attach.ts'
import type { Interfaces } from './configuration.ts'
import type { Places } from './places.ts'
import type { RouterRecord } from './record.ts'
import { type Side, sideKey, takenSides } from './taken.ts'

export type PlannedAttachment = Omit<Attachment, 'programId'>

/** In the order of the programs. Rejects with WeftError: nic.taken where another router is there, not-supported. */
export const planAttachments = async (
  places: Places,
  record: RouterRecord,
  site: Site,
  compiled: Compiled,
  interfaces: Interfaces,
): Promise<readonly PlannedAttachment[]> => {
  const sideOf = ({ device, direction }: CompiledProgram): Side => ({
    interfaceIndex: interfaces.get(device)?.index ?? 0,
    direction,
  })
  const others = await takenSides(places, record, site, compiled.programs.map(sideOf))
  const methods = compiled.programs.map(chooseMethod)
  const withClsact = methods.includes('clsact') ? await clsactInterfaces(site.route) : none
  const own = record.current?.attachments.filter(({ method }) => method === 'clsact') ?? []
  return compiled.programs.map((program, position): PlannedAttachment => {
    const { device, direction } = program
    const interfaceIndex = interfaces.get(device)?.index ?? 0
    refuseTaken(program, others.get(sideKey(sideOf(program))))
    const method = methods[position] ?? 'clsact'
    // Who made it once removes it.
    const before = own.find((other) => other.interfaceIndex === interfaceIndex)
    const madeClsact = method === 'clsact' && (before?.madeClsact ?? !withClsact.has(interfaceIndex))
    return { device, interfaceIndex, direction, method, madeClsact }
  })
}

const none: ReadonlySet<number> = new Set()

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
