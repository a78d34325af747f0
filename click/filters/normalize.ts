/** From a filter's primitives to terms, as Click's `IPFilter` makes its program of them. */
import { anyTransport, tcpOrUdp } from '../arguments/names.ts'
import { all, always, any, type Base, choose, type Decision, not, type Term } from './decision.ts'
import type { Direction, Expression, Primitive } from './expression.ts'
import { formatProtocol } from './words.ts'

type Place = Pick<Term, 'base' | 'offset' | 'length' | 'field'>

const place = (base: Base, offset: number, length: Term['length'], field: string): Place => ({
  base,
  offset,
  length,
  field,
})

const equal = (at: Place, value: number, mask: number): Decision =>
  mask === 0 ? always : { kind: 'term', ...at, mask, relation: 'equal', value: (value & mask) >>> 0 }

interface Comparison {
  readonly value: number
  readonly mask: number
  readonly relation: 'equal' | 'above'
  readonly negated: boolean
}

/** A comparison of a number whose lowest bit is `shift` bits above the place's lowest. */
const compare = (at: Place, { value, mask, relation, negated }: Comparison, shift = 0): Decision => {
  if (mask === 0) return { kind: 'constant', value: negated !== (relation === 'equal') }
  const up = (bits: number): number => (bits << shift) >>> 0
  const bits = { mask: up(mask), value: up((value & mask) >>> 0) }
  if (relation === 'above') return above(at, bits, negated)
  return { kind: 'term', ...at, ...bits, relation: negated ? 'unequal' : 'equal' }
}

/**
 * Greater, or not. In more than one byte it is compared in pieces, the highest bits first, as Click does: so a packet that ends within the
 * field is still judged where the bytes that it has are enough (RFC 791 promises 8 bytes of transport header, not the whole).
 */
const above = (at: Place, { mask, value }: { mask: number; value: number }, negated: boolean): Decision => {
  if (at.length === 1) return { kind: 'term', ...at, mask, value, relation: negated ? 'notAbove' : 'above' }
  const pieces: { readonly term: Decision; readonly decides: boolean }[] = []
  let rest = mask
  let bound = value
  while (bound < rest) {
    const isHigh = bound > rest >>> 1
    // From the first bit on in which a greater number may differ, the bound has what follows.
    const differing = isHigh ? (~(bound + 1) & rest) >>> 0 : bound
    const lower = differing === 0 ? 0 : 2 ** (32 - Math.clz32(differing)) - 1
    const top = (rest & ~lower) >>> 0
    // A low piece with a bit decides for greater, a high piece without all of its bits against it.
    pieces.push({
      term: {
        kind: 'term',
        ...at,
        mask: top,
        value: isHigh ? top : 0,
        relation: isHigh === negated ? 'unequal' : 'equal',
      },
      decides: isHigh === negated,
    })
    rest = (rest & ~top) >>> 0
    bound = (bound & rest) >>> 0
  }
  return pieces.reduceRight<Decision | undefined>((below, { term, decides }) => {
    if (!below) return term
    return decides ? any(term, below) : all(term, below)
  }, undefined) as Decision
}

const protocolPlace = place('network', 9, 1, 'ip proto')

const isProtocol = (protocol: number): Decision => {
  if (protocol === tcpOrUdp) return any(equal(protocolPlace, 6, 0xff), equal(protocolPlace, 17, 0xff))
  return protocol === anyTransport ? always : equal(protocolPlace, protocol, 0xff)
}

/** Only the first fragment has a transport header. */
const isFirstFragment = equal(place('network', 6, 2, 'ip fragment offset'), 0, 0x1fff)

/** A negated comparison has negated parts: `src or dst port != 5` is that neither is 5, and false where either cannot be read. */
const inDirection = (direction: Direction, negated: boolean, source: Decision, destination: Decision): Decision => {
  switch (direction) {
    case 'source':
      return source
    case 'destination':
      return destination
    case 'both':
      return negated ? any(source, destination) : all(source, destination)
    case 'one':
      return negated ? all(source, destination) : any(source, destination)
  }
}

