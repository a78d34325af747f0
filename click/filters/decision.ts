/**
 * The form that every filter comes down to, and that a compiler reads: true and false combinations of terms, each a comparison of some
 * bits at one place of a packet.
 */

/**
 * Where a term's offset counts from. `data`: the packet as it is (Classifier). `ethernet`: the Ethernet header. `network`: the IP header.
 * `transport`: the end of the IP header, its options included.
 */
export type Base = 'data' | 'ethernet' | 'network' | 'transport'

export interface Term {
  readonly kind: 'term'
  readonly base: Base
  /** Bytes. */
  readonly offset: number
  /** Bytes that the mask reaches over, read as one number, the first byte the most significant. */
  readonly length: 1 | 2 | 4
  readonly mask: number
  /** Compared with the masked bits; unsigned. */
  readonly relation: 'equal' | 'unequal' | 'above' | 'notAbove'
  /** Has no bits outside of the mask, and stands at the mask's place: for `ip vers 4` it is 0x40, the mask 0xf0. */
  readonly value: number
  /** What the term speaks of: "ip src", "tcp port"; for people. */
  readonly field: string
}

/** A term is false where the packet ends before the last byte in which its mask has a bit, whatever its relation is. */
export type Decision =
  | { readonly kind: 'constant'; readonly value: boolean }
  | Term
  | { readonly kind: 'not'; readonly of: Decision }
  | { readonly kind: 'all' | 'any'; readonly of: readonly Decision[] }
  | { readonly kind: 'choose'; readonly condition: Decision; readonly then: Decision; readonly otherwise: Decision }

export const always = { kind: 'constant', value: true } as const
export const never = { kind: 'constant', value: false } as const

export const not = (of: Decision): Decision =>
  of.kind === 'constant' ? { kind: 'constant', value: !of.value } : of.kind === 'not' ? of.of : { kind: 'not', of }

/** Without what changes nothing; decided at once where a part decides. */
const combine = (kind: 'all' | 'any', of: readonly Decision[]): Decision => {
  const neutral = kind === 'all'
  const parts = of.flatMap((part) => (part.kind === kind ? part.of : [part]))
  if (parts.some((part) => part.kind === 'constant' && part.value !== neutral))
    return { kind: 'constant', value: !neutral }
  const kept = parts.filter((part) => part.kind !== 'constant')
  return kept.length > 1 ? { kind, of: kept } : (kept[0] ?? { kind: 'constant', value: neutral })
}

export const all = (...of: readonly Decision[]): Decision => combine('all', of)
export const any = (...of: readonly Decision[]): Decision => combine('any', of)

export const choose = (condition: Decision, then: Decision, otherwise: Decision): Decision =>
  condition.kind === 'constant' ? (condition.value ? then : otherwise) : { kind: 'choose', condition, then, otherwise }

/** The bytes that a term reads, by base; a term at a place that is not there is false. */
export type Bytes = (base: Base, offset: number) => number | undefined

/** Whether the bytes of a packet satisfy the decision: what a compiled filter must say, said slowly. */
export const decide = (decision: Decision, bytes: Bytes): boolean => {
  switch (decision.kind) {
    case 'constant':
      return decision.value
    case 'not':
      return !decide(decision.of, bytes)
    case 'all':
      return decision.of.every((part) => decide(part, bytes))
    case 'any':
      return decision.of.some((part) => decide(part, bytes))
    case 'choose':
      return decide(decide(decision.condition, bytes) ? decision.then : decision.otherwise, bytes)
    case 'term':
      return decideTerm(decision, bytes)
  }
}

const decideTerm = ({ base, offset, length, mask, relation, value }: Term, bytes: Bytes): boolean => {
  let masked = 0
  for (let i = 0; i < length; i++) {
    const byteMask = (mask >>> (8 * (length - 1 - i))) & 0xff
    const byte = bytes(base, offset + i)
    if (byteMask !== 0 && byte === undefined) return false
    masked = masked * 256 + ((byte ?? 0) & byteMask)
  }
  switch (relation) {
    case 'equal':
      return masked === value
    case 'unequal':
      return masked !== value
    case 'above':
      return masked > value
    case 'notAbove':
      return masked <= value
  }
}

const relationSigns = { equal: '==', unequal: '!=', above: '>', notAbove: '<=' } as const

/** For people and tests: `(network[8:4] & 0xff0000 == 0x60000 [ip proto])`. */
export const formatDecision = (decision: Decision): string => {
  switch (decision.kind) {
    case 'constant':
      return String(decision.value)
    case 'not':
      return `!${formatDecision(decision.of)}`
    case 'all':
    case 'any':
      return `(${decision.of.map(formatDecision).join(decision.kind === 'all' ? ' && ' : ' || ')})`
    case 'choose': {
      const parts = [decision.condition, decision.then, decision.otherwise].map(formatDecision)
      return `(${parts[0]} ? ${parts[1]} : ${parts[2]})`
    }
    case 'term': {
      const { base, offset, length, mask, relation, value } = decision
      const masked = mask === 2 ** (8 * length) - 1 ? '' : ` & 0x${mask.toString(16)}`
      return `${base}[${offset}:${length}]${masked} ${relationSigns[relation]} 0x${value.toString(16)}`
    }
  }
}
