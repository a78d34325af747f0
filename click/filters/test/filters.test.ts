import t from 'tap'
import { isRefusal } from '../../arguments/types.ts'
import { randomFrom } from '../../test/random.ts'
import { type Base, decide, formatDecision } from '../decision.ts'
import { normalize } from '../normalize.ts'
import { parseFilter } from '../parse.ts'
import { pattern, rule } from '../rules.ts'

const termsOf = (text: string): string => {
  const { expression, errors } = parseFilter(text)
  return errors.length > 0 ? errors.join('\n') : formatDecision(normalize(expression))
}

const tcp = 'network[9:1] == 0x6'
const udp = 'network[9:1] == 0x11'
const icmp = 'network[9:1] == 0x1'
const first = 'network[6:2] & 0x1fff == 0x0'

t.test('patterns come down to comparisons of bytes', async (t) => {
  const cases: Readonly<Record<string, string>> = {
    '-': 'true',
    any: 'true',
    true: 'true',
    false: 'false',
    'ip proto udp': udp,
    tcp,
    'ip proto 47': 'network[9:1] == 0x2f',
    'ip proto != 47': 'network[9:1] != 0x2f',
    'ip proto tcpudp': `(${tcp} || ${udp})`,
    'ip proto & 3 == 1': 'network[9:1] & 0x3 == 0x1',
    'src host 10.0.0.1': 'network[12:4] == 0xa000001',
    'src 10.0.0.1': 'network[12:4] == 0xa000001',
    'dst net 10.0.0.0/8': 'network[16:4] & 0xff000000 == 0xa000000',
    '10.0.0.0 mask 255.0.0.0': '(network[12:4] & 0xff000000 == 0xa000000 || network[16:4] & 0xff000000 == 0xa000000)',
    'src and dst host 10.0.0.1': '(network[12:4] == 0xa000001 && network[16:4] == 0xa000001)',
    'src or dst host 10.0.0.1': '(network[12:4] == 0xa000001 || network[16:4] == 0xa000001)',
    'host != 10.0.0.1': '(network[12:4] != 0xa000001 && network[16:4] != 0xa000001)',
    'dst host & 255.0.0.0 == 10.0.0.1': 'network[16:4] & 0xff000000 == 0xa000000',
    'src tcp port 80': `(${tcp} && ${first} && transport[0:2] == 0x50)`,
    'dst udp port dns': `(${udp} && ${first} && transport[2:2] == 0x35)`,
    // A protocol that is compared under a mask says nothing of the protocol of what comes after it.
    'ip proto & 3 == 1 or www':
      `(network[9:1] & 0x3 == 0x1 || ((${tcp} || ${udp}) && ${first} && ` +
      '(transport[0:2] == 0x50 || transport[2:2] == 0x50)))',
    'src port www': `((${tcp} || ${udp}) && ${first} && transport[0:2] == 0x50)`,
    'tcp port != 80': `(${tcp} && ${first} && transport[0:2] != 0x50 && transport[2:2] != 0x50)`,
    'dst tcp port > 1023': `(${tcp} && ${first} && transport[2:2] & 0xfc00 != 0x0)`,
    'dst tcp port <= 1023': `(${tcp} && ${first} && transport[2:2] & 0xfc00 == 0x0)`,
    'src tcp port & 10 == 8': `(${tcp} && ${first} && transport[0:2] & 0xa == 0x8)`,
    'src tcp port 80 or 81': `((${tcp} && ${first} && transport[0:2] == 0x50) || (${tcp} && ${first} && transport[0:2] == 0x51))`,
    'tcp opt syn': `(${tcp} && ${first} && transport[13:1] & 0x2 == 0x2)`,
    'syn ack': `(${tcp} && ${first} && transport[13:1] & 0x2 == 0x2 && ${tcp} && ${first} && transport[13:1] & 0x10 == 0x10)`,
    'tcp win 5': `(${tcp} && ${first} && transport[14:2] == 0x5)`,
    'icmp type echo': `(${icmp} && ${first} && transport[0:1] == 0x8)`,
    'icmp type > 3': `(${icmp} && ${first} && transport[0:1] > 0x3)`,
    'ip vers 4': 'network[0:1] & 0xf0 == 0x40',
    'ip hl > 5': 'network[0:1] & 0xf > 0x5',
    'ip dscp 46': 'network[1:1] & 0xfc == 0xb8',
    'ip ttl < 2': 'network[8:1] <= 0x1',
    'ip ttl >= 2': 'network[8:1] > 0x1',
    'ip ttl > 255': 'false',
    'ip ttl <= 255': 'true',
    'ip ttl < 0': 'false',
    'ip frag': 'network[6:2] & 0x3fff != 0x0',
    unfrag: 'network[6:2] & 0x3fff == 0x0',
    'ip ect': 'network[1:1] & 0x3 != 0x0',
    'ip ect 1': 'network[1:1] & 0x3 == 0x1',
    'ip ce': 'network[1:1] & 0x3 == 0x3',
    'ip[8] 64': 'network[8:1] == 0x40',
    'ip[1:3] 5': 'network[0:4] & 0xffffff == 0x5',
    'tcp[13] & 0x12 != 0': `(${tcp} && ${first} && transport[13:1] & 0x12 != 0x0)`,
    'transp[0:2] 80': `(${first} && transport[0:2] == 0x50)`,
    'ether host 2:0:0:0:0:1': [
      '((ethernet[6:4] == 0x2000000 && ethernet[10:2] == 0x1)',
      '(ethernet[0:4] == 0x2000000 && ethernet[4:2] == 0x1))',
    ].join(' || '),
    'not tcp': `!${tcp}`,
    '! ! tcp': tcp,
    'not (tcp or udp)': `!(${tcp} || ${udp})`,
    'tcp && udp || icmp': `((${tcp} && ${udp}) || ${icmp})`,
    'tcp ? udp : icmp': `(${tcp} ? ${udp} : ${icmp})`,
    'tcp ? true : udp ? false : icmp': `(${tcp} ? true : (${udp} ? false : ${icmp}))`,
  }
  for (const [text, terms] of Object.entries(cases)) t.equal(termsOf(text), terms, text)
})

