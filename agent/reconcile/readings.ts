/**
 * Readings of everything on this host, and who may use which. A look at a VNet needs one that began after whatever happened to it. A sweep looks at all
 * of them: its one reading serves each VNet to which nothing has happened since it began, or a sweep would read everything once for each of
 * thousands.
 */
import type { SnapshotOptions } from '../datapath/driver.ts'
import { share } from '../share.ts'

export interface Readings<T> {
  /** Something may have happened to a VNet, or will have by the time that it is looked at: a reading that has begun is too old for it. */
  happened(vnet: string): void
  /** For a look at a VNet, at what others of it are needed too. */
  of(vnet: string, others?: Iterable<string>): Promise<T>
  /** A thorough one, that looks which follow may use, each VNet's once. */
  sweep(): Promise<T>
}

export const readings = <T>(read: (options: SnapshotOptions) => Promise<T>): Readings<T> => {
  /** VNets whose looks wait for a reading to begin. */
  const waiting = new Set<string>()
  const shared = share(() => {
    const vnets = new Set(waiting)
    waiting.clear()
    return read({ vnets })
  })
  const now = (vnets: readonly string[]): Promise<T> => {
    for (const vnet of vnets) waiting.add(vnet)
    return shared()
  }
  const sweep = share(async () => {
    const began = ++tick
    return { began, value: await read({ thorough: true }), used: new Set<string>() }
  })
  /** When something happened last to a VNet. */
  const last = new Map<string, number>()
  let tick = 0
  let swept: Awaited<ReturnType<typeof sweep>> | undefined

  return {
    happened: (vnet) => {
      last.set(vnet, ++tick)
    },
    of: async (vnet, others = []) => {
      const asked = [vnet, ...others]
      const began = swept?.began ?? 0
      const isOld = asked.some((one) => (last.get(one) ?? 0) > began)
      if (swept === undefined || swept.used.has(vnet) || isOld) return now(asked)
      swept.used.add(vnet)
      return swept.value
    },
    sweep: async () => {
      swept = await sweep()
      for (const [vnet, at] of last) if (at < swept.began) last.delete(vnet)
      return swept.value
    },
  }
}
