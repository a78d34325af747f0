/**
 * Click routers that stay: programs, maps and links pinned in a bpf file system, and a record of each. No process has to live: whoever calls
 * next, from any process, finds them. What a service remembers of an earlier look is checked before it is believed.
 */
import { readdirSync } from 'node:fs'
import { WeftError } from '../../../proto/errors.ts'
import { isBpffs, layoutVersion } from '../../ebpf/pins.ts'
import { describeElement, type ElementInfo } from '../access.ts'
import { Full } from '../handlers.ts'
import { mapBytesOf } from '../state.ts'
import { newRecord, replace } from './change.ts'
import { type Configuration, compileAnywhere, recordedConfiguration, recordedGraph } from './configuration.ts'
import { removeDamaged } from './damaged.ts'
import { describeRouter, isDamaged, type RouterInfo } from './describe.ts'
import { type FoundGeneration, findGeneration, madeByAnotherVersion } from './generation.ts'
import { routerList, type Trust } from './list.ts'
import { exclusively } from './lock.ts'
import { checkName, generationPins, type Places, pinsOf } from './places.ts'
import { type Generation, type RoomOf, type RouterRecord, readRecord, writeRecord } from './record.ts'
import { settle, tearDown } from './settle.ts'

export type { AttachmentInfo, RouterInfo, RouterState } from './describe.ts'
export type { Trust } from './list.ts'

/** What a handler said. */
export interface HandlerReading {
  readonly element: string
  readonly class: string
  readonly handler: string
  readonly value: string
}

/** Every call rejects with WeftError where it says so; with BpfError or NetlinkError where the kernel refuses what it should not. */
export interface ClickService {
  /** router.exists, config.invalid, not-supported, nic.unknown, nic.taken, object.foreign: there is still none then. */
  up(name: string, configuration: Configuration): Promise<RouterInfo>
  /** Takes all of it away, also where its parts are damaged, its record included. router.unknown. */
  down(name: string): Promise<void>
  /** Puts another configuration in its place, with what elements of the same name and class have counted and learnt. As `up`: the old one goes on then. */
  swap(name: string, configuration: Configuration): Promise<RouterInfo>
  /** The value of `element.handler`. router.unknown, router.broken, config.invalid. */
  read(name: string, handler: string): Promise<string>
  /** The values of all handlers that can be read and that `wanted` says, in the order of the elements; those that need a text left out. */
  readAll(name: string, wanted: (element: ElementInfo, handler: string) => boolean): Promise<readonly HandlerReading[]>
  /**
   * Where an element has no room for it, it gets more, by a swap; config.invalid where the router's maps would then take more than `mostMapBytes`.
   */
  write(name: string, handler: string, text: string, mostMapBytes?: number): Promise<void>
  elements(name: string): Promise<readonly ElementInfo[]>
  /**
   * All routers, or those whose names are asked for. One that was seen before is not looked at again as far as `trust` says so, of its interfaces too; without it all are looked at. A
   * program that was taken off without its pin is seen only by a look.
   */
  list(trust?: (router: RouterInfo) => Trust, isAsked?: (name: string) => boolean): Promise<readonly RouterInfo[]>
  /** One of them, as it is now; undefined where there is none. */
  find(name: string): Promise<RouterInfo | undefined>
  /**
   * Finds a router whole, or makes it so: what a killed process left half-made is finished or taken away, what is attached no more is attached
   * again. undefined where there is none, or none any more.
   */
  adopt(name: string): Promise<RouterInfo | undefined>
}

export const clickService = (places: Places): ClickService => {
  const locked = <T>(work: () => Promise<T>): Promise<T> => exclusively(places.directory, work)
  const describe = (record: RouterRecord): Promise<RouterInfo> => describeRouter(places, record)
  const known = routerList(places)

  return {
    up: (name, configuration) =>
      locked(async () => {
        checkName(name)
        checkBpffs(places)
        const there = await settle(places, name)
        if (there) await removeDead(places, there)
        refuseForeign(places, name)
        return describe(await replace(places, newRecord(places, name), configuration))
      }),

    down: (name) =>
      locked(async () => {
        try {
          await takeAway(places, await expectRecord(places, name, readRecord))
        } catch (error) {
          if (!isDamaged(error)) throw error
          await removeDamaged(places, name)
        }
      }),

    swap: (name, configuration) =>
      locked(async () => {
        const record = await ofThisLayout(places, await expectRecord(places, name, settle))
        return describe(await replace(places, record, configuration))
      }),

    read: (name, handler) => withFound(places, name, (found) => found.read(handler)),
    readAll: (name, wanted) => withFound(places, name, (found) => readHandlers(found, wanted)),
    elements: (name) => withFound(places, name, ({ compiled }) => compiled.elements.map(describeElement)),

    write: (name, handler, text, mostMapBytes) => locked(() => writeHandler(places, name, handler, text, mostMapBytes)),

    list: known.list,
    find: (name) => known.find(name),

    adopt: (name) =>
      locked(async () => {
        checkName(name)
        const record = await settle(places, name)
        if (!record?.current) return undefined
        const info = await describe(record)
        if (info.state === 'running') return info
        const configuration = recordedConfiguration(record.current)
        return describe(await replace(places, await ofThisLayout(places, record), configuration))
      }),
  }
}

