/**
 * The pattern language of IPFilter and IPClassifier, after their manual pages: what was written becomes tests of a packet's bytes, with
 * nothing in between. It shares no line with `click/filters`, which it is there to judge.
 */
import { ip, ipNumber, mac } from './bytes.ts'
import {
  type Answer,
  etherTest,
  every,
  fieldTest,
  firstFragment,
  fragment,
  not,
  onSides,
  optionTest,
  protocolTest,
  type Relation,
  type Side,
  some,
  type Test,
} from './pattern-tests.ts'
import {
  type Bits,
  fieldNames,
  isTopic,
  messageNames,
  optionNames,
  type Protocol,
  portNames,
  protocolNames,
  type Topic,
  wordsOf,
} from './pattern-words.ts'

/** What a primitive says before its value, kept for those after it that leave it out: `src port 80 or 81`. */
interface Qualifiers {
  side?: Side
  protocol?: Protocol
  /** `ether`: `ether host`. */
  topic?: Topic | 'ether'
  bits?: Bits
  layer?: 'ip' | 'ether'
}

interface Reader {
  readonly words: readonly string[]
  at: number
  before: Qualifiers
}

export class PatternError extends Error {
  override readonly name = 'PatternError'
}

const fail = (what: string): never => {
  throw new PatternError(what)
}

const peek = ({ words, at }: Reader, ahead = 0): string | undefined => words[at + ahead]

const take = (reader: Reader, ...wanted: readonly string[]): boolean => {
  const word = peek(reader)
  if (word === undefined || !wanted.includes(word)) return false
  reader.at++
  return true
}

const always: Test = () => true

/** `a ? b : c` */
const readChoice = (reader: Reader): Test => {
  const condition = readAny(reader)
  if (!take(reader, '?')) return condition
  const then = readChoice(reader)
  if (!take(reader, ':')) fail('no colon')
  const otherwise = readChoice(reader)
  return (packet) => {
    const answer = condition(packet)
    const both = [then(packet), otherwise(packet)]
    if (answer === undefined) return both[0] === both[1] ? both[0] : undefined
    return answer ? both[0] : both[1]
  }
}

const combined = (tests: readonly Test[], by: (answers: readonly Answer[]) => Answer): Test => {
  const [only = always, second] = tests
  return second ? (packet) => by(tests.map((test) => test(packet))) : only
}

const readAny = (reader: Reader): Test => {
  const tests = [readAll(reader)]
  while (take(reader, 'or', '||')) tests.push(readAll(reader))
  return combined(tests, some)
}

const readAll = (reader: Reader): Test => {
  const tests = [readOne(reader)]
  while (take(reader, 'and', '&&') || !endsAll(peek(reader))) tests.push(readOne(reader))
  return combined(tests, every)
}

const endsAll = (word: string | undefined): boolean => word === undefined || ['or', '||', ')', '?', ':'].includes(word)

const readOne = (reader: Reader): Test => {
  if (take(reader, 'not', '!')) {
    const test = readOne(reader)
    return (packet) => not(test(packet))
  }
  if (take(reader, '(')) {
    const test = readChoice(reader)
    if (!take(reader, ')')) fail('no closing parenthesis')
    return test
  }
  if (take(reader, 'true')) return always
  if (take(reader, 'false')) return () => false
  return readPrimitive(reader)
}

const readSide = (reader: Reader): Side => {
  if (!take(reader, 'src')) {
    reader.at++
    return 'dst'
  }
  const connective = peek(reader) ?? ''
  if (!['dst', 'dest'].includes(peek(reader, 1) ?? '')) return 'src'
  const side = ({ and: 'and', '&&': 'and', or: 'or', '||': 'or' } as const)[connective]
  if (!side) return 'src'
  reader.at += 2
  return side
}

