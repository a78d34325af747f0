/** Decisions on packets (`click/filters/decision.ts`) as code: for Classifier, IPClassifier and IPFilter. */
import type { Decision, Term } from '../../../click/filters/decision.ts'
import {
  add,
  and,
  and32,
  be,
  jeq32,
  jgt32,
  jle32,
  jne32,
  jump,
  label,
  ldx,
  lsh,
  mov,
  or,
  type Size,
} from '../../ebpf/asm/asm.ts'
import { bytes32, loaded } from './bytes.ts'
import type { Code } from './code.ts'
import type { Site } from './element.ts'
import { mostOffset } from './geometry.ts'
import { bounded, pullUpTo } from './linear.ts'
import { type Packet, reach, unreached } from './packet.ts'

/** First come, first served; without a port the packet is dropped, as where none matches. */
export interface Choice {
  readonly decision: Decision
  readonly port: number | undefined
}

type Place = Pick<Site, 'packet' | 'outputLabel' | 'drop' | 'dropLabel' | 'newLabel' | 'refuse'>

/** How a term's bytes are reached: r8 is the transport header, where a term needs it. */
interface Reading {
  readonly place: Place
  /** Of the frame's bytes from r7 on; those behind may lack. */
  readonly reachable: number
}

/** An IP header has at most 60 bytes. */
const mostIpHeader = 60

export const sort = (place: Place, choices: readonly Choice[]): Code => {
  const { packet, newLabel, drop } = place
  const terms = choices.flatMap(({ decision }) => termsOf(decision))
  const fixed = terms.filter(({ base }) => base !== 'transport')
  const end = Math.max(0, ...fixed.map((term) => startOf(place, term) + needed(term)))
  const transports = terms.filter(({ base }) => base === 'transport').map((term) => term.offset + needed(term))
  const network = transports.length > 0 ? networkOf(place) : 0
  const furthest = Math.max(end, transports.length > 0 ? network + mostIpHeader + Math.max(...transports) : 0)
  if (furthest > mostOffset) return place.refuse(`a look at byte ${furthest} of a frame`)
  const short = newLabel('short')
  const least = Math.max(end, transports.length > 0 ? network + 1 : 0)
  const write = (reachable: number, after: Packet): Code => [
    choices.map(({ decision, port }): Code => {
      const next = newLabel('next')
      const matched = newLabel('matched')
      const target = port === undefined ? place.dropLabel(after) : place.outputLabel(port, after)
      return [decide({ place, reachable }, decision, matched, next), label(matched), jump(target), label(next)]
    }),
    drop(after),
  ]
  // Whether the packet was short or not, the same code follows.
  const after = unreached(packet)
  if (transports.length > 0) {
    return [
      pullUpTo(packet, furthest, place.dropLabel(after), newLabel),
      bounded(packet, 'r7', least, short),
      transportHeader(network),
      write(least, after),
      label(short),
      mov('r8', 'r7'),
      write(0, after),
    ]
  }
  const reached = reach(packet, end - packet.offset, short, newLabel)
  if (reached.code.length === 0) return write(packet.reachable, packet)
  return [
    reached.code,
    write(end, after),
    label(short),
    pullUpTo(packet, furthest, place.dropLabel(after), newLabel),
    write(0, after),
  ]
}

/** Up to where a packet is looked at, in bytes, by decisions on its data alone. */
export const furthestByte = (choices: readonly Choice[]): number =>
  Math.max(0, ...choices.flatMap(({ decision }) => termsOf(decision)).map(({ offset, length }) => offset + length))

const termsOf = (decision: Decision): readonly Term[] => {
  switch (decision.kind) {
    case 'constant':
      return []
    case 'term':
      return [decision]
    case 'not':
      return termsOf(decision.of)
    case 'choose':
      return [decision.condition, decision.then, decision.otherwise].flatMap(termsOf)
    default:
      return decision.of.flatMap(termsOf)
  }
}

const networkOf = ({ packet, refuse }: Place): number =>
  packet.network ?? refuse('a packet whose network header no element before has found (CheckIPHeader, MarkIPHeader)')

