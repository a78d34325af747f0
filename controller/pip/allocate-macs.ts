/** MAC addresses of interfaces that the request gave none. */
import { createHash } from 'node:crypto'
import type { VNetRequest } from '../../proto/generated/weft.v1.ts'
import type { AllocateInput } from './allocate.ts'
import { interfacesOf } from './interfaces.ts'

/** Of interfaces without one: what they had, else one derived from their name, so that a VNet made again has the same. */
export const allocateMacs = (
  { vnet, taken, previous }: AllocateInput,
  request: VNetRequest,
): ReadonlyMap<string, string> => {
  const interfaces = interfacesOf(request)
  const before = interfacesOf(previous?.request)
  const own = new Set<string>()
  const isUsed = (mac: string): boolean => own.has(mac) || taken.macs.has(mac)
  for (const { mac } of interfaces.values()) if (mac !== '') own.add(mac)
  const macs = new Map<string, string>()
  const give = (key: string, mac: string): void => {
    own.add(mac)
    macs.set(key, mac)
  }
  const open = [...interfaces].filter(([, { mac }]) => mac === '').map(([key]) => key)
  for (const key of open) {
    const had = before.get(key)?.mac ?? ''
    if (had !== '' && !isUsed(had)) give(key, had)
  }
  for (const key of open) {
    if (macs.has(key)) continue
    for (let attempt = 0; !macs.has(key); attempt++) {
      const mac = macFrom(`${vnet}/${key}/${attempt}`)
      if (!isUsed(mac)) give(key, mac)
    }
  }
  return macs
}

/** A locally administered address of one station (IEEE 802, 8.4): 02 and 40 bits of a hash. */
const macFrom = (name: string): string => {
  const digest = createHash('sha256').update(name).digest()
  return ['02', ...Array.from(digest.subarray(0, 5), (byte) => byte.toString(16).padStart(2, '0'))].join(':')
}