/** Words before the value. A protocol is one of them where something follows that it qualifies. */
const readQualifiers = (reader: Reader): Qualifiers => {
  const found: Qualifiers = {}
  for (;;) {
    const word = peek(reader) ?? ''
    const field = fieldNames[word]
    if (['src', 'dst', 'dest'].includes(word)) found.side = readSide(reader)
    else if ((word === 'ip' || word === 'ether') && !found.layer) {
      found.layer = word
      reader.at++
    } else if (isTopic(word)) {
      found.topic = word
      reader.at++
    } else if (field) {
      found.bits = field
      if (field.protocol !== undefined) found.protocol = field.protocol
      reader.at++
    } else if (protocolNames[word] !== undefined && found.topic !== 'proto') {
      found.protocol = protocolNames[word]
      reader.at++
    } else if (word === '[') {
      found.bits = readBrackets(reader, found.protocol !== undefined)
      return found
    } else return found
  }
}

/** `[POS]`, `[POS:LEN]`, `[FIRST,LAST]`: bytes. */
const readBrackets = (reader: Reader, isTransport: boolean): Bits => {
  const close = reader.words.indexOf(']', reader.at)
  const text = reader.words.slice(reader.at + 1, close).join('')
  reader.at = close + 1
  const [first = '', second] = text.split(/[:,]/)
  const count = second === undefined ? 1 : text.includes(',') ? Number(second) - Number(first) + 1 : Number(second)
  return { header: isTransport ? 'transport' : 'ip', first: Number(first) * 8, count: count * 8 }
}

const relations = ['==', '!=', '<', '>', '<=', '>=', '=']
const isNumber = (word: string): boolean => /^(0x[0-9a-f]+|[0-9]+)$/i.test(word)
const isEther = (word: string): boolean => /^[0-9a-f]{1,2}([:-][0-9a-f]{1,2}){5}$/i.test(word)
const isAddress = (word: string): boolean => /^\d+(\.\d+){3}$/.test(word)
const isNet = (word: string): boolean => /^\d+(\.\d+){0,3}\/\d+(\.\d+){0,3}$/.test(word)

const readPrimitive = (reader: Reader): Test => {
  const start = reader.at
  let own = readQualifiers(reader)
  // What stood before counts only where this one says nothing but its value.
  if (reader.at === start) own = { ...(reader.before.topic === 'ether' ? { layer: 'ether' as const } : {}) }
  const before = reader.at === start ? reader.before : {}
  const isMasked = peek(reader) === '&' && peek(reader, 1) !== undefined
  const maskWord = isMasked ? (peek(reader, 1) ?? '') : undefined
  if (isMasked) reader.at += 2
  const sign = peek(reader) ?? ''
  const hasRelation = relations.includes(sign)
  if (hasRelation) reader.at++
  const relation = (hasRelation && sign !== '=' ? sign : '==') as Relation
  const value = peek(reader)
  const said = { ...own, relation, maskWord }
  const test = readValue(reader, said, before, endsAll(value) ? undefined : value)
  if (reader.at === start) fail(`nothing is understood at '${value}'`)
  return test
}

interface Said extends Qualifiers {
  readonly relation: Relation
  readonly maskWord: string | undefined
}

