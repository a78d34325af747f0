/**
 * The addresses that an ARPResponder answers for: a hash of all, by address and mask, and a list of the masks that there are, the longest first, to
 * be tried one after the other. There are two places for the list, and a third value says which of them is in use, so that programs meet the list
 * before a change or after it.
 */
import {
  type EtherAddress,
  formatEtherAddress,
  formatIpAddress,
  maskOfLength,
  type Prefix,
} from '../../../../click/arguments/addresses.ts'
import { add, and32, call, exit, jeq, jge, jlt, jne, label, ldMapFd, ldx, mov, st, stx } from '../../../ebpf/asm/asm.ts'
import { updateAll } from '../../../ebpf/batch.ts'
import type { Code } from '../../compile/code.ts'
import type { ElementMap, Room, Site } from '../../compile/element.ts'
import { type ElementState, Full, HandlerError } from '../../handlers.ts'

export interface Response extends Prefix {
  readonly ether: EtherAddress
}

/** Of 33 that are prefixes, and others. */
export const mostMasks = 64
const fewestEntries = 256

/** Offsets in a value of `entries`: the Ethernet address and, above it, a bit that is set; which one was added first. */
const value = { ether: 0, order: 8, bytes: 16 } as const
const found = 1n << 48n
const keyBytes = 8
/** u32 how many there are, then each as it is loaded. */
const masksBytes = 4 * (1 + mostMasks)
/** The key of the value that begins with the key of the list in use. */
const chosen = 2

export const roomFor = (count: number): Room => ({ entries: Math.max(fewestEntries, 2 * count) })

export const responseMaps = ({ entries = fewestEntries }: Room): Readonly<Record<'entries' | 'masks', ElementMap>> => ({
  entries: { kind: 'hash', keyBytes, valueBytes: value.bytes, entries: { count: entries } },
  masks: { kind: 'array', keyBytes: 4, valueBytes: masksBytes, entries: { count: 3 } },
})

type Place = Pick<Site, 'map' | 'newLabel'>

/** r1 an IP address as it was loaded. Returns in r0 its Ethernet address with a bit above it, 0 without one. A routine. */
export const writeFindResponse = ({ map, newLabel }: Place): Code => {
  const [next, none] = [newLabel('next'), newLabel('none')]
  const stack = { key: -8, list: -12 } as const
  const find = (name: string, at: number): Code => [
    ldMapFd('r1', map(name)),
    mov('r2', 'r10'),
    add('r2', at),
    call('mapLookupElem'),
  ]
  return [
    mov('r6', 'r1'),
    st('u32', 'r10', stack.list, chosen),
    find('masks', stack.list),
    jeq('r0', 0, none),
    ldx('u32', 'r0', 'r0', 0),
    stx('u32', 'r10', stack.list, 'r0'),
    find('masks', stack.list),
    jeq('r0', 0, none),
    mov('r8', 'r0'),
    ldx('u32', 'r9', 'r8', 0),
    mov('r7', 0),
    label(next),
    jge('r7', 'r9', none),
    add('r8', 4),
    ldx('u32', 'r1', 'r8', 0),
    stx('u32', 'r10', stack.key + 4, 'r1'),
    and32('r1', 'r6'),
    stx('u32', 'r10', stack.key, 'r1'),
    find('entries', stack.key),
    add('r7', 1),
    jne('r0', 0, `${next} found`),
    jlt('r7', mostMasks, next),
    label(none),
    mov('r0', 0),
    exit(),
    label(`${next} found`),
    ldx('u64', 'r0', 'r0', value.ether),
    exit(),
  ]
}

const keyOf = ({ address, mask }: Prefix): Buffer => {
  const key = Buffer.alloc(keyBytes)
  key.writeUInt32BE(address, 0)
  key.writeUInt32BE(mask, 4)
  return key
}

const keyOfList = (index: number): Buffer => {
  const key = Buffer.alloc(4)
  key.writeUInt32LE(index)
  return key
}

