/** A primitive while it is read: what its words said so far, and what is to be made of it. After Click's `IPFilter::Primitive`. */

import { anyTransport, tcpOrUdp } from '../arguments/names.ts'
import type { Direction, Primitive } from './expression.ts'
import { type Field, fields, formatProtocol, formatSubject, type Subject } from './words.ts'

export type Data =
  | { readonly kind: 'none' }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'address'; readonly value: number }
  | { readonly kind: 'net'; readonly value: number; readonly mask: number }
  | { readonly kind: 'ether'; readonly bytes: readonly number[] }
  /** A word that can only be a value of this subject. */
  | { readonly kind: 'named'; readonly subject: Subject; readonly value: number }

export type Mask =
  | { readonly kind: 'number' | 'address'; readonly value: number }
  | { readonly kind: 'ether'; readonly bytes: readonly number[] }

export interface Draft {
  header: 'ip' | 'ether' | undefined
  subject: Subject | undefined
  direction: Direction | undefined
  protocol: number | undefined
  relation: 'equal' | 'above' | 'below'
  negated: boolean
  data: Data
  mask: Mask | undefined
}

export const createDraft = (): Draft => ({
  header: undefined,
  subject: undefined,
  direction: undefined,
  protocol: undefined,
  relation: 'equal',
  negated: false,
  data: { kind: 'none' },
  mask: undefined,
})

/** What the next primitive may leave out: `src port 80 or 81`. */
export interface Context {
  readonly subject: Subject | undefined
  readonly direction: Direction | undefined
  readonly protocol: number | undefined
  readonly isEther: boolean
}

export const noContext: Context = { subject: undefined, direction: undefined, protocol: undefined, isEther: false }

export interface Finished {
  readonly primitive: Primitive
  readonly context: Context
}

export interface Problems {
  error(text: string): void
  warning(text: string): void
}

/** The subject of a draft that names none, by its value or by the primitive before. */
const inferSubject = (draft: Draft, before: Context): Subject | string => {
  const { data } = draft
  switch (data.kind) {
    case 'none':
      return draft.protocol === undefined ? 'partial directive' : { kind: 'proto' }
    case 'address':
      return { kind: 'host' }
    case 'net':
    case 'ether':
      return { kind: data.kind }
    case 'named':
      return data.subject
    case 'number': {
      const found = before.subject
      const isComparable = found?.kind === 'field' || found?.kind === 'proto' || found?.kind === 'port'
      return isComparable ? found : "specify header field or 'port'"
    }
  }
}

const hasDirection = (subject: Subject): boolean => ['host', 'net', 'ether', 'port', 'tcp opt'].includes(subject.kind)

/** The numbers of a comparison that Click would make of what was written. undefined: out of range. */
const compareNumbers = (draft: Draft, value: number, full: number, problems: Problems, name: string) => {
  const given = draft.mask?.kind === 'number' || draft.mask?.kind === 'address' ? draft.mask.value : undefined
  const mask = given ?? full
  const { relation, negated } = draft
  if ((mask & ~full) !== 0 || mask > full) {
    problems.error(`'${name}': mask out of range, bound 0x${full.toString(16).toUpperCase()}`)
    return undefined
  }
  if (relation === 'equal') {
    if (value <= full) return { relation, negated, value: (value & mask) >>> 0, mask }
    problems.error(`'${name}': out of range, bound ${full}`)
    return undefined
  }
  const isBelow = relation === 'below'
  if ((isBelow && (value === 0 || value > mask)) || (!isBelow && value >= mask)) {
    const holds = isBelow && value > mask ? !negated : negated
    const sign = isBelow ? (negated ? '>=' : '<') : negated ? '<=' : '>'
    problems.warning(`relation '${sign} ${value}' is always ${holds} (range 0-${mask})`)
    return { relation: 'equal', negated: !holds, value: 0, mask: 0 } as const
  }
  // x < n is not x > n - 1.
  const bound = isBelow ? value - 1 : value
  return { relation: 'above', negated: isBelow !== negated, value: withinMask(bound, mask), mask } as const
}

/** The highest number of the mask's bits alone that is not above `bound`: `& 5 > 2` is `& 5 > 1`. */
const withinMask = (bound: number, mask: number): number => {
  const missing = (bound & ~mask) >>> 0
  if (missing === 0) return bound
  const lower = 2 ** (31 - Math.clz32(missing)) - 1
  return ((bound | lower) & mask) >>> 0
}