/** The value, where there is one, says what a primitive is about that has not said it. */
const readValue = (reader: Reader, said: Said, before: Qualifiers, value: string | undefined): Test => {
  const { topic, bits, layer } = said
  const keep = (kept: Qualifiers): void => {
    reader.before = kept
  }
  const isEthernet = layer === 'ether' || (value !== undefined && isEther(value) && !topic && !bits)
  if (isEthernet && value !== undefined && isEther(value)) {
    reader.at++
    const side = said.side ?? before.side ?? 'or'
    keep({ topic: 'ether', side })
    const mask = said.maskWord ? mac(said.maskWord) : Buffer.alloc(6, 255)
    const test = onSides(side, false, (each) => etherTest(each, mac(value), mask))
    return said.relation === '!=' ? (packet) => not(test(packet)) : test
  }
  if (layer === 'ether') return fail(`'${value}' is nothing of Ethernet's`)
  if (topic === 'frag' || topic === 'unfrag') {
    keep({ topic })
    return topic === 'frag' ? fragment : (packet) => not(fragment(packet))
  }
  if (topic === 'ce' || topic === 'ect') {
    keep({ topic })
    const ecn = { header: 'ip', first: 14, count: 2 } as const
    if (topic === 'ce') return fieldTest(ecn, { relation: '==', value: 3 })
    if (value === undefined || !isNumber(value)) return fieldTest(ecn, { relation: '!=', value: 0 })
    reader.at++
    const mask = said.maskWord === undefined ? undefined : Number(said.maskWord)
    return fieldTest(ecn, { relation: said.relation, value: Number(value), mask })
  }
  if (value !== undefined && !topic && !bits && (isAddress(value) || isNet(value))) {
    return readHost(reader, said, before, value, keep)
  }
  if ((topic === 'host' || topic === 'net') && value !== undefined) return readHost(reader, said, before, value, keep)
  return readNumber(reader, said, before, value, keep)
}

const readHost = (
  reader: Reader,
  said: Said,
  before: Qualifiers,
  value: string,
  keep: (kept: Qualifiers) => void,
): Test => {
  reader.at++
  const [address = '', length = '32'] = value.split('/')
  let mask = isAddress(length)
    ? ipNumber(length)
    : Number(length) === 0
      ? 0
      : (0xffffffff << (32 - Number(length))) >>> 0
  if (peek(reader) === 'mask') {
    mask = ipNumber(peek(reader, 1) ?? '')
    reader.at += 2
  }
  const given = said.maskWord
  if (given !== undefined) mask = isAddress(given) ? ipNumber(given) : Number(given)
  const side = said.side ?? before.side ?? 'or'
  keep({ topic: 'host', side })
  const full = ip([...address.split('.'), '0', '0', '0'].slice(0, 4).join('.')).readUInt32BE()
  const bitsOf = (each: 'src' | 'dst'): Bits => ({ header: 'ip', first: each === 'src' ? 96 : 128, count: 32 })
  return onSides(side, said.relation === '!=', (each) =>
    fieldTest(bitsOf(each), { relation: said.relation, value: full, mask }),
  )
}