const negateIf = (negated: boolean, decision: Decision): Decision => (negated ? not(decision) : decision)

const etherAt = (offset: number, field: string, address: readonly number[], mask: readonly number[]): Decision => {
  const number = (bytes: readonly number[], from: number, to: number): number =>
    bytes.slice(from, to).reduce((value, byte) => value * 256 + byte, 0)
  return all(
    equal(place('ethernet', offset, 4, field), number(address, 0, 4), number(mask, 0, 4)),
    equal(place('ethernet', offset + 4, 2, field), number(address, 4, 6), number(mask, 4, 6)),
  )
}

/** The fewest bytes that hold a field; Click allows none that goes over a word of four. */
const fieldPlace = (base: Base, bitOffset: number, bitLength: number, field: string) => {
  const first = bitOffset >> 3
  const last = (bitOffset + bitLength - 1) >> 3
  const length = last === first ? 1 : last === first + 1 ? 2 : 4
  const offset = length === 4 ? first & ~3 : first
  return { at: place(base, offset, length, field), shift: (offset + length) * 8 - bitOffset - bitLength }
}

const normalizePrimitive = (primitive: Primitive): Decision => {
  switch (primitive.kind) {
    case 'host': {
      const { direction, address, mask, negated } = primitive
      const comparison = { value: address, mask, relation: 'equal', negated } as const
      const source = compare(place('network', 12, 4, 'ip src'), comparison)
      return inDirection(direction, negated, source, compare(place('network', 16, 4, 'ip dst'), comparison))
    }
    case 'ether': {
      const { direction, address, mask, negated } = primitive
      const source = etherAt(6, 'ether src', address, mask)
      const destination = etherAt(0, 'ether dst', address, mask)
      return negateIf(negated, inDirection(direction, false, source, destination))
    }
    case 'protocol': {
      const { value, negated } = primitive
      return value >= tcpOrUdp ? negateIf(negated, isProtocol(value)) : compare(protocolPlace, primitive)
    }
    case 'port': {
      const { direction, protocol, negated } = primitive
      const port = (offset: number, side: string): Decision =>
        compare(place('transport', offset, 2, `${formatProtocol(protocol)} ${side} port`), primitive)
      const found = inDirection(direction, negated, port(0, 'src'), port(2, 'dst'))
      return all(isProtocol(protocol), isFirstFragment, found)
    }
    case 'tcp option': {
      const flags = equal(place('transport', 13, 1, 'tcp opt'), primitive.flags, primitive.flags)
      return all(isProtocol(6), isFirstFragment, flags)
    }
    case 'fragment':
      return {
        kind: 'term',
        ...place('network', 6, 2, 'ip frag'),
        mask: 0x3fff,
        relation: primitive.negated ? 'equal' : 'unequal',
        value: 0,
      }
    case 'field': {
      const { field, protocol } = primitive
      const isTransport = field.protocol !== undefined
      const { at, shift } = fieldPlace(
        isTransport ? 'transport' : 'network',
        field.bitOffset,
        field.bitLength,
        field.name,
      )
      const ofProtocol = protocol === undefined ? always : isProtocol(protocol)
      return all(ofProtocol, isTransport ? isFirstFragment : always, compare(at, primitive, shift))
    }
  }
}

export const normalize = (expression: Expression): Decision => {
  switch (expression.kind) {
    case 'constant':
      return { kind: 'constant', value: expression.value }
    case 'primitive':
      return normalizePrimitive(expression.primitive)
    case 'not':
      return not(normalize(expression.of))
    case 'all':
      return all(...expression.of.map(normalize))
    case 'any':
      return any(...expression.of.map(normalize))
    case 'choose':
      return choose(normalize(expression.condition), normalize(expression.then), normalize(expression.otherwise))
  }
}
