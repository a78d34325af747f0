/**
 * A new configuration in the place of a router's old one, or of none. All that can fail is done beside the old one, which goes on if it does;
 * then, once the record says so, links are updated in place: every packet meets the old programs or the new ones.
 */
import { WeftError } from '../../../proto/errors.ts'
import { waitForPrograms } from '../../ebpf/grace.ts'
import { layoutVersion, unpin } from '../../ebpf/pins.ts'
import type { Compiled, PlacedElement } from '../compile/compile.ts'
import { stateMap } from '../compile/state.ts'
import { type Inherited, mapOf, OutOfRoom } from '../state.ts'
import { type Attachment, ensureAttached, type Site, samePlace, XdpRefused } from './attach.ts'
import { type CarriedCounts, type Carrying, carrySlots, keptRoom, planCarrying } from './carry.ts'
import {
  type Configuration,
  compileIn,
  flatText,
  type Interfaces,
  layoutDigest,
  recordedGraph,
} from './configuration.ts'
import { withInterfaces } from './devices.ts'
import {
  type FoundGeneration,
  findGeneration,
  type MadeGeneration,
  makeGeneration,
  pinGeneration,
} from './generation.ts'
import { preferXdp, xdpDevices } from './hooks.ts'
import { makeInterface } from './interfaces.ts'
import { namespaceId } from './namespace.ts'
import { generationPins, type Places, pinsOf } from './places.ts'
import { type PlannedAttachment, planAttachments } from './plan.ts'
import { type Generation, type RoomOf, type RouterRecord, readRecord, recordVersion, writeRecord } from './record.ts'
import { complete, programsOf, rollBack } from './settle.ts'
import { expectSite, withSite } from './site.ts'

/** A router that there is not yet: a record to begin with. */
export const newRecord = (places: Places, name: string): RouterRecord => ({
  version: recordVersion,
  layout: layoutVersion,
  name,
  phase: 'preparing',
  namespace: { id: namespaceId(places.namespace), path: places.namespace ?? '' },
})

/** How often an element may find that it needs still more room, or a device that it takes no XDP. */
const attempts = 16

/**
 * Settles with the record of the router that runs. Rejects with WeftError, BpfError or NetlinkError where the old one goes on, or there is
 * still none. `room` is for elements that need more than they ask for, beside what they have grown to before.
 */
export const replace = async (
  places: Places,
  record: RouterRecord,
  configuration: Configuration,
  room: RoomOf = {},
): Promise<RouterRecord> => {
  let learnt: Learnt = { room, refused: new Set() }
  for (let attempt = 1; ; attempt++) {
    try {
      return await withSite(places, record, (site) =>
        replaceAt(places, record, expectSite(site, record), configuration, learnt),
      )
    } catch (error) {
      const more = learn(learnt, error)
      if (!more || attempt === attempts) throw error
      learnt = more
    }
  }
}

/** What attempts have shown. */
interface Learnt {
  readonly room: RoomOf
  /** Devices that take no XDP. */
  readonly refused: ReadonlySet<string>
}

const learn = ({ room, refused }: Learnt, error: unknown): Learnt | undefined => {
  if (error instanceof OutOfRoom) return { room: { ...room, [error.element]: error.room }, refused }
  // A device that refuses again is one of which the configuration asks it.
  if (!(error instanceof XdpRefused) || refused.has(error.device)) return undefined
  return { room, refused: new Set([...refused, error.device]) }
}

const replaceAt = async (
  places: Places,
  record: RouterRecord,
  site: Site,
  configuration: Configuration,
  learnt: Learnt,
): Promise<RouterRecord> => {
  const { text, file, variables } = configuration
  const { current } = record
  const room = { ...(current ? grownRoom(current, configuration) : {}), ...learnt.room }
  // What does not compile, or has no place, is refused before anything is made.
  const { compiled, xdp, interfaces } = await compileAt(site, configuration, room, learnt.refused)
  const wanted = compiled.hostDevices.filter(({ name }) => !interfaces.has(name))
  const kept = compiled.hostDevices.filter(({ name }) => current?.interfaces.includes(name))
  const planned = wanted.length > 0 ? [] : await planAttachments(places, record, site, compiled, interfaces)
  const next: Generation = {
    number: (current?.number ?? 0) + 1,
    text,
    file,
    variables,
    flat: flatText(configuration),
    room,
    xdp,
    digest: layoutDigest(compiled),
    attachments: planned.map((attachment) => ({ ...attachment, programId: unloaded })),
    interfaces: [...new Set([...wanted, ...kept].map(({ name }) => name))],
  }
  const preparing: RouterRecord = { ...record, phase: 'preparing', next }
  places.step?.('record what is to be made')
  await writeRecord(places, preparing)
  try {
    if (wanted.length === 0) return await make(places, preparing, next, site, compiled, planned)
    for (const device of wanted) {
      places.step?.(`make the interface ${device.name}`)
      await makeInterface(site.route, record.name, device)
    }
    const whole = await withInterfaces(site.route, configuration.graph, (all) => ({
      compiled: compileIn(configuration.graph, all, next),
      interfaces: all,
    }))
    const attachments = await planAttachments(places, record, site, whole.compiled, whole.interfaces)
    return await make(places, preparing, next, site, whole.compiled, attachments)
  } catch (error) {
    // Once the new one takes over there is no way back: whoever comes next goes on.
    const now = await readRecord(places, record.name)
    if (now?.phase === 'preparing') await rollBack(places, now)
    throw error
  }
}

