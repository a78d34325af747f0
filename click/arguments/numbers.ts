/** Numbers, truth values and times. */
import { type ArgumentType, type Refusal, refuse } from './types.ts'

const digits = /^([+-]?)(?:0[xX]([0-9a-fA-F](?:_?[0-9a-fA-F])*)|0[bB]([01](?:_?[01])*)|(\d(?:_?\d)*))$/

/** A whole number: decimal, `0x`, `0b`, or octal behind a leading 0, with `_` between digits. undefined: none. */
export const readInteger = (text: string): number | undefined => {
  const [, sign, hexadecimal, binary, decimal] = digits.exec(text) ?? []
  const plain = (hexadecimal ?? binary ?? decimal)?.replaceAll('_', '')
  if (plain === undefined) return undefined
  const isOctal = decimal !== undefined && plain.length > 1 && plain.startsWith('0')
  if (isOctal && /[89]/.test(plain)) return undefined
  const value = Number.parseInt(plain, hexadecimal ? 16 : binary ? 2 : isOctal ? 8 : 10)
  return sign === '-' ? -value : value
}

export const integer = (least: number, most: number, name = `integer ${least}-${most}`): ArgumentType<number> => ({
  name,
  parse: (text) => {
    const value = readInteger(text)
    if (value === undefined) return refuse('invalid number')
    if (value < least) return refuse(`out of range, bound ${least}`)
    return value > most ? refuse(`out of range, bound ${most}`) : value
  },
})

export const byte = integer(0, 0xff)
export const unsigned16 = integer(0, 0xffff)
export const unsigned = integer(0, 0xffff_ffff, 'unsigned integer')
export const signed = integer(-0x8000_0000, 0x7fff_ffff, 'integer')

const words: Readonly<Record<string, boolean>> = {
  '0': false,
  n: false,
  f: false,
  no: false,
  false: false,
  '1': true,
  y: true,
  t: true,
  yes: true,
  true: true,
}

export const boolean: ArgumentType<boolean> = {
  name: 'boolean',
  parse: (text) => (Object.hasOwn(words, text) ? (words[text] ?? refuse()) : refuse()),
}

const realPattern = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/

const readReal = (text: string): number | Refusal => {
  if (!realPattern.test(text)) return refuse()
  const value = Number(text)
  return Number.isFinite(value) ? value : refuse('out of range')
}

export const real: ArgumentType<number> = { name: 'real number', parse: readReal }

const secondsPerUnit: Readonly<Record<string, number>> = {
  s: 1,
  sec: 1,
  ms: 1e-3,
  msec: 1e-3,
  us: 1e-6,
  usec: 1e-6,
  ns: 1e-9,
  nsec: 1e-9,
  m: 60,
  min: 60,
  h: 3600,
  hr: 3600,
  d: 86_400,
  day: 86_400,
}

/** A time in seconds; `ms`, `us`, `ns`, `m`, `h`, `d` behind the number change the unit. */
export const seconds: ArgumentType<number> = {
  name: 'time in seconds',
  parse: (text) => {
    const [, number = '', unit = ''] = /^(.*?)\s*([a-z]*)$/.exec(text) ?? []
    const factor = unit === '' ? 1 : Object.hasOwn(secondsPerUnit, unit) ? secondsPerUnit[unit] : undefined
    const value = readReal(number)
    if (factor === undefined || typeof value !== 'number' || value < 0) return refuse()
    return value * factor
  },
}
