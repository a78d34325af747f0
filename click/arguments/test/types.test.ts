import t from 'tap'
import {
  addressOrAnnotation,
  etherAddress,
  formatEtherAddress,
  formatIpAddress,
  ipAddress,
  ipPrefix,
  listOf,
  maskOfLength,
  prefixOrAddress,
} from '../addresses.ts'
import { annotation, icmpType, ipProtocol, portRange, udpPort } from '../names.ts'
import { boolean, byte, integer, readInteger, real, seconds, signed, unsigned } from '../numbers.ts'
import { route } from '../routes.ts'
import { oneOf, string, word } from '../text.ts'
import { type ArgumentType, refuse } from '../types.ts'

const parseError = refuse()

const check = (
  t: { same: (a: unknown, b: unknown, text: string) => unknown },
  type: ArgumentType<unknown>,
  cases: Record<string, unknown>,
) => {
  for (const [text, value] of Object.entries(cases)) t.same(type.parse(text), value, `${type.name}: ${text}`)
}

t.test('integers', async (t) => {
  const read = { 0: 0, 12: 12, '+5': 5, '-5': -5, '010': 8, '0x1F': 31, '0b101': 5, '1_000': 1000 }
  for (const [text, value] of Object.entries(read)) t.equal(readInteger(text), value, text)
  for (const text of ['', 'a', '1a', '08', '0x', '1 ', '--1', '1.0', '_1', '1_'])
    t.equal(readInteger(text), undefined, text)
  check(t, byte, { 255: 255, 256: refuse('out of range, bound 255'), x: refuse('invalid number') })
  check(t, unsigned, { 4294967295: 4294967295, 4294967296: refuse('out of range, bound 4294967295') })
  check(t, signed, { '-2147483648': -2147483648 })
  check(t, integer(-1, 4095), { '-1': -1, '-2': refuse('out of range, bound -1') })
})

t.test('truth values, real numbers, times', async (t) => {
  check(t, boolean, {
    true: true,
    yes: true,
    1: true,
    t: true,
    false: false,
    no: false,
    0: false,
    TRUE: parseError,
    '': parseError,
  })
  check(t, boolean, { constructor: parseError })
  check(t, real, {
    '1.5': 1.5,
    '-.5e1': -5,
    '2.': 2,
    '1.2.3': parseError,
    '1e999': refuse('out of range'),
    inf: parseError,
  })
  check(t, seconds, { 5: 5, '1.5s': 1.5, '20 ms': 0.02, '2m': 120, '1hr': 3600, '-1': parseError, '5x': parseError })
})

t.test('addresses', async (t) => {
  check(t, ipAddress, {
    '10.0.0.1': 0x0a000001,
    '255.255.255.255': 0xffffffff,
    '10.0.1': parseError,
    '1.2.3.256': parseError,
  })
  check(t, ipPrefix, {
    '10.0.0.1/8': { address: 0x0a000001, mask: 0xff000000 },
    '18.26.4/24': { address: 0x121a0400, mask: 0xffffff00 },
    '0/0': { address: 0, mask: 0 },
    '10.1.0.0/255.255.0.0': { address: 0x0a010000, mask: 0xffff0000 },
    '10/16': parseError,
    '10.0.0.0/33': parseError,
    '10.0.0.1': parseError,
  })
  check(t, prefixOrAddress, { '10.0.0.1': { address: 0x0a000001, mask: 0xffffffff } })
  const ether = [0, 0, 0xc0, 0xae, 0x67, 0xef]
  check(t, etherAddress, {
    '0:0:c0:ae:67:ef': ether,
    '00-00-C0-AE-67-EF': ether,
    '0:0:c0-ae:67:ef': parseError,
    '0:0:c0:ae:67': parseError,
  })
  check(t, addressOrAnnotation, { DST_ANNO: 'DST_ANNO', '1.2.3.4': 0x01020304, x: parseError })
  check(t, listOf(ipAddress), { '1.0.0.0  2.0.0.0': [0x01000000, 0x02000000], '': [], '1.0.0.0 x': parseError })
  t.equal(formatIpAddress(0xfffefd01), '255.254.253.1')
  t.equal(formatEtherAddress([0, 1, 2, 0xab, 4, 5]), '00-01-02-AB-04-05')
  t.same([0, 1, 24, 32].map(maskOfLength), [0, 0x80000000, 0xffffff00, 0xffffffff])
})

t.test('names', async (t) => {
  check(t, ipProtocol, {
    udp: 17,
    ipip: 4,
    47: 47,
    256: refuse('out of range, bound 255'),
    tcpudp: refuse('out of range, bound 255'),
    nope: refuse('invalid number'),
  })
  check(t, udpPort, { dns: 53, 65535: 65535, 65536: refuse('out of range, bound 65535') })
  check(t, portRange, {
    '1000-2000': { lowest: 1000, highest: 2000 },
    53: { lowest: 53, highest: 53 },
    '2-1': refuse('the lowest port comes first'),
    '1-65536': refuse('out of range, bound 65535'),
    '1-2-3': refuse('expected LOW-HIGH'),
    '-5': refuse('expected LOW-HIGH'),
  })
  check(t, icmpType, { timeexceeded: 11, 3: 3 })
  check(t, annotation(1), { PAINT: 16, 17: 17, 48: parseError, DST_IP: parseError })
  check(t, annotation(4), { DST_IP: 0, 44: 44, 45: parseError })
})

t.test('text', async (t) => {
  check(t, string, { eth0: 'eth0', '"a b"': 'a b', 'a b': parseError, '': parseError, "a'b c'": 'ab c' })
  check(t, word, { ANNO: 'ANNO', 'ECT(1)': 'ECT(1)', '"a b"': parseError, '': parseError })
  check(t, oneOf({ a: 1, b: 2 }), { a: 1, b: 2, toString: parseError })
})

t.test('routes', async (t) => {
  const refused = refuse("should be 'ADDR/MASK [GATEWAY] OUTPUT'")
  check(t, route, {
    '10.1.2.3/8 1': { address: 0x0a000000, mask: 0xff000000, gateway: 0, output: 1 },
    '0/0 1.2.3.4 2': { address: 0, mask: 0, gateway: 0x01020304, output: 2 },
    '10.0.0.1 - 0': { address: 0x0a000001, mask: 0xffffffff, gateway: 0, output: 0 },
    '10.0.0.0/8': refused,
    '10.0.0.0/8 1 2': refused,
    'x 1': refused,
    '': refused,
  })
})
