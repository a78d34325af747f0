/**
 * Brings a router from any phase of its record to a whole one, or to none: what every change ends with, and what the next one does first
 * where a process was killed in the middle. Each step is harmless where it was done already.
 */
import { unpin } from '../../ebpf/pins.ts'
import { type Attachment, detach, ensureAttached, removeClsact, type Site, samePlace } from './attach.ts'
import { findProgram } from './generation.ts'
import { removeInterfaces } from './interfaces.ts'
import { generationPins, type Places, pinsOf } from './places.ts'
import { type Generation, type RouterRecord, readRecord, removeRecord, writeRecord } from './record.ts'
import { linkPins, withSite } from './site.ts'

/** The router as it is once nothing is half-done; undefined where there is none then. Rejects with WeftError. */
export const settle = async (places: Places, name: string): Promise<RouterRecord | undefined> => {
  const record = await readRecord(places, name)
  if (!record) return undefined
  switch (record.phase) {
    case 'preparing':
      return rollBack(places, record)
    case 'switching':
      return complete(places, record)
    case 'stopping':
      await tearDown(places, record)
      return undefined
    case 'running':
      return record
  }
}

/** Undoes what was made of the next generation. */
export const rollBack = async (places: Places, record: RouterRecord): Promise<RouterRecord | undefined> => {
  const { next, current } = record
  if (!current) {
    await tearDown(places, { ...record, phase: 'stopping', current: next, next: undefined })
    return undefined
  }
  const running: RouterRecord = { ...record, phase: 'running', next: undefined }
  if (next) {
    await withSite(places, record, async (site) => {
      await detachUnused(places, record, site, next, current)
      await removeUnused(places, record, site, next, current)
    })
  }
  places.step?.('record that the router is as before')
  await writeRecord(places, running)
  return running
}

/**
 * From the previous generation to the current one: links are updated in place, what is attached no more is detached. Then no packet meets the
 * old programs, and what they have counted is added; last goes what nobody uses.
 */
export const complete = async (
  places: Places,
  record: RouterRecord,
  addLate: () => void = () => undefined,
): Promise<RouterRecord> => {
  const { current, previous } = record
  if (current) {
    await withSite(places, record, async (site) => {
      if (site) await attachAll(places, record, site, current, previous)
      if (previous) await detachUnused(places, record, site, previous, current)
      addLate()
      if (previous) await removeUnused(places, record, site, previous, current)
    })
  }
  const running: RouterRecord = { ...record, phase: 'running', previous: undefined }
  places.step?.('record that the router runs')
  await writeRecord(places, running)
  return running
}

/** Puts the programs of a generation where it says; those whose interface has gone stay without. */
const attachAll = async (
  places: Places,
  record: RouterRecord,
  site: Site,
  generation: Generation,
  before: Generation | undefined,
): Promise<void> => {
  const pins = generationPins(pinsOf(places, record.name, record.layout), generation.number)
  const ours = programsOf(generation, before)
  for (const attachment of generation.attachments) {
    places.step?.(`exchange the program at ${attachment.device}`)
    const program = findProgram(pins, attachment)
    try {
      await ensureAttached(site, attachment, program, ours)
    } finally {
      program.close()
    }
  }
}

export const programsOf = (...generations: readonly (Generation | undefined)[]): ReadonlySet<number> =>
  new Set(generations.flatMap((each) => each?.attachments.map(({ programId }) => programId) ?? []))

/** Takes off what a generation has attached and the one that stays has not. */
const detachUnused = async (
  places: Places,
  record: RouterRecord,
  site: Site | undefined,
  unused: Generation,
  stays: Generation,
): Promise<void> => {
  const gone = unused.attachments.filter((each) => !stays.attachments.some((other) => samePlace(each, other)))
  await detachAll(places, site, gone, pinsOf(places, record.name, record.layout), stays.attachments)
}

/** Takes away the interfaces, maps and programs that the one that stays does not use. */
const removeUnused = async (
  places: Places,
  record: RouterRecord,
  site: Site | undefined,
  unused: Generation,
  stays: Generation,
): Promise<void> => {
  const interfaces = unused.interfaces.filter((name) => !stays.interfaces.includes(name))
  if (site) await removeInterfaces(places, site, record.name, interfaces)
  places.step?.(`unpin generation ${unused.number}`)
  unpin(generationPins(pinsOf(places, record.name, record.layout), unused.number))
}

const detachAll = async (
  places: Places,
  site: Site | undefined,
  attachments: readonly Attachment[],
  pins: string,
  stay: readonly Attachment[],
): Promise<void> => {
  for (const attachment of attachments) {
    places.step?.(`detach ${attachment.device}`)
    await detach(site, attachment, linkPins(pins))
    const { interfaceIndex, madeClsact } = attachment
    const isUsed = stay.some((other) => other.interfaceIndex === interfaceIndex && other.method === 'clsact')
    if (!site || !madeClsact || isUsed) continue
    places.step?.(`remove the clsact of ${attachment.device}`)
    await removeClsact(site, interfaceIndex)
  }
}

/** Takes all of a router down, of whatever phase and layout. */
export const tearDown = async (places: Places, record: RouterRecord): Promise<void> => {
  const pins = pinsOf(places, record.name, record.layout)
  const generations = [record.current, record.next, record.previous].filter((each) => each !== undefined)
  await withSite(places, record, async (site) => {
    await detachAll(
      places,
      site,
      generations.flatMap(({ attachments }) => attachments),
      pins,
      [],
    )
    const interfaces = new Set(generations.flatMap(({ interfaces }) => interfaces))
    if (site) await removeInterfaces(places, site, record.name, [...interfaces])
  })
  places.step?.('unpin the router')
  unpin(pins)
  places.step?.('remove the record')
  await removeRecord(places, record.name)
}
