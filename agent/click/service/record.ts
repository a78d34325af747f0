/**
 * What is written down of a router: everything that somebody needs who finds it. The record goes before: nothing is made that it does not
 * name, and what it calls the current generation is the router, whatever else is there.
 *
 *     preparing   `next` is being made beside `current` (a new router has none); undone where it was not finished
 *     switching   `current` takes over from `previous`; done to the end where it was not finished
 *     running     `current` alone
 *     stopping    all of it is being taken down; done to the end where it was not finished
 */

import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { WeftError } from '../../../proto/errors.ts'
import { type Durability, readIfThere, removeDurably, removeIfThere, writeAtomic } from '../../state/atomic-file.ts'
import type { Room } from '../compile/element.ts'
import type { Attachment } from './attach.ts'
import { type Places, pinsOf } from './places.ts'

/** Of the record's form. What takes a router down (layout, namespace, generations' number, attachments, interfaces) stays as it is in all. */
export const recordVersion = 1

/** By the names of elements. */
export type RoomOf = Readonly<Record<string, Room>>

/** One configuration in the kernel. */
export interface Generation {
  readonly number: number
  /** As it was given, a character a byte; landmarks speak of `file`. */
  readonly text: string
  readonly file: string
  readonly variables: Readonly<Record<string, string>>
  /** Flat, so that it can be compiled again without the files that it was read from. */
  readonly flat: string
  /** Room that elements have beyond what their arguments ask for. */
  readonly room: RoomOf
  /** Devices whose packets are taken in XDP without being asked to. */
  readonly xdp: readonly string[]
  /** Of where elements' slots and maps are: another compiler may put them elsewhere. '' until it is compiled. */
  readonly digest: string
  readonly attachments: readonly Attachment[]
  /** Names of the interfaces that were made for it. */
  readonly interfaces: readonly string[]
}

export interface RouterRecord {
  readonly version: typeof recordVersion
  /** Of the pins. */
  readonly layout: number
  readonly name: string
  readonly phase: 'preparing' | 'switching' | 'running' | 'stopping'
  /** `id` tells namespaces apart while they live; `path` is what it was called, '' for that of the process. */
  readonly namespace: { readonly id: string; readonly path: string }
  readonly current?: Generation | undefined
  readonly next?: Generation | undefined
  readonly previous?: Generation | undefined
}

const suffix = '.json'

export const recordFile = ({ directory }: Places, name: string): string => join(directory, `${name}${suffix}`)

/**
 * Everything that a record names is the kernel's and ends with it. So what it says on the way is for those that come after a killed process;
 * what runs in the end is to be known after a loss of power, too, unless somebody else knows it. A router's first record may be lost with what it
 * was to name.
 */
const durabilityOf = ({ isRemade }: Places, { phase, current }: RouterRecord): Durability => {
  if (isRemade) return 'unsure'
  return phase === 'running' ? 'durable' : current ? 'whole' : 'unsure'
}

export const writeRecord = (places: Places, record: RouterRecord): Promise<void> =>
  writeAtomic(
    recordFile(places, record.name),
    `${JSON.stringify(record, undefined, 1)}\n`,
    undefined,
    durabilityOf(places, record),
  )

export const removeRecord = async (places: Places, name: string): Promise<void> => {
  const file = recordFile(places, name)
  await (places.isRemade ? removeIfThere(file) : removeDurably(file))
}

/** A record that nobody has written so: of a file system that lost power, mostly. */
export class DamagedRecord extends WeftError {
  constructor(message: string, details: ConstructorParameters<typeof WeftError>[2]) {
    super('router.broken', message, details)
  }
}

/** undefined where there is none. Rejects with WeftError not-supported where a newer version wrote it, DamagedRecord where nobody did. */
export const readRecord = async (places: Places, name: string): Promise<RouterRecord | undefined> => {
  const bytes = await readIfThere(recordFile(places, name))
  if (!bytes) return undefined
  const details = {
    object: `router/${name}`,
    hint: `down takes it away; see ${recordFile(places, name)}, and ${pinsOf(places, name)}`,
  }
  let record: Partial<RouterRecord> | null
  try {
    record = JSON.parse(bytes.toString()) as Partial<RouterRecord> | null
  } catch (cause) {
    throw new DamagedRecord(`the record of the router ${name} is damaged`, { ...details, cause })
  }
  if (record?.version === undefined || record.name !== name) {
    throw new DamagedRecord(`the record of the router ${name} is not one`, details)
  }
  if (record.version > recordVersion) {
    throw new WeftError('not-supported', `the router ${name} was made by a newer version of Weft`, details)
  }
  return record as RouterRecord
}

/** Of all routers that have a record, or of those that are asked for, in order. */
export const recordNames = async (
  { directory }: Places,
  isAsked: (name: string) => boolean = () => true,
): Promise<readonly string[]> => {
  const files = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  // What starts with a dot was never finished.
  const finished = files.filter((file) => !file.startsWith('.') && file.endsWith(suffix))
  return finished
    .map((file) => file.slice(0, -suffix.length))
    .filter(isAsked)
    .sort()
}
