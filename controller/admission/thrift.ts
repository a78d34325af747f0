/**
 * Thrift: a request that fits is declined where it takes much, for long, while little is free, since what is left then serves several
 * others. Loss networks do so with trunk reservation (F. Kelly, Loss Networks, 1991), revenue management with bid prices.
 */

/** Where lists of requests are replayed: what is scarce goes to nearly as much revenue as without, and to more requests. */
export const defaultThrift = 6

/** Of a command line: a number above 0, or `none` (Infinity). Throws an Error that says so. */
export const parseThrift = (text: string): number => {
  const value = text === 'none' ? Number.POSITIVE_INFINITY : /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
  if (!(value > 0)) throw new Error('a number above 0, or none')
  return value
}

/** In any units, always the same ones. */
export interface Demand {
  readonly cpu: number
  /** Of its links together, both directions. */
  readonly rate: number
  /** 0: it never ends. */
  readonly lifetime: number
}

/** What requests ask for in the mean. */
export interface Usual {
  readonly add: (demand: Demand) => void
  readonly mean: () => Demand
}

/** Of the last `most` that were added; what never ends counts for no lifetime. */
export const createUsual = (most: number): Usual => {
  const last: Demand[] = []
  const sum = { cpu: 0, rate: 0, lifetime: 0, mortal: 0 }
  const count = ({ cpu, rate, lifetime }: Demand, sign: 1 | -1): void => {
    sum.cpu += sign * cpu
    sum.rate += sign * rate
    sum.lifetime += sign * lifetime
    if (lifetime > 0) sum.mortal += sign
  }
  return {
    add: (demand) => {
      last.push(demand)
      count(demand, 1)
      if (last.length > most) count(last.shift() as Demand, -1)
    },
    mean: () => ({
      cpu: sum.cpu / Math.max(1, last.length),
      rate: sum.rate / Math.max(1, last.length),
      lifetime: sum.lifetime / Math.max(1, sum.mortal),
    }),
  }
}

/** What never ends stays as if it lived eight times as long as is usual. */
const endless = 8

/** A long life counts for less than much room: what others would have made of the room is the less certain the later. */
const stayOf = (lifetime: number, usual: number): number =>
  usual > 0 ? Math.cbrt(lifetime > 0 ? lifetime / usual : endless) : 1

const meanOf = (values: readonly number[]): number =>
  values.length > 0 ? values.reduce((sum, value) => sum + value, 0) / values.length : 0

/** Parts of what there is. */
export interface Shares {
  readonly cpu: number
  readonly rate: number
}

/**
 * How dear a mapping is: how many times it takes what is usual, times what is taken for each part that is free. 1: what is usual, while half
 * is free. Infinity: nothing is free.
 * @param takes what the mapping takes: `rate` is that of each link as often as its path has hops
 * @param taken of the substrate by others; NaN of what it has none of
 */
export const dearnessOf = (takes: Demand, usual: Demand, taken: Shares): number => {
  const kinds = (['cpu', 'rate'] as const).filter((kind) => usual[kind] > 0)
  const times = meanOf(kinds.map((kind) => takes[kind] / usual[kind]))
  const share = Math.min(1, Math.max(0, meanOf([taken.cpu, taken.rate].filter(Number.isFinite))))
  return share === 0 || times === 0 ? 0 : (times * stayOf(takes.lifetime, usual.lifetime) * share) / (1 - share)
}
