/**
 * Quantities as people write them in requests and substrate files: `10 Mbit/s`, `128 MiB`, `5 ms`, `1.5` CPUs.
 *
 * A number without a unit is in the base unit. Results are whole numbers of the base unit below 2^53; what is none of these
 * is undefined, and `quantities` says for a hint how it is written.
 */

/** Units by lower-case name; `b` alone stands nowhere, since it would be bits to some and bytes to others. */
const units = {
  rate: {
    'bit/s': 1,
    'kbit/s': 1e3,
    'mbit/s': 1e6,
    'gbit/s': 1e9,
    'tbit/s': 1e12,
    bit: 1,
    kbit: 1e3,
    mbit: 1e6,
    gbit: 1e9,
    tbit: 1e12,
    bps: 1,
    kbps: 1e3,
    mbps: 1e6,
    gbps: 1e9,
    tbps: 1e12,
  },
  size: {
    bytes: 1,
    kb: 1e3,
    mb: 1e6,
    gb: 1e9,
    tb: 1e12,
    kib: 2 ** 10,
    mib: 2 ** 20,
    gib: 2 ** 30,
    tib: 2 ** 40,
  },
  duration: { us: 1, µs: 1, μs: 1, ms: 1e3, s: 1e6 },
  cpu: { m: 1, cpu: 1000, cpus: 1000 },
} as const

/** Base unit of a number without a unit, how many of the result it is, and how the quantity is written. */
export const quantities = {
  rate: { bare: 1, written: 'a rate such as "10 Mbit/s" (bit/s, kbit/s, Mbit/s, Gbit/s)' },
  size: { bare: 1, written: 'a size such as "128 MiB" (bytes, kB, MB, GB, KiB, MiB, GiB)' },
  duration: { bare: 1, written: 'a duration such as "5 ms" (us, ms, s)' },
  cpu: { bare: 1000, written: 'CPUs such as 2, 0.5 or "500m" (thousandths)' },
} as const

export type Quantity = keyof typeof quantities

const pattern = /^\s*(\d+(?:\.\d+)?|\.\d+)\s*([A-Za-zµμ/]*)\s*$/

const parse = (quantity: Quantity, value: unknown): number | undefined => {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined
  const match = pattern.exec(String(value))
  if (!match) return undefined
  const table: Readonly<Record<string, number>> = units[quantity]
  const name = (match[2] as string).toLowerCase()
  const unit = name === '' ? quantities[quantity].bare : Object.hasOwn(table, name) ? table[name] : undefined
  if (unit === undefined) return undefined
  const exact = Number(match[1]) * unit
  const whole = Math.round(exact)
  // Decimal fractions are not exact in binary: 0.0011 Mbit/s is 1100.0000000000002 bit/s.
  return Number.isSafeInteger(whole) && Math.abs(exact - whole) <= 1e-9 * Math.max(1, whole) ? whole : undefined
}

/** Bits per second. */
export const parseRate = (value: unknown): number | undefined => parse('rate', value)

/** Bytes. */
export const parseSize = (value: unknown): number | undefined => parse('size', value)

/** Microseconds. */
export const parseDuration = (value: unknown): number | undefined => parse('duration', value)

/** Thousandths of a CPU; a bare number counts CPUs. */
export const parseCpu = (value: unknown): number | undefined => parse('cpu', value)

type Step = readonly [least: number, name: string]

/** At most three digits after the point, in the greatest unit that the value fills. */
const format = (value: number, steps: readonly Step[]): string => {
  const [least, name] = steps.find(([step]) => value >= step) ?? (steps.at(-1) as Step)
  return `${Number((value / least).toFixed(3))} ${name}`
}

export const formatRate = (bitsPerSecond: number): string =>
  format(bitsPerSecond, [
    [1e9, 'Gbit/s'],
    [1e6, 'Mbit/s'],
    [1e3, 'kbit/s'],
    [1, 'bit/s'],
  ])

export const formatSize = (bytes: number): string =>
  format(bytes, [
    [2 ** 40, 'TiB'],
    [2 ** 30, 'GiB'],
    [2 ** 20, 'MiB'],
    [2 ** 10, 'KiB'],
    [1, 'bytes'],
  ])

export const formatDuration = (microseconds: number): string =>
  format(microseconds, [
    [1e6, 's'],
    [1e3, 'ms'],
    [1, 'us'],
  ])

export const formatCpu = (millis: number): string => `${Number((millis / 1000).toFixed(3))} CPU`