const numberOf = (data: Data, isOfSubject: (subject: Subject) => boolean): number | undefined => {
  if (data.kind === 'number') return data.value
  return data.kind === 'named' && isOfSubject(data.subject) ? data.value : undefined
}

/** Checks that all words of a draft go together; undefined where they do not, which was said. */
export const finishDraft = (draft: Draft, before: Context, problems: Problems): Finished | undefined => {
  const inferred = draft.subject ?? inferSubject(draft, before)
  if (typeof inferred === 'string') {
    problems.error(inferred)
    return undefined
  }
  const isInferred = draft.subject === undefined
  const completed = {
    ...draft,
    direction: draft.direction ?? (isInferred && hasDirection(inferred) ? before.direction : undefined),
    protocol: draft.protocol ?? (isInferred && inferred.kind === 'port' ? before.protocol : undefined),
  }
  const header = draft.header ?? (draft.data.kind === 'ether' ? 'ether' : 'ip')
  const subject: Subject = header === 'ether' && inferred.kind === 'host' ? { kind: 'ether' } : inferred
  const fail = (words: string): undefined => {
    problems.error(`'${formatSubject(subject)}': ${words}`)
    return undefined
  }
  if (subject.kind !== 'ether' && header === 'ether') {
    return fail(subject.kind === 'net' ? 'address missing' : 'ip only')
  }
  const primitive = makePrimitive(completed, subject, header, problems, fail)
  if (!primitive) return undefined
  if (draft.direction && !['host', 'ether', 'port'].includes(primitive.kind)) {
    problems.warning(`'${formatSubject(subject)}': 'src' or 'dst' ignored`)
  }
  return { primitive, context: contextOf(primitive, subject, completed) }
}

const contextOf = (primitive: Primitive, subject: Subject, draft: Draft): Context => ({
  subject: subject.kind === 'ect' || subject.kind === 'ce' ? { kind: 'field', field: fields.tos } : subject,
  direction: 'direction' in primitive ? primitive.direction : draft.direction,
  protocol: protocolAfter(primitive) ?? draft.protocol,
  isEther: primitive.kind === 'ether',
})

const protocolAfter = (primitive: Primitive): number | undefined => {
  switch (primitive.kind) {
    case 'port':
    case 'field':
      return primitive.protocol
    case 'protocol':
      return primitive.relation === 'equal' && !primitive.negated && primitive.mask === 0xff
        ? primitive.value
        : undefined
    case 'tcp option':
      return 6
    default:
      return undefined
  }
}

type Fail = (words: string) => undefined

const makePrimitive = (
  draft: Draft,
  subject: Subject,
  header: 'ip' | 'ether',
  problems: Problems,
  fail: Fail,
): Primitive | undefined => {
  switch (subject.kind) {
    case 'host':
    case 'net':
      return makeHost(draft, subject.kind, fail)
    case 'ether':
      return header === 'ether' ? makeEther(draft, fail) : fail('address missing')
    case 'proto':
      return makeProtocol(draft, problems, fail)
    case 'port':
      return makePort(draft, problems, fail)
    case 'tcp opt':
      return makeTcpOption(draft, problems, fail)
    case 'frag':
    case 'unfrag': {
      if (draft.data.kind !== 'none' || draft.mask) return fail('value not supported')
      return { kind: 'fragment', negated: subject.kind === 'unfrag' ? true : draft.negated }
    }
    case 'ect':
    case 'ce':
      return makeEcn(draft, subject.kind, problems, fail)
    case 'field':
      return makeField(draft, subject.field, problems, fail)
  }
}

const makeHost = ({ data, mask, relation, negated, direction }: Draft, kind: 'host' | 'net', fail: Fail) => {
  if (data.kind !== (kind === 'host' ? 'address' : 'net')) return fail('address missing')
  if (relation !== 'equal') return fail('operator not supported')
  if (mask?.kind === 'ether') return fail('bad mask')
  const own = data.kind === 'net' ? data.mask : 0xffff_ffff
  return {
    kind: 'host',
    direction: direction ?? 'one',
    address: data.kind === 'net' || data.kind === 'address' ? data.value : 0,
    mask: mask?.value ?? own,
    negated,
  } as const
}

