/**
 * What this host shall carry: one file a VNet below `directory`, each a binary Slice, and the highest epoch of a controller seen.
 * All of it is in memory; a change settles once it is on disk.
 */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { decode, encode } from '../../proto/codec.ts'
import { WeftError } from '../../proto/errors.ts'
import type { Slice } from '../../proto/generated/weft.v1.ts'
import { readIfThere, removeDurably, writeAtomic } from './atomic-file.ts'
import { type Admission, admit, controllerOwner, isCurrent } from './rules.ts'
import { serial } from './serial.ts'

export interface DesiredStore {
  get(vnet: string): Slice | undefined
  list(): readonly Slice[]
  /**
   * VNets whose file could not be read. What the host has of them stays as it is until a slice comes: a damaged file is no wish
   * to remove anything.
   */
  readonly unreadable: ReadonlySet<string>
  /** The slice's owner must be set by the caller from who sent it. Throws what admit throws. */
  set(slice: Slice): Promise<Admission>
  /** Forgets a VNet of which nothing is left, unless its slice is another by now. */
  forget(slice: Slice): Promise<void>
}

const suffix = '.slice'

/** @param bootId of the host, as it is now */
export const openDesired = async (directory: string, bootId = ''): Promise<DesiredStore> => {
  const slices = new Map<string, Slice>()
  const unreadable = new Set<string>()
  const oneAtATime = serial()
  const fileOf = (vnet: string): string => join(directory, `${vnet}${suffix}`)
  const epochFile = join(directory, 'epoch')
  let highestEpoch = 0

  const load = async (): Promise<void> => {
    const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return []
      throw error
    })
    for (const name of names) {
      // What starts with a dot was never finished.
      if (name.startsWith('.') || !name.endsWith(suffix)) continue
      const vnet = name.slice(0, -suffix.length)
      try {
        const slice = decode('Slice', (await readIfThere(join(directory, name))) ?? new Uint8Array())
        if (slice.vnet !== vnet) throw new WeftError('message.malformed', `${name} holds the slice of "${slice.vnet}"`)
        slices.set(vnet, slice)
      } catch {
        unreadable.add(vnet)
      }
    }
    const epochs = [...slices.values()].filter((slice) => slice.owner === controllerOwner).map((slice) => slice.epoch)
    const kept = Number((await readIfThere(epochFile))?.toString() ?? 0)
    highestEpoch = Math.max(0, Number.isSafeInteger(kept) ? kept : 0, ...epochs)
  }

  const set = async (slice: Slice): Promise<Admission> => {
    const held = slices.get(slice.vnet)
    const admission = admit(held, slice, highestEpoch)
    if (slice.owner === controllerOwner && slice.epoch > highestEpoch) {
      await writeAtomic(epochFile, `${slice.epoch}\n`)
      highestEpoch = slice.epoch
    }
    // What was current in this boot stays so: a message that says otherwise of the same generation is an older one that comes again.
    const next = admission === 'same' && isCurrent(held, bootId) ? { ...slice, bootId } : slice
    // The same content under a newer epoch is kept too: reports say which epoch they answer.
    if (admission === 'new' || held?.epoch !== next.epoch || held.bootId !== next.bootId) {
      await writeAtomic(fileOf(next.vnet), encode('Slice', next))
      slices.set(next.vnet, next)
      unreadable.delete(next.vnet)
    }
    return admission
  }

  const forget = async (slice: Slice): Promise<void> => {
    if (slices.get(slice.vnet) !== slice) return
    await removeDurably(fileOf(slice.vnet))
    slices.delete(slice.vnet)
  }

  await load()
  return {
    get: (vnet) => slices.get(vnet),
    list: () => [...slices.values()],
    unreadable,
    set: (slice) => oneAtATime(() => set(slice)),
    forget: (slice) => oneAtATime(() => forget(slice)),
  }
}