/** In the frame. */
const startOf = (place: Place, { base, offset }: Term): number => {
  if (base === 'network') return networkOf(place) + offset
  if (base === 'ethernet') return (place.packet.mac ?? place.refuse('a packet without an Ethernet header')) + offset
  return place.packet.offset + offset
}

/** Bytes up to the last one with a bit in the mask: a packet may end behind it. */
const needed = ({ length, mask }: Term): number => {
  let bytes = length as number
  for (let rest = mask >>> 0; bytes > 1 && rest % 256 === 0; bytes--) rest = Math.floor(rest / 256)
  return bytes
}

/** r8 = the end of the IP header at `network`, whose first byte is reachable. */
const transportHeader = (network: number): Code => [
  ldx('u8', 'r0', 'r7', network),
  and('r0', 15),
  lsh('r0', 2),
  mov('r8', 'r7'),
  add('r8', network),
  add('r8', 'r0'),
]

/** Goes to one of both labels, mostly by falling to the end where it is `yes`. */
const decide = (reading: Reading, decision: Decision, yes: string, no: string): Code => {
  const { newLabel } = reading.place
  switch (decision.kind) {
    case 'constant':
      return [jump(decision.value ? yes : no)]
    case 'term':
      return [decideTerm(reading, decision, yes, no)]
    case 'not':
      return decide(reading, decision.of, no, yes)
    case 'choose': {
      const then = newLabel('then')
      const otherwise = newLabel('else')
      return [
        decide(reading, decision.condition, then, otherwise),
        label(then),
        decide(reading, decision.then, yes, no),
        label(otherwise),
        decide(reading, decision.otherwise, yes, no),
      ]
    }
    default: {
      const parts = decision.of.map((part): Code => {
        const next = newLabel('part')
        const code = decision.kind === 'all' ? decide(reading, part, next, no) : decide(reading, part, yes, next)
        return [code, label(next)]
      })
      return [parts, jump(decision.kind === 'all' ? yes : no)]
    }
  }
}

const sizes: Readonly<Record<number, Size>> = { 1: 'u8', 2: 'u16', 4: 'u32' }

const decideTerm = ({ place, reachable }: Reading, term: Term, yes: string, no: string): Code => {
  const bytes = needed(term)
  const transport = term.base === 'transport'
  const register = transport ? 'r8' : 'r7'
  const start = transport ? term.offset : startOf(place, term)
  const end = start + bytes
  // Behind an IP header of unknown length nothing is known to be there.
  const check = transport || end > reachable ? bounded(place.packet, register, end, no) : []
  const shift = 8 * (term.length - bytes)
  const whole: Code =
    bytes === 3
      ? [
          ldx('u16', 'r0', register, start),
          be('r0', 16),
          lsh('r0', 8),
          ldx('u8', 'r1', register, start + 2),
          or('r0', 'r1'),
        ]
      : [ldx(sizes[bytes] ?? 'u8', 'r0', register, start), bytes === 1 ? [] : be('r0', bytes === 2 ? 16 : 32)]
  const possible = (term.value & ~term.mask) === 0
  if (bytes !== 3 && possible && (term.relation === 'equal' || term.relation === 'unequal')) {
    // As the bytes lie in the frame: the constants are turned around instead.
    const turned = (value: number): number =>
      loaded(bytes32(value >>> 0).slice(4 - term.length, 4 - term.length + bytes))
    const all = bytes === 4 ? 0xffff_ffff : 2 ** (8 * bytes) - 1
    const masked = turned(term.mask) === all ? [] : and32('r0', turned(term.mask))
    const compare = term.relation === 'equal' ? jne32 : jeq32
    const size = sizes[bytes] ?? 'u8'
    return [check, ldx(size, 'r0', register, start), masked, compare('r0', turned(term.value), no), jump(yes)]
  }
  const load = [check, whole, shift === 0 ? [] : lsh('r0', shift), and32('r0', term.mask)]
  if (term.relation === 'equal') return [load, jne32('r0', term.value, no), jump(yes)]
  if (term.relation === 'unequal') return [load, jeq32('r0', term.value, no), jump(yes)]
  if (term.relation === 'above') return [load, jle32('r0', term.value, no), jump(yes)]
  return [load, jgt32('r0', term.value, no), jump(yes)]
}