interface Ordered extends Response {
  readonly order: number
}

const readAll = ({ map }: ElementState): readonly Ordered[] =>
  [...map('entries').entries()]
    .map(([key, bytes]) => ({
      address: key.readUInt32BE(0),
      mask: key.readUInt32BE(4),
      ether: [...bytes.subarray(value.ether, value.ether + 6)] as unknown as EtherAddress,
      order: Number(bytes.readBigUInt64LE(value.order)),
    }))
    .sort((one, other) => one.order - other.order)

const covers = (wide: Prefix, narrow: Prefix): boolean => (narrow.address & wide.mask) >>> 0 === wide.address

/** As they were added, but what is within another one before that. */
export const listResponses = (state: ElementState): readonly Response[] => {
  const listed: Ordered[] = []
  for (const each of readAll(state)) {
    const before = listed.findIndex((other) => covers(other, each))
    listed.splice(before < 0 ? listed.length : before, 0, each)
  }
  return listed
}

/** At most `mostMasks`. */
const writeMasks = ({ map }: ElementState, masks: ReadonlySet<number>): void => {
  const sorted = [...masks].sort((one, other) => other - one)
  const bytes = Buffer.alloc(masksBytes)
  bytes.writeUInt32LE(sorted.length)
  sorted.forEach((mask, i) => {
    bytes.writeUInt32BE(mask, 4 * (i + 1))
  })
  const selector = map('masks').lookup(keyOfList(chosen)) ?? Buffer.alloc(masksBytes)
  const next = selector.readUInt32LE() === 0 ? 1 : 0
  map('masks').update(keyOfList(next), bytes)
  selector.writeUInt32LE(next)
  map('masks').update(keyOfList(chosen), selector)
}

/** Of the same prefixes the later ones count. Throws Full, HandlerError. */
export const addResponses = (state: ElementState, added: readonly Response[]): void => {
  const entries = state.map('entries')
  const before = readAll(state)
  const all = new Set([...before, ...added].map((each) => keyOf(each).toString('hex')))
  if (all.size > entries.spec.entries) throw new Full(`more than ${entries.spec.entries} entries`, roomFor(all.size))
  const masks = new Set([...before, ...added].map(({ mask }) => mask))
  if (masks.size > mostMasks) throw new HandlerError(`more than ${mostMasks} masks`)
  const order = (before.at(-1)?.order ?? -1) + 1
  updateAll(
    entries,
    added.map((each, i) => {
      const bytes = Buffer.alloc(value.bytes)
      bytes.writeBigUInt64LE(found, value.ether)
      bytes.set(each.ether, value.ether)
      bytes.writeBigUInt64LE(BigInt(order + i), value.order)
      return [keyOf(each), bytes]
    }),
  )
  writeMasks(state, masks)
}

export const copyResponses = (from: ElementState, to: ElementState): void => addResponses(to, readAll(from))

/** Whether there was one. */
export const removeResponse = (state: ElementState, prefix: Prefix): boolean => {
  if (!state.map('entries').delete(keyOf(prefix))) return false
  writeMasks(state, new Set(readAll(state).map(({ mask }) => mask)))
  return true
}

/** By the longest mask that has one. */
export const findResponse = (state: ElementState, address: number): EtherAddress | undefined =>
  readAll(state)
    .filter((each) => covers(each, { address, mask: 0xffff_ffff }))
    .sort((one, other) => other.mask - one.mask)[0]?.ether

/** `10.0.0.0/8`; `10.0.0.1/255.0.0.255` where the mask is no prefix's. */
export const formatPrefix = ({ address, mask }: Prefix): string => {
  const length = Math.clz32(~mask >>> 0)
  const text = mask === maskOfLength(length) ? `${length}` : formatIpAddress(mask)
  return `${formatIpAddress(address)}/${text}`
}

export const formatResponse = (response: Response): string =>
  `${formatPrefix(response)} ${formatEtherAddress(response.ether)}`