/** A number or a name: of a protocol, a port, a TCP option, an ICMP type, a field. */
const readNumber = (
  reader: Reader,
  said: Said,
  before: Qualifiers,
  value: string | undefined,
  keep: (kept: Qualifiers) => void,
): Test => {
  const { relation } = said
  const mask = said.maskWord === undefined ? undefined : Number(said.maskWord)
  const own = said.topic ?? said.bits
  // `tcp` alone, and before something that is not for it.
  const number = value !== undefined && isNumber(value) ? Number(value) : undefined
  const protocol = said.protocol
  const names = value === undefined ? {} : namesFor(value, said)
  if (!own && number === undefined && Object.keys(names).length === 0) {
    if (protocol === undefined) return fail(`'${value}' means nothing`)
    keep({ topic: 'proto', protocol })
    return protocolTest(protocol)
  }
  const topic = said.topic ?? (said.bits ? undefined : topicOf(names, before))
  const bits =
    said.bits ?? (topic === undefined ? (names.type === undefined ? before.bits : fieldNames.type) : undefined)
  reader.at++
  if (topic === 'proto') {
    const wanted = names.proto ?? number ?? fail('no protocol')
    keep({ topic, ...(relation === '==' && mask === undefined ? { protocol: wanted } : {}) })
    if (typeof wanted === 'string') return protocolTest(wanted)
    return fieldTest({ header: 'ip', first: 72, count: 8 }, { relation, value: wanted, mask })
  }
  if (topic === 'port') {
    const of = protocol ?? before.protocol ?? 'tcpudp'
    if (![6, 17, 33, 'tcpudp'].includes(of)) fail(`protocol ${of} has no ports`)
    const side = said.side ?? before.side ?? 'or'
    keep({ topic, side, protocol: of })
    const wanted = names.port ?? number ?? fail('no port')
    const isNegated = relation === '!=' || relation === '<=' || relation === '>='
    // `<` is "not above what is one less", so that of both sides it asks the same as `<=`.
    const turned = relation === '<' ? true : relation === '>=' ? false : isNegated
    const found = onSides(side, turned, (each) =>
      fieldTest({ header: 'transport', first: each === 'src' ? 0 : 16, count: 16 }, { relation, value: wanted, mask }),
    )
    return (packet) => every([protocolTest(of)(packet), firstFragment(packet), found(packet)])
  }
  if (topic === 'opt') {
    if ((protocol ?? 6) !== 6) fail(`protocol ${protocol} has no TCP options`)
    const side = said.side ?? before.side
    keep({ topic, protocol: 6, ...(side ? { side } : {}) })
    const flags = optionTest(names.opt ?? number ?? fail('no TCP option'))
    return (packet) => every([protocolTest(6)(packet), firstFragment(packet), flags(packet)])
  }
  if (!bits) return fail(`'${value}' means nothing here`)
  // Of what was said before the field counts, and the protocol whose header it is in.
  const ofBits = names.type !== undefined ? 1 : bits.header === 'transport' ? before.protocol : undefined
  const of = protocol ?? (said.bits ? undefined : ofBits)
  keep({ bits, ...(of === undefined ? {} : { protocol: of }) })
  const wanted = names.type ?? number ?? fail('no number')
  const found = fieldTest(bits, { relation, value: wanted, mask })
  if (bits.header === 'ip')
    return of === undefined ? found : (packet) => every([protocolTest(of)(packet), found(packet)])
  return (packet) => every([of === undefined ? true : protocolTest(of)(packet), firstFragment(packet), found(packet)])
}

interface NameMeanings {
  proto?: Protocol
  port?: number
  opt?: number
  type?: number
}

/** What a name may be, given what is known already. */
const namesFor = (word: string, { topic, bits, protocol }: Qualifiers): NameMeanings => {
  const isOpen = topic === undefined && bits === undefined
  const suits = (...allowed: readonly Protocol[]): boolean => protocol === undefined || allowed.includes(protocol)
  const found: NameMeanings = {}
  const proto = protocolNames[word]
  const port = portNames[word]
  const opt = optionNames[word]
  const type = messageNames[word]
  if (proto !== undefined && (isOpen || topic === 'proto')) found.proto = proto
  if (port !== undefined && (isOpen || topic === 'port') && suits(6, 17, 'tcpudp')) found.port = port
  if (opt !== undefined && (isOpen || topic === 'opt') && suits(6, 'tcpudp')) found.opt = opt
  if (type !== undefined && (isOpen || bits === fieldNames.type) && suits(1)) found.type = type
  if (Object.keys(found).length > 1) fail(`'${word}' is ambiguous`)
  return found
}

const topicOf = (names: NameMeanings, before: Qualifiers): Topic | undefined => {
  if (names.proto !== undefined) return 'proto'
  if (names.port !== undefined) return 'port'
  if (names.opt !== undefined) return 'opt'
  if (names.type !== undefined) return undefined
  return before.topic === 'ether' ? undefined : before.topic
}

/** Throws PatternError for what is no pattern, or for a way to write one that is not known here. */
export const patternTest = (text: string): Test => patternTestOf(wordsOf(text))

export const patternTestOf = (words: readonly string[]): Test => {
  const [only = '', second] = words
  if (second === undefined && ['', '-', 'any', 'all'].includes(only)) return always
  const reader: Reader = { words, at: 0, before: {} }
  const test = readChoice(reader)
  if (reader.at < words.length) fail(`more than a pattern: '${peek(reader)}'`)
  return test
}
