/** Sets of routes, and destinations within them; the same in every run. */

export interface Route {
  /** The bits outside of the prefix are 0. */
  readonly address: number
  /** Of the prefix, in bits. */
  readonly length: number
  readonly output: number
}

export type Random = () => number

/** Numbers of 32 bits, one after the other the same for the same seed (xorshift, Marsaglia 2003). */
export const randomFrom = (seed: number): Random => {
  let state = seed | 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
}

/**
 * Shares of prefixes by length, in percent, as in a full table of the Internet (RIPE RIS and CIDR Report, rounded): more than half are /24.
 */
const shares: readonly (readonly [length: number, percent: number])[] = [
  [24, 60],
  [23, 10],
  [22, 11],
  [21, 5],
  [20, 4],
  [19, 3],
  [18, 2],
  [17, 1],
  [16, 2],
  [14, 1],
  [32, 1],
]

const lengthAt = (percent: number): number => {
  let left = percent
  for (const [length, share] of shares) {
    if (left < share) return length
    left -= share
  }
  return 24
}

/** Unicast, and not of a network that routers treat apart: 1.0.0.0 to 126.255.255.255 or 128.0.0.0 to 223.255.255.255. */
const isPlain = (address: number): boolean => {
  const first = address >>> 24
  return first >= 1 && first <= 223 && first !== 127
}

/** Different prefixes, in no order, to one output after the other. */
export const makeRoutes = (count: number, outputs: number, random = randomFrom(0x5eed)): readonly Route[] => {
  const seen = new Set<number>()
  const routes: Route[] = []
  while (routes.length < count) {
    const length = lengthAt(random() % 100)
    const address = ((random() >>> (32 - length)) << (32 - length)) >>> 0
    const key = address * 64 + length
    if (!isPlain(address) || seen.has(key)) continue
    seen.add(key)
    routes.push({ address, length, output: routes.length % outputs })
  }
  return routes
}

/** Addresses within routes that are drawn with equal chances. */
export const makeDestinations = (
  routes: readonly Route[],
  count: number,
  random = randomFrom(0xd357),
): readonly number[] =>
  Array.from({ length: count }, () => {
    const { address = 0, length = 0 } = routes[random() % routes.length] ?? {}
    const host = length === 32 ? 0 : random() >>> length
    return (address | host) >>> 0
  })
