/**
 * All routers, without looking at each of them each time. What was seen of a router is told again as long as its record and the directory of
 * its links' pins have the same stamps; whoever asks says whether its interfaces are as they were.
 *
 * A stamp is what stat(2) tells of a file. Two changes within one tick of the kernel's clock may look the same: a stamp counts only once it is
 * older than any tick, as in Git's index.
 */
import { statSync } from 'node:fs'
import { broken, describeRouter, type RouterInfo } from './describe.ts'
import { type Places, pinsOf } from './places.ts'
import { readRecord, recordFile, recordNames } from './record.ts'
import { linkPins } from './site.ts'

/** How far what was seen of a router is to be believed: where its record and the directory of its links' pins are as they were, or not. */
export type Trust = 'if unchanged' | 'no'

export interface RouterList {
  /** See ClickService.list. */
  list(trust?: (router: RouterInfo) => Trust, isAsked?: (name: string) => boolean): Promise<readonly RouterInfo[]>
  find(name: string): Promise<RouterInfo | undefined>
}

/** What was seen, and of when. */
interface Seen {
  readonly info: RouterInfo
  readonly pins: string
  readonly stamp: string
}

interface Stamp {
  readonly text: string
  /** Of the last change, ns since 1970: whatever changes a file changes its ctime, and nobody sets it. */
  readonly changed: bigint
}

/** No kernel's clock ticks more slowly than every 10 ms (CONFIG_HZ); ns. */
const settled = 100_000_000n

const nothing: Stamp = { text: '-', changed: 0n }

const stampOf = (path: string): Stamp => {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false })
  if (!found) return nothing
  const { dev, ino, size, mtimeNs, ctimeNs } = found
  return { text: `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`, changed: ctimeNs }
}

export const routerList = (places: Places): RouterList => {
  const seen = new Map<string, Seen>()

  /** Of a record and of its links' pins, now; undefined where they changed a moment ago, or the clock was set back. */
  const stampNow = (name: string, pins: string): string | undefined => {
    const now = BigInt(Date.now()) * 1_000_000n
    const stamps = [stampOf(recordFile(places, name)), stampOf(pins)]
    if (stamps.some(({ changed }) => changed > now - settled)) return undefined
    return stamps.map(({ text }) => text).join()
  }

  const look = async (name: string): Promise<RouterInfo | undefined> => {
    seen.delete(name)
    const likely = linkPins(pinsOf(places, name))
    // Before what it is a stamp of is read: a change in between shows the next time.
    const stamp = stampNow(name, likely)
    try {
      const record = await readRecord(places, name)
      if (!record) return undefined
      const info = await describeRouter(places, record)
      const pins = linkPins(pinsOf(places, name, record.layout))
      if (stamp !== undefined && pins === likely && info.state === 'running') seen.set(name, { info, pins, stamp })
      return info
    } catch (error) {
      return broken(name, error)
    }
  }

  const remembered = (name: string, trust: (router: RouterInfo) => Trust): RouterInfo | undefined => {
    const before = seen.get(name)
    if (!before || trust(before.info) === 'no') return undefined
    return stampNow(name, before.pins) === before.stamp ? before.info : undefined
  }

  return {
    list: async (trust = () => 'no', isAsked) => {
      const names = await recordNames(places, isAsked)
      if (isAsked === undefined) {
        const there = new Set(names)
        for (const name of seen.keys()) if (!there.has(name)) seen.delete(name)
      }
      const routers: RouterInfo[] = []
      for (const name of names) {
        const info = remembered(name, trust) ?? (await look(name))
        if (info) routers.push(info)
      }
      return routers
    },
    find: look,
  }
}