const makeEther = ({ data, mask, relation, negated, direction }: Draft, fail: Fail) => {
  if (data.kind !== 'ether') return fail('address missing')
  if (relation !== 'equal') return fail('operator not supported')
  if (mask && mask.kind !== 'ether') return fail('bad mask')
  const bytes = mask?.bytes ?? [0xff, 0xff, 0xff, 0xff, 0xff, 0xff]
  return { kind: 'ether', direction: direction ?? 'one', address: data.bytes, mask: bytes, negated } as const
}

const makeProtocol = (draft: Draft, problems: Problems, fail: Fail) => {
  const given = numberOf(draft.data, ({ kind }) => kind === 'proto')
  if (draft.data.kind !== 'none' && given === undefined) return fail('value missing')
  if (given !== undefined && draft.protocol !== undefined && draft.protocol !== given) return fail('specified twice')
  const protocol = given ?? draft.protocol
  if (protocol === undefined) return fail('value missing')
  if (protocol === tcpOrUdp || protocol === anyTransport) {
    if (draft.relation === 'equal' && !draft.mask) {
      return { kind: 'protocol', relation: 'equal', negated: draft.negated, value: protocol, mask: 0xff } as const
    }
    problems.error(`'${formatProtocol(protocol)}': operator or mask not supported`)
    return undefined
  }
  if (draft.mask && draft.mask.kind !== 'number') return fail('bad mask')
  const numbers = compareNumbers(draft, protocol, 0xff, problems, 'proto')
  return numbers && ({ kind: 'protocol', ...numbers } as const)
}

/** TCP, UDP, either, DCCP. */
const withPorts = [6, 17, tcpOrUdp, 33]

const makePort = (draft: Draft, problems: Problems, fail: Fail) => {
  const value = numberOf(draft.data, ({ kind }) => kind === 'port')
  if (value === undefined) return fail('value missing')
  const protocol = draft.protocol ?? tcpOrUdp
  if (!withPorts.includes(protocol)) {
    problems.error(`'port': bad protocol ${protocol}`)
    return undefined
  }
  if (draft.mask && draft.mask.kind !== 'number') return fail('bad mask')
  const numbers = compareNumbers(draft, value, 0xffff, problems, 'port')
  return numbers && ({ kind: 'port', direction: draft.direction ?? 'one', protocol, ...numbers } as const)
}

const makeTcpOption = (draft: Draft, problems: Problems, fail: Fail) => {
  const flags = numberOf(draft.data, ({ kind }) => kind === 'tcp opt')
  if (flags === undefined) return fail('value missing')
  if (draft.protocol !== undefined && draft.protocol !== 6) {
    problems.error(`'tcp opt': bad protocol ${draft.protocol}`)
    return undefined
  }
  if (draft.relation !== 'equal' || draft.negated || draft.mask) return fail('operator or mask not supported')
  return flags > 0xff ? fail(`value ${flags} out of range`) : ({ kind: 'tcp option', flags } as const)
}

const makeEcn = (draft: Draft, kind: 'ect' | 'ce', problems: Problems, fail: Fail) => {
  const tos = { kind: 'field', field: fields.tos, protocol: draft.protocol } as const
  const { data, mask, negated } = draft
  if (kind === 'ce') {
    if (data.kind !== 'none' || mask) return fail('value not supported')
    return { ...tos, relation: 'equal', negated, value: 3, mask: 3 } as const
  }
  // ECN-capable transport, without a value: any of the two bits.
  if (data.kind === 'none') return { ...tos, relation: 'equal', negated: true, value: 0, mask: 3 } as const
  if (data.kind !== 'number') return fail('value missing')
  if (mask && mask.kind !== 'number') return fail('bad mask')
  const numbers = compareNumbers(draft, data.value, 3, problems, 'ip ect')
  return numbers && ({ ...tos, ...numbers } as const)
}

const makeField = (draft: Draft, field: Field, problems: Problems, fail: Fail) => {
  const value = numberOf(draft.data, (subject) => subject.kind === 'field' && subject.field === field)
  if (value === undefined) return fail('value missing')
  if (draft.mask && draft.mask.kind !== 'number') return fail('bad mask')
  const numbers = compareNumbers(draft, value, 2 ** field.bitLength - 1, problems, field.name)
  return numbers && ({ kind: 'field', field, protocol: draft.protocol ?? field.protocol, ...numbers } as const)
}