const readHandlers = (
  { compiled, read }: FoundGeneration,
  wanted: (element: ElementInfo, handler: string) => boolean,
): readonly HandlerReading[] =>
  compiled.elements.map(describeElement).flatMap((element) =>
    element.handlers
      .filter(({ name, read: isRead, query }) => isRead && !query && wanted(element, name))
      .map(({ name }) => ({
        element: element.name,
        class: element.class,
        handler: name,
        value: read(`${element.name}.${name}`),
      })),
  )

/** Whatever it was attached to is gone (its network namespace, mostly): nobody misses it. Rejects with WeftError router.exists. */
const removeDead = async (places: Places, record: RouterRecord): Promise<void> => {
  const { name } = record
  const { attachments } = await describeRouter(places, record)
  if (attachments.length > 0 && attachments.every(({ state }) => state === 'interface gone')) {
    return takeAway(places, record)
  }
  throw new WeftError('router.exists', `the router ${name} runs already`, {
    object: `router/${name}`,
    hint: 'swap it, or choose another name',
  })
}

const takeAway = async (places: Places, record: RouterRecord): Promise<void> => {
  await writeRecord(places, { ...record, phase: 'stopping' })
  await tearDown(places, record)
}

/** Nothing goes over from another layout: the router is made anew. */
const ofThisLayout = async (places: Places, record: RouterRecord): Promise<RouterRecord> => {
  if (record.layout === layoutVersion) return record
  await takeAway(places, record)
  return { ...newRecord(places, record.name), namespace: record.namespace }
}

const unknown = (name: string): WeftError =>
  new WeftError('router.unknown', `there is no router ${name}`, {
    object: `router/${name}`,
    hint: 'list has those that there are',
  })

const expectRecord = async (
  places: Places,
  name: string,
  read: (places: Places, name: string) => Promise<RouterRecord | undefined>,
): Promise<RouterRecord> => {
  checkName(name)
  const record = await read(places, name)
  if (!record) throw unknown(name)
  return record
}

const checkBpffs = ({ bpffs }: Places): void => {
  if (isBpffs(bpffs)) return
  throw new WeftError('not-supported', `no bpf file system is mounted at ${bpffs}`, {
    hint: `mount -t bpf bpf ${bpffs}`,
  })
}

/** Pins below our own path that no record speaks of are another service's. */
const refuseForeign = (places: Places, name: string): void => {
  const pins = pinsOf(places, name)
  try {
    readdirSync(pins)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  throw new WeftError(
    'object.foreign',
    `there are pins of a router ${name} at ${pins}, and no record in ${places.directory}`,
    {
      object: `router/${name}`,
      hint: `another name; or rm -r ${pins}, if nobody has its record`,
    },
  )
}

const findCurrent = (places: Places, { name, layout, current }: RouterRecord): FoundGeneration => {
  if (!current) throw unknown(name)
  if (layout !== layoutVersion) throw madeByAnotherVersion()
  return findGeneration(generationPins(pinsOf(places, name, layout), current.number), current)
}

/** Where an element has no room for it, the router is exchanged for one that has. */
const writeHandler = async (
  places: Places,
  name: string,
  handler: string,
  text: string,
  mostMapBytes = Number.POSITIVE_INFINITY,
): Promise<void> => {
  let record = await expectRecord(places, name, settle)
  for (let attempt = 1; ; attempt++) {
    const found = findCurrent(places, record)
    try {
      return found.write(handler, text)
    } catch (error) {
      const full = (error as Error).cause
      if (!(full instanceof Full) || attempt === attempts || !record.current) throw error
      const element = handler.slice(0, handler.lastIndexOf('.'))
      const room = { [element]: full.room }
      if (mapBytesWith(record.current, room) > mostMapBytes) throw outgrown(handler, mostMapBytes)
      record = await replace(places, record, recordedConfiguration(record.current), room)
    } finally {
      found.close()
    }
  }
}

/** What the maps of a router would take with so much more room. */
const mapBytesWith = (current: Generation, room: RoomOf): number => {
  const { maps } = compileAnywhere(recordedGraph(current), { ...current, room: { ...current.room, ...room } })
  return mapBytesOf(maps)
}

const outgrown = (handler: string, mostMapBytes: number): WeftError =>
  new WeftError('config.invalid', `${handler}: its tables would take more than ${mostMapBytes} bytes`, {
    object: `handler/${handler}`,
  })

const attempts = 5

/** Without the lock: a swap may take away what was just found. */
const withFound = async <T>(places: Places, name: string, work: (found: FoundGeneration) => T): Promise<T> => {
  for (let attempt = 1; ; attempt++) {
    const record = await expectRecord(places, name, readRecord)
    if (!record.current || record.phase === 'stopping') throw unknown(name)
    try {
      const found = findCurrent(places, record)
      try {
        return work(found)
      } finally {
        found.close()
      }
    } catch (error) {
      const isBroken = error instanceof WeftError && error.code === 'router.broken'
      const now = isBroken && attempt < attempts ? await readRecord(places, name) : record
      if (now?.current?.number === record.current.number) throw error
    }
  }
}
