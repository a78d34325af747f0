/**
 * EtherSwitch. Addresses are in a hash map; when it is full the kernel forgets those that were used least lately. An address has been seen when
 * the packet came here. A packet that ends within its addresses is dropped.
 */
import { type EtherAddress, formatEtherAddress } from '../../../click/arguments/addresses.ts'
import { unsigned } from '../../../click/arguments/numbers.ts'
import { isRefusal } from '../../../click/arguments/types.ts'
import { etherSwitch as of } from '../../../click/elements/ether-switch.ts'
import {
  add,
  and,
  call,
  callFunction,
  exit,
  jeq,
  jgt,
  jne,
  jset,
  jump,
  label,
  ldImm64,
  ldMapFd,
  ldx,
  lsh,
  mov,
  mul,
  or,
  type Register,
  rsh,
  stx,
} from '../../ebpf/asm/asm.ts'
import type { Code } from '../compile/code.ts'
import { compileElement, type Site } from '../compile/element.ts'
import { reach, unreached } from '../compile/packet.ts'
import { loadSlot } from '../compile/state.ts'
import { type ElementState, HandlerError } from '../handlers.ts'
import { portsOf } from './ports.ts'

const mostAddresses = 8192
const portBits = 16

/**
 * Offsets in a value. The port and the address itself are one word: whoever reads a value that the kernel has just given to another address
 * finds out. Times are nanoseconds of the kernel's coarse clock.
 */
const known = { word: 0, seenAt: 8, bytes: 16 } as const

type Place = Pick<Site, 'map' | 'slot' | 'newLabel'>

/** Not a port: the packet goes to all others. */
const flood = -1

/** r1 the source, r2 the destination, in the low 48 bits; r3 the port where the packet came. Returns the port of the destination, or `flood`, in r0. */
const writeLookUp = ({ map, slot, newLabel }: Place): Code => {
  const [learnt, move, refresh, unknown, fresh] = [
    newLabel('learnt'),
    newLabel('move'),
    newLabel('refresh'),
    newLabel('unknown'),
    newLabel('fresh'),
  ]
  const stack = { key: -8, value: -24, now: -32 } as const
  const find = (key: Register): Code => [
    stx('u64', 'r10', stack.key, key),
    ldMapFd('r1', map('table')),
    mov('r2', 'r10'),
    add('r2', stack.key),
    call('mapLookupElem'),
  ]
  return [
    mov('r6', 'r1'),
    mov('r7', 'r2'),
    mov('r8', 'r1'),
    lsh('r8', portBits),
    or('r8', 'r3'),
    loadSlot('r9', slot('timeout')),
    jeq('r9', 0, unknown),
    ldImm64('r1', 1_000_000_000n),
    mul('r9', 'r1'),
    call('ktimeGetCoarseNs'),
    stx('u64', 'r10', stack.now, 'r0'),
    find('r6'),
    ldx('u64', 'r2', 'r10', stack.now),
    jne('r0', 0, move),
    stx('u64', 'r10', stack.value + known.word, 'r8'),
    stx('u64', 'r10', stack.value + known.seenAt, 'r2'),
    ldMapFd('r1', map('table')),
    mov('r2', 'r10'),
    add('r2', stack.key),
    mov('r3', 'r10'),
    add('r3', stack.value),
    mov('r4', 0),
    call('mapUpdateElem'),
    jump(learnt),
    // What stays as it is is not written, for the sake of other processors' caches.
    label(move),
    ldx('u64', 'r1', 'r0', known.word),
    jeq('r1', 'r8', refresh),
    stx('u64', 'r0', known.word, 'r8'),
    label(refresh),
    ldx('u64', 'r1', 'r0', known.seenAt),
    jeq('r1', 'r2', learnt),
    stx('u64', 'r0', known.seenAt, 'r2'),
    label(learnt),

    jset('r7', 1, unknown),
    find('r7'),
    jeq('r0', 0, unknown),
    ldx('u64', 'r1', 'r0', known.word),
    ldx('u64', 'r2', 'r0', known.seenAt),
    mov('r0', 'r1'),
    rsh('r1', portBits),
    jne('r1', 'r7', unknown),
    add('r9', 'r2'),
    ldx('u64', 'r1', 'r10', stack.now),
    jgt('r9', 'r1', fresh),
    ldMapFd('r1', map('table')),
    mov('r2', 'r10'),
    add('r2', stack.key),
    call('mapDeleteElem'),
    label(unknown),
    mov('r0', flood),
    exit(),
    label(fresh),
    and('r0', 2 ** portBits - 1),
    exit(),
  ]
}

/** Six bytes at `at`, below 16 bits of 0. Loses r0. */
const loadAddress = (into: Register, at: number): Code => [
  ldx('u16', into, 'r7', at + 4),
  lsh(into, 32),
  ldx('u32', 'r0', 'r7', at),
  or(into, 'r0'),
]

const readTimeout = ({ get }: ElementState): string => get('timeout').toString()

export const etherSwitch = compileElement(of, {
  slots: ({ values: { TIMEOUT } }) => ({ timeout: BigInt(TIMEOUT) }),
  settings: ['timeout'],
  maps: () => ({
    table: { kind: 'lru-hash', keyBytes: 8, valueBytes: known.bytes, entries: { count: mostAddresses } },
  }),
  compile: (site) => {
    const { input, packet, outputs, outputLabel, copy, drop, dropLabel, newLabel, routine } = site
    const reached = reach(packet, 12, dropLabel(unreached(packet)), newLabel)
    const others = portsOf(outputs).filter((port) => port !== input)
    return [
      reached.code,
      loadAddress('r1', packet.offset + 6),
      loadAddress('r2', packet.offset),
      mov('r3', input),
      callFunction(routine('look_up', () => writeLookUp(site))),
      others.map((port) => jeq('r0', port, outputLabel(port, reached.packet))),
      jeq('r0', input, dropLabel(unreached(packet))),
      // In Click's order.
      others.length > 0 ? copy(others.toReversed(), reached.packet) : drop(packet),
    ]
  },
  modifies: false,
  resizes: true,
  handlers: {
    table: {
      read: ({ map }) =>
        [...map('table').entries()]
          .map(([key, value]) => {
            const address = [...key.subarray(0, 6)] as unknown as EtherAddress
            return `${formatEtherAddress(address)} ${value.readUInt16LE(known.word)}\n`
          })
          .join(''),
    },
    timeout: {
      read: readTimeout,
      write: ({ set }, text) => {
        const timeout = unsigned.parse(text)
        if (isRefusal(timeout)) throw new HandlerError('expected timeout (integer)')
        set('timeout', BigInt(timeout))
      },
    },
  },
})
