/** Patterns of IPFilter, made at random from its grammar: right ones, but where what was said before does not fit what comes. */
import { messageNames, optionNames, portNames } from '../reference/pattern-words.ts'
import type { Random } from './random.ts'

const pick = <T>(random: Random, from: readonly T[]): T => from[random(from.length)] as T

const addresses = ['10.0.0.1', '10.0.0.2', '10.0.1.7', '192.168.3.4', '224.0.0.5', '255.255.255.255', '0.0.0.0']
const nets = ['10.0.0.0/8', '10.0.0.0/24', '192.168.0.0/16', '0.0.0.0/0', '10.0.0.2/31', '10.0.0.0/255.0.255.0']
const ethers = ['00:00:c0:ae:67:ef', 'ff:ff:ff:ff:ff:ff', '01-00-5e-00-00-05', '00:00:c0:4f:71:ef']
const equality = (random: Random): string => pick(random, ['', '', '==', '!=', '='])
const relation = (random: Random): string => pick(random, ['', '', '==', '!=', '<', '>', '<=', '>='])
const side = (random: Random): string => pick(random, ['', 'src', 'dst', 'src or dst', 'src and dst', 'src && dst'])

/** A number of so many bits, often a bound; now and then with a mask before it. */
const number = (random: Random, bits: number, sign: string): string => {
  const most = 2 ** bits - 1
  const values = [
    0,
    1,
    most,
    most - 1,
    1 << (bits - 1),
    random(most + 1),
    random(most + 1),
    random(Math.min(most, 300)),
  ]
  const value = pick(random, values)
  const mask = random(4) === 0 ? `& ${1 + random(most)} ` : ''
  return `${mask}${sign} ${random(8) === 0 ? `0x${value.toString(16)}` : value}`
}

const fields = [
  ['ip vers', 4],
  ['ip hl', 4],
  ['ip tos', 8],
  ['ip dscp', 6],
  ['ip len', 16],
  ['ip id', 16],
  ['ip ttl', 8],
  ['tcp win', 16],
  ['icmp type', 8],
  ['ip[8:1]', 8],
  ['ip[6:2]', 16],
  ['ip[12:4]', 30],
  ['ip[9]', 8],
  ['ip[16,18]', 24],
  ['transp[0:2]', 16],
  ['tcp[13]', 8],
  ['tcp[4:4]', 30],
  ['udp[4:2]', 16],
  ['icmp[1]', 8],
] as const

type Make = (random: Random) => string

const primitives: readonly Make[] = [
  (r) => `${side(r)} ${pick(r, ['', 'ip'])} host ${equality(r)} ${pick(r, addresses)}`,
  (r) => `${side(r)} ${equality(r)} ${pick(r, addresses)}`,
  (r) => `${side(r)} ${pick(r, ['net', ''])} ${equality(r)} ${pick(r, nets)}`,
  (r) => `${side(r)} net ${pick(r, addresses)} mask ${pick(r, ['255.0.0.0', '255.255.255.0', '0.255.0.255'])}`,
  (r) => `${side(r)} host & ${pick(r, ['255.255.0.0', '0xff'])} ${pick(r, ['==', '!='])} ${pick(r, addresses)}`,
  (r) => `${side(r)} ether host ${equality(r)} ${pick(r, ethers)}`,
  (r) => `ip proto ${equality(r)} ${pick(r, ['tcp', 'udp', 'icmp', '6', '17', '1', '47'])}`,
  (r) => `ip proto ${number(r, 8, relation(r))}`,
  (r) => pick(r, ['tcp', 'udp', 'icmp', 'igmp', 'ipip', 'tcpudp', 'transp']),
  (r) => `${side(r)} ${pick(r, ['tcp', 'udp', 'tcpudp', ''])} port ${number(r, 16, relation(r))}`,
  (r) => `${side(r)} ${pick(r, ['tcp', 'udp', ''])} port ${equality(r)} ${pick(r, Object.keys(portNames))}`,
  (r) => pick(r, ['www', 'ssh', 'ftp-data', 'dns', 'https', 'rip']),
  (r) => `tcp opt ${pick(r, Object.keys(optionNames))}`,
  (r) => pick(r, Object.keys(optionNames)),
  (r) => `icmp type ${equality(r)} ${pick(r, Object.keys(messageNames))}`,
  (r) => pick(r, ['ip frag', 'ip unfrag', 'frag', 'unfrag', 'ip ect', 'ip ce', 'true', 'false']),
  (r) => `ip ect ${relation(r)} ${r(4)}`,
  (r) => {
    const [name, bits] = pick(r, fields)
    return `${name} ${number(r, bits, relation(r))}`
  },
  // What was said before is left out.
  (r) => `src port ${r(1000)} or ${r(65536)} or www`,
  (r) => `dst tcp port 80 or ${pick(r, ['8080', 'ssh'])} and ack`,
  (r) => `ip ttl ${r(256)} or ${r(256)} or 64`,
  () => 'src 10.0.0.1 or 10.0.0.2 or 192.168.0.0/16',
  (r) => `icmp type echo or echo-reply or unreachable or ${r(20)}`,
  (r) => `tcp and www or ${r(100)}`,
  () => 'syn fin or ack',
]

const expression = (random: Random, depth: number): string => {
  const inner = (): string => expression(random, depth - 1)
  if (depth === 0) return pick(random, primitives)(random)
  switch (random(9)) {
    case 0:
      return `${inner()} ${pick(random, ['or', '||'])} ${inner()}`
    case 1:
      return `(${inner()}) ${pick(random, ['and', '&&', ''])} (${inner()})`
    case 2:
      return `${pick(random, ['not', '!'])} (${inner()})`
    case 3:
      return `not ${pick(random, primitives)(random)}`
    case 4:
      return `(${inner()}) ? (${inner()}) : (${inner()})`
    case 5:
      return `!!(${inner()})`
    default:
      return inner()
  }
}

export const randomPattern = (random: Random): string => {
  if (random(40) === 0) return pick(random, ['-', 'any', 'all'])
  return expression(random, random(4)).replaceAll(/ +/g, ' ').trim()
}