/** Of an attachment whose program is not loaded yet. */
const unloaded = 0

interface CompiledHere {
  readonly compiled: Compiled
  /** Devices whose packets it takes in XDP without being asked to. */
  readonly xdp: readonly string[]
  readonly interfaces: Interfaces
}

const compileAt = (
  { route }: Site,
  { graph }: Configuration,
  room: RoomOf,
  refused: ReadonlySet<string>,
): Promise<CompiledHere> =>
  withInterfaces(route, graph, (interfaces) => {
    const plain = compileIn(graph, interfaces, { room, xdp: [] })
    const devices = xdpDevices(plain, interfaces, refused)
    const fast = preferXdp(devices, (xdp) => compileIn(graph, interfaces, { room, xdp }))
    return { compiled: fast ?? plain, xdp: fast ? devices : [], interfaces }
  })

const grownRoom = (current: Generation, { graph }: Configuration): RoomOf =>
  Object.keys(current.room).length === 0 ? {} : keptRoom(recordedGraph(current), graph, current.room)

const make = async (
  places: Places,
  record: RouterRecord,
  draft: Generation,
  site: Site,
  compiled: Compiled,
  planned: readonly PlannedAttachment[],
): Promise<RouterRecord> => {
  const { step } = places
  const { current } = record
  const router = pinsOf(places, record.name, record.layout)
  const pins = generationPins(router, draft.number)
  const old = current && findOld(generationPins(router, current.number), current)
  const carrying = old && planCarrying(old.compiled, compiled)
  let made: MadeGeneration | undefined
  try {
    step?.('load maps and programs')
    made = makeGeneration(compiled, old && carrying && inheritFrom(old, carrying))
    const { maps, programs } = made
    const counts = old && carrying && carrySlots(carrying.slots, old.map(stateMap), mapOf(maps, stateMap))
    const pairs = programs.flatMap(({ program }, i): (readonly [Attachment, typeof program])[] => {
      const place = planned[i]
      return place ? [[{ ...place, programId: program.id }, program]] : []
    })
    step?.('pin maps and programs')
    unpin(pins)
    pinGeneration(pins, compiled, maps, pairs)
    const next: Generation = { ...draft, attachments: pairs.map(([attachment]) => attachment) }
    if (!isNamed(draft, next)) {
      step?.('record where they are to be attached')
      await writeRecord(places, { ...record, next })
    }
    for (const [attachment, program] of pairs) {
      if (current?.attachments.some((other) => samePlace(other, attachment))) continue
      step?.(`attach ${attachment.device}`)
      if (await ensureAttached(site, attachment, program, programsOf(next))) continue
      throw new WeftError('nic.unknown', `the interface ${attachment.device} is gone`)
    }
    if (!current) {
      // There is nothing that it takes over from.
      const running: RouterRecord = { ...record, phase: 'running', current: next, next: undefined }
      step?.('record that the router runs')
      await writeRecord(places, running)
      return running
    }
    const switching: RouterRecord = { ...record, phase: 'switching', current: next, next: undefined, previous: current }
    step?.('record that the new one takes over')
    await writeRecord(places, switching)
    return await complete(places, switching, counts && (() => addLate(places, counts)))
  } finally {
    made?.close()
    old?.close()
  }
}

/** Whether whoever finds the draft's record finds all that is attached: links by their pins, filters only by their programs' ids. */
const isNamed = (draft: Generation, { attachments }: Generation): boolean =>
  attachments.length === draft.attachments.length && attachments.every(({ method }) => method !== 'clsact')

/** State that cannot be read, or not all of it, is not carried: the router must not be stuck with it. */
const findOld = (pins: string, generation: Generation): FoundGeneration | undefined => {
  let found: FoundGeneration | undefined
  try {
    found = findGeneration(pins, generation)
    for (const { name } of found.compiled.maps) found.map(name)
    return found
  } catch (error) {
    found?.close()
    if (error instanceof WeftError && ['router.broken', 'not-supported', 'config.invalid'].includes(error.code)) {
      return undefined
    }
    throw error
  }
}

const inheritFrom = (old: FoundGeneration, { maps, copied }: Carrying): Inherited => ({
  maps: new Map([...maps].map(([to, from]) => [to, old.map(from)])),
  stateOf: (placed: PlacedElement) => {
    const before = copied.get(placed)
    return before && old.stateOf(before)
  },
})

const addLate = ({ step }: Places, counts: CarriedCounts): void => {
  step?.('add what was counted meanwhile')
  waitForPrograms()
  counts.addLate()
}
