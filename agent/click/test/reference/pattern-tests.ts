/**
 * Single tests of IPFilter's patterns, on a packet's bytes, one bit after the other. A test that reads beyond the packet's end is false,
 * whatever its operator is; where a packet ends within a number that `<` or `>` compares, the answer is left open (undefined).
 */
import { header, headerLength, isFirstFragment } from './bytes.ts'
import type { ReferencePacket } from './packet.ts'
import type { Bits, Protocol } from './pattern-words.ts'

export type Answer = boolean | undefined
export type Test = (packet: ReferencePacket) => Answer
export type Relation = '==' | '!=' | '<' | '>' | '<=' | '>='

export const not = (answer: Answer): Answer => (answer === undefined ? undefined : !answer)

/** False where any is, open where one is open that might be. */
export const every = (answers: readonly Answer[]): Answer =>
  answers.includes(false) ? false : answers.includes(undefined) ? undefined : true

export const some = (answers: readonly Answer[]): Answer => not(every(answers.map(not)))

const bytesOf = (packet: ReferencePacket, of: Bits['header']): Buffer => {
  const head = header(packet)
  return of === 'ip' ? head : head.subarray(headerLength(head))
}

export interface Comparison {
  readonly relation: Relation
  readonly value: number
  /** Of the field's own bits; undefined: all of them. */
  readonly mask?: number | undefined
}

/** The field's masked bits as a number; `missing` says how much of them the packet has not. */
const numberAt = (bytes: Buffer, { first, count }: Bits, mask: number | undefined) => {
  let value = 0
  let present = 0
  let absent = 0
  for (let bit = 0; bit < count; bit++) {
    const isWanted = mask === undefined || Math.floor(mask / 2 ** (count - 1 - bit)) % 2 === 1
    const byte = bytes[(first + bit) >> 3]
    const set = byte === undefined ? 0 : (byte >> (7 - ((first + bit) & 7))) & 1
    value = value * 2 + (isWanted ? set : 0)
    if (isWanted && byte === undefined) absent++
    if (isWanted && byte !== undefined) present++
  }
  return { value, missing: absent === 0 ? 'nothing' : present === 0 ? 'all' : 'part' } as const
}

const holds = (number: number, relation: Relation, value: number): boolean => {
  switch (relation) {
    case '==':
      return number === value
    case '!=':
      return number !== value
    case '<':
      return number < value
    case '>':
      return number > value
    case '<=':
      return number <= value
    case '>=':
      return number >= value
  }
}

/** Of the bits of a value only those of the mask count, where it is compared for being equal. */
const compare = (bytes: Buffer, bits: Bits, { relation, value, mask }: Comparison): Answer => {
  const isEquality = relation === '==' || relation === '!='
  const { value: number, missing } = numberAt(bytes, bits, mask)
  const most = mask ?? 2 ** bits.count - 1
  // What holds of every number that the bits can be is known without looking.
  const isFixed =
    !isEquality && (relation === '<' || relation === '>=' ? value <= 0 || value > most : value >= most || value < 0)
  if (isFixed) return holds(0, relation, value)
  if (missing === 'nothing') return holds(number, relation, isEquality ? Number(BigInt(value) & BigInt(most)) : value)
  return isEquality || missing === 'all' ? false : undefined
}

export const fieldTest =
  (bits: Bits, comparison: Comparison): Test =>
  (packet) =>
    compare(bytesOf(packet, bits.header), bits, comparison)

export const protocolTest =
  (protocol: Protocol): Test =>
  (packet) => {
    if (protocol === 'transp') return true
    const number = header(packet)[9]
    return protocol === 'tcpudp' ? number === 6 || number === 17 : number === protocol
  }

export const firstFragment: Test = (packet) => isFirstFragment(header(packet))

/** More fragments, or an offset. */
export const fragment: Test = (packet) => (header(packet).readUInt16BE(6) & 0x3fff) !== 0

/** All of them must be set. */
export const optionTest =
  (flags: number): Test =>
  (packet) => {
    const byte = bytesOf(packet, 'transport')[13]
    return byte !== undefined && (byte & flags) === flags
  }

export type Side = 'src' | 'dst' | 'and' | 'or'

/** `src or dst x != 5`: neither is 5. */
export const onSides =
  (side: Side, isNegated: boolean, test: (side: 'src' | 'dst') => Test): Test =>
  (packet) => {
    if (side === 'src' || side === 'dst') return test(side)(packet)
    const answers = [test('src')(packet), test('dst')(packet)]
    return (side === 'and') !== isNegated ? every(answers) : some(answers)
  }

export const etherTest =
  (side: 'src' | 'dst', address: Uint8Array, mask: Uint8Array): Test =>
  (packet) => {
    const at = packet.mac + (side === 'src' ? 6 : 0)
    return address.every((byte, i) => {
      const bits = mask[i] ?? 0
      return ((packet.buffer[at + i] ?? 0) & bits) === (byte & bits)
    })
  }
