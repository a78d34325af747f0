/** Routes as the Internet's routers have them: deterministic, each prefix once. */
import type { TableRoute } from '../../table.ts'

/** Of 10,000 prefixes of the global table, how many have each length (about as of 2024; a few longer ones are an operator's own). */
const share: Readonly<Record<number, number>> = {
  8: 1,
  10: 1,
  11: 1,
  12: 3,
  13: 6,
  14: 13,
  15: 22,
  16: 142,
  17: 88,
  18: 146,
  19: 262,
  20: 468,
  21: 530,
  22: 1146,
  23: 1040,
  24: 6101,
  26: 8,
  28: 7,
  30: 6,
  32: 9,
}
const lengths = Object.entries(share).flatMap(([length, count]) => Array<number>(count).fill(Number(length)))

/** Mulberry32: numbers of 32 bits, the same for the same seed. */
export const randomNumbers = (seed: number): (() => number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b_79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
}

export const maskOf = (length: number): number => (length === 0 ? 0 : (0xffff_ffff << (32 - length)) >>> 0)

/** `count` prefixes within 1.0.0.0 to 223.255.255.255; 16 gateways behind each of the outputs. */
export const realisticRoutes = (count: number, outputs: number, seed = 1): readonly TableRoute[] => {
  const next = randomNumbers(seed)
  const seen = new Set<number>()
  const routes: TableRoute[] = []
  while (routes.length < count) {
    const length = lengths[next() % lengths.length] ?? 24
    const address = (((1 + (next() % 223)) * 2 ** 24 + (next() & 0xff_ffff)) & maskOf(length)) >>> 0
    const key = address * 64 + length
    if (seen.has(key)) continue
    seen.add(key)
    const hop = next() % (16 * outputs)
    routes.push({ address, length, gateway: (0x0a00_0001 + hop) >>> 0, output: hop % outputs })
  }
  return routes
}
