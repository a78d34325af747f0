/** What drawings say beside a link. */
import type { Link } from '../../../proto/generated/weft.v1.ts'
import { rate } from '../units.ts'

/** "10 Mbit/s", "10 Mbit/s, 5 Mbit/s" (a to b first) or nothing. */
export const linkLabel = ({ rateAToBBitsPerSecond: there, rateBToABitsPerSecond: back }: Link): string => {
  if (there === 0 && back === 0) return ''
  return there === back ? shortRate(there) : `${shortRate(there)}, ${shortRate(back)}`
}

/** In the unit that leaves three digits or fewer before the point, to two places: a drawing is not exact. */
export const shortRate = (bitsPerSecond: number): string => {
  if (bitsPerSecond === 0) return 'best effort'
  const fitting = Object.entries(rate.units).findLast(([, factor]) => bitsPerSecond >= Number(factor))
  const [unit, factor] = fitting ?? ['bit/s', 1n]
  return `${Number((bitsPerSecond / Number(factor)).toFixed(2))} ${unit}`
}
