/** Captured bytes, a field a line with its comment. */
import { endianness } from 'node:os'

/** Hexadecimal with everything after `//` left out. */
export const bytes = (text: string): Buffer =>
  Buffer.from(text.replaceAll(/\/\/.*$/gm, '').replaceAll(/\s+/g, ''), 'hex')

/** The captures are those of a little-endian machine. */
export const otherOrder = endianness() === 'LE' ? false : 'the captures are little-endian'

/** A message around a captured body, as the socket would deliver it. */
export const message = (body: Buffer, type = 16) => ({ type, flags: 0, sequence: 1, portId: 1, body })
