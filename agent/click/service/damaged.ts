/**
 * Takes away a router whose record says nothing any more. What is pinned by its name is its own, and tells the rest: links by their pins,
 * filters below clsact by the programs that they hold. Interfaces carry its name. Nothing else is touched: a clsact stays, which is without effect by
 * itself, and so do filters in another network namespace than the service's, which go with it.
 */
import { join } from 'node:path'
import { attachedFilters, detachFilter } from '../../ebpf/clsact.ts'
import type { Direction } from '../../ebpf/link.ts'
import { layoutVersion, listPins, pinName, pinnedLink, pinnedProgram, unpin } from '../../ebpf/pins.ts'
import { openRoute, type RouteSocket } from '../../netlink/route.ts'
import { isFilterOfRouter } from './attach.ts'
import { removeMarked } from './interfaces.ts'
import { type Places, pinsOf } from './places.ts'
import { removeRecord } from './record.ts'
import { linkPins } from './site.ts'

export const removeDamaged = async (places: Places, name: string): Promise<void> => {
  const { namespace, step } = places
  // Of another layout there may be some, too: of those nothing is known but the directory's name.
  const pins = pinsOf(places, name, layoutVersion)
  const route = openRoute({ namespace })
  try {
    step?.('detach what is pinned')
    detachLinks(linkPins(pins))
    await removeFilters(route, programIds(pins))
    await removeMarked(places, route, name)
  } finally {
    route.close()
  }
  step?.('unpin the router')
  unpin(pins)
  step?.('remove the record')
  await removeRecord(places, name)
}

const detachLinks = (directory: string): void => {
  for (const pin of listPins(directory)) {
    const link = pinnedLink(join(directory, pinName(pin)))
    try {
      if (link && link.info().interfaceIndex !== 0) link.detach()
    } finally {
      link?.close()
    }
  }
}

/** Of all generations. */
const programIds = (pins: string): ReadonlySet<number> => {
  const ids = new Set<number>()
  for (const generation of listPins(pins).filter((entry) => /^g\d+$/.test(entry))) {
    const directory = join(pins, generation, 'programs')
    for (const pin of listPins(directory)) {
      const program = pinnedProgram(join(directory, pinName(pin)))
      if (program) ids.add(program.id)
      program?.close()
    }
  }
  return ids
}

const directions: readonly Direction[] = ['ingress', 'egress']

const removeFilters = async (route: RouteSocket, programs: ReadonlySet<number>): Promise<void> => {
  if (programs.size === 0) return
  const qdiscs = await route.qdiscs()
  for (const { index } of qdiscs.filter(({ options }) => options.kind === 'clsact')) {
    for (const direction of directions) {
      for (const filter of await attachedFilters(route, index, direction)) {
        if (isFilterOfRouter(filter) && programs.has(filter.programId)) await detachFilter(route, filter)
      }
    }
  }
}