t.test('what is no pattern is said', async (t) => {
  const cases: Readonly<Record<string, string>> = {
    'tcp and': 'missing expression',
    '(tcp': "missing ')'",
    'tcp )': "garbage after expression at ')'",
    not: "missing expression after 'not'",
    'tcp ? udp': "missing ':' in ternary expression",
    nonsense: "empty term near 'nonsense'",
    'src host': "'ip host': address missing",
    'host 10.0.0.0/8': "'ip host': address missing",
    'net 10.0.0.1': "'ip net': address missing",
    'port 70000': "'port': out of range, bound 65535",
    'icmp port 5': "'port': bad protocol 1",
    'udp opt syn': "'tcp opt syn' is meaningless; try 'tcp opt syn'",
    echo: "'echo' is ambiguous; try 'port echo', 'icmp type echo'",
    '5': "specify header field or 'port'",
    'src src 10.0.0.1': "'src' or 'dst' specified twice",
    'tcp udp port 5': 'transport protocol specified twice',
    'host port 5': 'type specified twice',
    'src > 10.0.0.1': "'ip host': operator not supported",
    'ip ttl & 0x100 5': "'ip ttl': mask out of range, bound 0xFF",
    'ip[0:5] 1': "LEN in '[POS:LEN]' out of range, should be between 1 and 4",
    'ip[3:2] 1': 'field [3:2] does not fit in a single word',
    'ip[x] 1': "syntax error after '[', expected '[POS]' or '[POS:LEN]'",
    'ip[0 1': "missing ']'",
    'ip frag 5': "'ip frag': value not supported",
    'ether proto 5': "'proto': ip only",
  }
  for (const [text, problem] of Object.entries(cases))
    t.ok(termsOf(text).split('\n').includes(problem), `${text}: ${termsOf(text)}`)
})

t.test('comparisons that are always the same are warned of', async (t) => {
  t.same(parseFilter('ip ttl > 255').warnings, ["relation '> 255' is always false (range 0-255)"])
  t.same(parseFilter('src tcp').warnings, ["'proto': 'src' or 'dst' ignored"])
})

