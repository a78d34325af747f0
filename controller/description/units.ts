/** Quantities as people write them: `64 MiB`, `10 Mbit/s`, `5 ms`. Exact: decimal arithmetic, never floating point. */

export interface Quantity {
  /** Units by name, each in base units (bytes, bit/s, microseconds), the base unit first. */
  readonly units: Readonly<Record<string, bigint>>
  readonly example: string
}

const k = 1000n
const ki = 1024n

export const bytes: Quantity = {
  units: {
    B: 1n,
    kB: k,
    KiB: ki,
    MB: k ** 2n,
    MiB: ki ** 2n,
    GB: k ** 3n,
    GiB: ki ** 3n,
    TB: k ** 4n,
    TiB: ki ** 4n,
  },
  example: '64 MiB',
}

export const rate: Quantity = {
  units: { 'bit/s': 1n, 'kbit/s': k, 'Mbit/s': k ** 2n, 'Gbit/s': k ** 3n, 'Tbit/s': k ** 4n },
  example: '10 Mbit/s',
}

export const delay: Quantity = { units: { us: 1n, µs: 1n, ms: k, s: k ** 2n }, example: '5 ms' }

/** Of a VNet, in seconds. */
export const lifetime: Quantity = { units: { s: 1n, min: 60n, h: 3600n, d: 86_400n }, example: '2 h' }

export type Parsed = { readonly value: number } | { readonly problem: string }

/** In base units, at least `least` and at most 2^53 - 1; or what is wrong with the text. */
export const parseQuantity = (quantity: Quantity, text: string, least: 0 | 1 = 1): Parsed => {
  const match = /^([0-9]{1,20})(?:\.([0-9]{1,20}))? ?(\S+)$/.exec(text)
  const factor = match?.[3] === undefined ? undefined : lookUp(quantity.units, match[3])
  if (!match || factor === undefined) {
    return { problem: `needs a number and one of the units ${Object.keys(quantity.units).join(', ')}` }
  }
  const [, whole = '', fraction = ''] = match
  const scaled = BigInt(whole + fraction) * factor
  const scale = 10n ** BigInt(fraction.length)
  const [base = ''] = Object.keys(quantity.units)
  if (scaled % scale !== 0n) return { problem: `is not a whole number of ${base}` }
  const value = scaled / scale
  if (value < least) return { problem: 'must be more than zero' }
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) return { problem: `is more than ${Number.MAX_SAFE_INTEGER} ${base}` }
  return { value: Number(value) }
}

/** In the largest unit that gives a whole number, so that parseQuantity gives the value back. */
export const formatQuantity = (quantity: Quantity, value: number): string => {
  let best: readonly [string, bigint] = ['', 1n]
  for (const [unit, factor] of Object.entries(quantity.units)) {
    if (BigInt(value) % factor === 0n && (best[0] === '' || factor > best[1])) best = [unit, factor]
  }
  return `${BigInt(value) / best[1]} ${best[0]}`
}

/** Thousandths of a CPU from a number of CPUs, exact. */
export const parseCpus = (text: string): Parsed => {
  const match = /^([0-9]{1,9})(?:\.([0-9]{1,20}))?$/.exec(text)
  if (!match) return { problem: 'is not a number of CPUs' }
  const fraction = (match[2] ?? '').replace(/0+$/, '')
  if (fraction.length > 3) return { problem: 'is finer than thousandths of a CPU' }
  const value = Number(match[1]) * 1000 + Number(fraction.padEnd(3, '0'))
  return value === 0 ? { problem: 'must be more than zero' } : { value }
}

export const formatCpus = (millis: number): string => {
  const fraction = String(millis % 1000)
    .padStart(3, '0')
    .replace(/0+$/, '')
  return `${Math.floor(millis / 1000)}${fraction && `.${fraction}`}`
}

const millionths = 1_000_000
/** Of one per cent: its ten thousandths are millionths of the whole. */
const percentDigits = 4

/** Millionths of the whole from a percentage, exact: 0.1 % are 1000. */
export const parsePercent = (text: string): Parsed => {
  const match = /^([0-9]{1,9})(?:\.([0-9]{1,20}))? ?%$/.exec(text)
  if (!match) return { problem: 'is not a number and %' }
  const fraction = (match[2] ?? '').replace(/0+$/, '')
  if (fraction.length > percentDigits) return { problem: 'is finer than 0.0001 %' }
  const value = Number(match[1]) * 10 ** percentDigits + Number(fraction.padEnd(percentDigits, '0'))
  return value > millionths ? { problem: 'is more than 100 %' } : { value }
}

export const formatPercent = (value: number): string => {
  const fraction = String(value % 10 ** percentDigits)
    .padStart(percentDigits, '0')
    .replace(/0+$/, '')
  return `${Math.floor(value / 10 ** percentDigits)}${fraction && `.${fraction}`} %`
}

/** Kilometres. */
export const parseDistance = (text: string): Parsed => {
  const match = /^([0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?) ?km$/.exec(text)
  const value = Number(match?.[1])
  return match && Number.isFinite(value) ? { value } : { problem: 'is not a number of km' }
}

export const formatDistance = (kilometres: number): string => `${kilometres} km`

const lookUp = (units: Readonly<Record<string, bigint>>, name: string): bigint | undefined =>
  Object.hasOwn(units, name) ? units[name] : undefined
