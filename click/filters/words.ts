/** The words of a filter, and what they mean. After Click's `elements/ip/ipfilter.cc`. */
import { icmpTypes, ipProtocols, lookUpName, ports, tcpOptions, tcpOrUdp } from '../arguments/names.ts'

/** Operators and brackets are words of their own; others are letters, digits and `-./@_:`. */
export const separateWords = (text: string): readonly string[] =>
  text.match(/&&|\|\||[<>!=]=|[A-Za-z0-9\-./@_:]+|\S/g) ?? []

/** A header field that can be compared: bits from the start of the IP header, or of the header of `protocol`. */
export interface Field {
  readonly name: string
  /** undefined: the IP header. */
  readonly protocol: number | undefined
  readonly bitOffset: number
  readonly bitLength: number
}

const ipField = (name: string, bitOffset: number, bitLength: number): Field => ({
  name: `ip ${name}`,
  protocol: undefined,
  bitOffset,
  bitLength,
})

export const fields = {
  dscp: ipField('dscp', 8, 6),
  hl: ipField('hl', 4, 4),
  id: ipField('id', 32, 16),
  len: ipField('len', 16, 16),
  tos: ipField('tos', 8, 8),
  ttl: ipField('ttl', 64, 8),
  vers: ipField('vers', 0, 4),
  type: { name: 'icmp type', protocol: 1, bitOffset: 0, bitLength: 8 },
  win: { name: 'tcp win', protocol: 6, bitOffset: 14 * 8, bitLength: 16 },
} as const satisfies Readonly<Record<string, Field>>

/** What a primitive is about. */
export type Subject =
  | { readonly kind: 'host' | 'net' | 'ether' | 'proto' | 'port' | 'tcp opt' | 'frag' | 'unfrag' | 'ect' | 'ce' }
  | { readonly kind: 'field'; readonly field: Field }

const kinds: Readonly<Record<string, Subject>> = {
  ce: { kind: 'ce' },
  ect: { kind: 'ect' },
  frag: { kind: 'frag' },
  host: { kind: 'host' },
  net: { kind: 'net' },
  opt: { kind: 'tcp opt' },
  port: { kind: 'port' },
  proto: { kind: 'proto' },
  unfrag: { kind: 'unfrag' },
}

/** The subject that a word names as a qualifier. */
export const subjectOfWord = (word: string): Subject | undefined => {
  if (Object.hasOwn(fields, word)) return { kind: 'field', field: fields[word as keyof typeof fields] }
  return Object.hasOwn(kinds, word) ? kinds[word] : undefined
}

const syntaxWords = ['dest', 'dst', 'ether', 'ip', 'not', 'src']

export interface Meaning {
  readonly subject: Subject
  readonly value: number
}

export type LookUp =
  | { readonly kind: 'none' }
  | { readonly kind: 'found'; readonly meaning: Meaning }
  /** Several meanings, or none that fits; Click's words. */
  | { readonly kind: 'unclear'; readonly problem: string }

export const formatSubject = (subject: Subject): string => {
  if (subject.kind === 'field') return subject.field.name
  if (subject.kind === 'ether') return 'ether host'
  return ['proto', 'port', 'tcp opt'].includes(subject.kind) ? subject.kind : `ip ${subject.kind}`
}

export const formatProtocol = (protocol: number): string =>
  Object.entries(ipProtocols).find(([, number]) => number === protocol)?.[0] ?? `ip proto ${protocol}`

const isOfKind = (wanted: Subject | undefined, subject: Subject): boolean => {
  if (!wanted) return true
  if (wanted.kind === 'field') return subject.kind === 'field' && wanted.field === subject.field
  return wanted.kind === subject.kind
}

/** What a word can be as a value, given what is known of the primitive's subject and protocol. */
export const lookUpValue = (word: string, wanted: Subject | undefined, protocol: number | undefined): LookUp => {
  if (!wanted && (syntaxWords.includes(word) || subjectOfWord(word))) return { kind: 'none' }
  const suits = (...allowed: readonly number[]): boolean => protocol === undefined || allowed.includes(protocol)
  const candidates = [
    { subject: { kind: 'proto' }, value: lookUpName(ipProtocols, word), fits: true },
    { subject: { kind: 'port' }, value: lookUpName(ports, word), fits: suits(6, 17, tcpOrUdp) },
    { subject: { kind: 'tcp opt' }, value: lookUpName(tcpOptions, word), fits: suits(6, tcpOrUdp) },
    { subject: { kind: 'field', field: fields.type }, value: lookUpName(icmpTypes, word), fits: suits(1) },
  ] as const
  const known = candidates.flatMap(({ subject, value, fits }) =>
    value === undefined ? [] : [{ subject, value, fits }],
  )
  if (known.length === 0) return { kind: 'none' }
  const fitting = known.filter(({ subject, fits }) => fits && isOfKind(wanted, subject))
  const [only, second] = fitting
  if (only && !second) return { kind: 'found', meaning: only }
  const tries = known.map(({ subject }) => `'${formatSubject(subject)} ${word}'`).join(', ')
  const asked = wanted ? `${formatSubject(wanted)} ${word}` : word
  return { kind: 'unclear', problem: `'${asked}' is ${second ? 'ambiguous' : 'meaningless'}; try ${tries}` }
}