/** Whether a number in the two bytes of the source port satisfies a pattern on it. */
const holds = (text: string, port: number, length = 2): boolean => {
  const packet: Readonly<Record<Base, readonly number[]>> = {
    data: [],
    ethernet: [],
    network: [0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2],
    transport: [port >> 8, port & 0xff].slice(0, length),
  }
  return decide(normalize(parseFilter(text).expression), (base, offset) => packet[base][offset])
}

t.test('comparisons in pieces are comparisons', async (t) => {
  const random = randomFrom(7)
  const wrong: string[] = []
  for (let i = 0; i < 2000; i++) {
    const bound = random.pick([
      random.below(65_536),
      random.below(64),
      2 ** random.below(16),
      2 ** random.below(16) - 1,
    ])
    const port = random.pick([random.below(65_536), bound, Math.min(bound + 1, 65_535), Math.max(bound - 1, 0)])
    const mask = random.pick([0xffff, 0xffff, 0x0ff0, 1 + random.below(65_535)])
    const masked = port & mask
    const text = (relation: string) => `src tcp port & ${mask} ${relation} ${bound}`
    const expected: Readonly<Record<string, boolean>> = {
      '>': masked > bound,
      '<=': masked <= bound,
      '<': masked < bound,
      '>=': masked >= bound,
    }
    for (const [relation, holding] of Object.entries(expected))
      if (holds(text(relation), port) !== holding) wrong.push(`${port}: ${text(relation)} is ${holding}`)
  }
  t.same(wrong, [])
})

t.test('a packet that ends within a field is judged by the bytes that it has', async (t) => {
  t.equal(holds('src tcp port > 1023', 0x0800, 1), true, 'the first byte is enough')
  t.equal(holds('src tcp port > 1023', 0x0300, 1), false)
  t.equal(holds('src tcp port <= 1023', 0x0300, 1), true)
  for (const text of ['src tcp port 768', 'src tcp port != 5', 'src tcp port > 5', 'src tcp port <= 5']) {
    t.equal(holds(text, 0, 1), false, text)
    t.equal(holds(`not ${text}`, 0, 1), true, `not ${text}`)
  }
})

t.test('no text throws', async (t) => {
  const pieces =
    'tcp udp src dst host net port ip ether not ! ( ) [ ] ? : and or && || == != < >= & 5 0x10 10.0.0.1 10/8 www syn - echo type mask'
  const words = pieces.split(' ')
  const wrong: string[] = []
  for (let seed = 1; seed <= 5000; seed++) {
    const random = randomFrom(seed)
    const text = Array.from({ length: random.below(12) }, () => random.pick(words)).join(' ')
    const { expression, errors } = parseFilter(text)
    if (formatDecision(normalize(expression)) === '') wrong.push(`nothing is said of '${text}'`)
    if (isRefusal(pattern.parse(text)) !== (errors.length > 0 || text === '')) wrong.push(`'${text}': ${errors}`)
  }
  t.same(wrong, [])
  t.ok(termsOf('('.repeat(10_000)).includes('expression nested too deeply'))
  t.ok(termsOf('tcp ? udp : '.repeat(4000)).includes('expression nested too deeply'))
  t.equal(termsOf(`${'not '.repeat(10_001)}tcp`), '!network[9:1] == 0x6')
  t.equal(termsOf('tcp '.repeat(20_001)), 'pattern of more than 20000 words')
})

t.test('rules have an action before their pattern', async (t) => {
  const actionOf = (text: string) => {
    const found = rule.parse(text)
    return isRefusal(found) ? found.refused : [found.action, formatDecision(found.decision)]
  }
  t.same(actionOf('allow tcp'), [0, tcp])
  t.same(actionOf('deny all'), ['drop', 'true'])
  t.same(actionOf('drop'), ['drop', 'true'])
  t.same(actionOf('3 "udp"'), [3, udp])
  t.equal(actionOf('tcp'), "unknown slot ID 'tcp'")
  t.equal(actionOf('-1 tcp'), "slot '-1' out of range")
  t.equal(actionOf(''), 'empty pattern')
  t.equal(actionOf('allow nonsense'), "empty term near 'nonsense'\nmissing expression")
})
