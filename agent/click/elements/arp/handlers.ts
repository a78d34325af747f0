/** ARPQuerier's handlers. */
import {
  type EtherAddress,
  formatEtherAddress,
  formatIpAddress,
  readEtherAddress,
  readIpAddress,
} from '../../../../click/arguments/addresses.ts'
import { splitWords } from '../../../../click/language/strings.ts'
import { BpfError } from '../../../ebpf/error.ts'
import type { BpfMap } from '../../../ebpf/map.ts'
import { strideOf } from '../../../ebpf/map-spec.ts'
import { bytes32, loaded } from '../../compile/bytes.ts'
import { type ElementState, HandlerError, type HandlerTable, readSlot } from '../../handlers.ts'
import { entry, place, ring, state, stateBits } from './layout.ts'
import { toNanoseconds } from './querier.ts'

interface Arguments {
  readonly values: { readonly TIMEOUT: number }
}

const none: EtherAddress = [255, 255, 255, 255, 255, 255]

/** Of the clock that programs read. */
const now = (): bigint => process.hrtime.bigint()

const keyOf = (address: number): Buffer => {
  const key = Buffer.alloc(4)
  key.writeUInt32BE(address)
  return key
}

/** The oldest first, as Click lists them. */
const entriesOf = (table: BpfMap) =>
  [...table.entries()]
    .map(([key, value]) => ({ key, address: key.readUInt32BE(), liveAt: value.readBigUInt64LE(entry.liveAt), value }))
    .sort((one, other) => Number(one.liveAt - other.liveAt))

/** undefined: nothing was learnt. */
const etherOf = (key: Buffer, value: Buffer): EtherAddress | undefined => {
  const word = value.readBigUInt64LE(entry.address)
  const own = key.readUInt16LE(2)
  return word !== 0n && Number(word >> 48n) === own
    ? ([...value.subarray(entry.address, 6)] as unknown as EtherAddress)
    : undefined
}

const formatAge = (nanoseconds: bigint): string => {
  const microseconds = (nanoseconds > 0n ? nanoseconds : 0n) / 1000n
  return `${microseconds / 1_000_000n}.${String(microseconds % 1_000_000n).padStart(6, '0')}`
}

const readTable = ({ map }: ElementState, { values: { TIMEOUT } }: Arguments): string => {
  const [time, timeout] = [now(), toNanoseconds(TIMEOUT)]
  return entriesOf(map('table'))
    .map(({ key, address, liveAt, value }) => {
      const ether = etherOf(key, value)
      const known = ether !== undefined && (timeout === 0n || time <= liveAt + timeout)
      const text = formatEtherAddress(ether ?? none)
      return `${formatIpAddress(address)} ${known ? 1 : 0} ${text} ${formatAge(time - liveAt)}\n`
    })
    .join('')
}

/** The ring, whose words programs change meanwhile. */
const openRing = (waiting: BpfMap) => {
  const words = new BigInt64Array(waiting.memory())
  const stride = strideOf(waiting.spec) / 8
  const places = waiting.spec.entries - 1
  const at = (index: number, offset: number): number => index * stride + offset / 8
  const stateOf = (index: number): bigint => Atomics.load(words, at(index, place.state))
  const isWaiting = (of: bigint): boolean => (of & ((1n << BigInt(stateBits)) - 1n)) === BigInt(state.waiting)
  const indices = Array.from({ length: places }, (_, index) => index)
  return {
    count: (): number => indices.filter((index) => isWaiting(stateOf(index))).length,
    /** Gives up what waits for an address, or all; how many packets that were. */
    drop: (address: number | undefined): number => {
      const key = address === undefined ? undefined : loaded(bytes32(address))
      const dropped = indices.filter((index) => {
        const was = stateOf(index)
        if (!isWaiting(was)) return false
        const of = Number(BigInt.asUintN(32, words[at(index, place.address)] ?? 0n))
        if (key !== undefined && of !== key) return false
        return Atomics.compareExchange(words, at(index, place.state), was, was - BigInt(state.waiting)) === was
      })
      Atomics.sub(words, at(places, ring.length), BigInt(dropped.length))
      return dropped.length
    },
  }
}

const drop = ({ get, set, map }: ElementState, address?: number): void => {
  const dropped = openRing(map('waiting')).drop(address)
  if (dropped > 0) set('killed', get('killed') + BigInt(dropped))
}

/** Writes what is known of an address; what waits for it goes on waiting, for the next reply, as in Click. */
const insert = (element: ElementState, address: number, ether: EtherAddress | undefined): void => {
  const table = element.map('table')
  const key = keyOf(address)
  const value = table.lookup(key) ?? Buffer.alloc(entry.bytes)
  value.writeBigUInt64LE(0n, entry.address)
  if (ether) {
    Buffer.from(ether).copy(value, entry.address)
    key.copy(value, entry.address + 6, 2, 4)
  }
  value.writeBigUInt64LE(now(), entry.liveAt)
  value.writeBigUInt64LE(0n, entry.polledAt)
  value.writeBigUInt64LE(0n, entry.polls)
  try {
    table.update(key, value)
  } catch (error) {
    if (!(error instanceof BpfError) || error.code !== 'E2BIG') throw error
    const [oldest] = entriesOf(table)
    if (oldest) {
      table.delete(oldest.key)
      drop(element, oldest.address)
    }
    table.update(key, value)
  }
}

const isBroadcast = (ether: EtherAddress): boolean => ether.every((byte) => byte === 255)

const readArgument = (name: string, text: string | undefined): number => {
  const address = text === undefined ? undefined : readIpAddress(text)
  if (address !== undefined) return address
  throw new HandlerError(text === undefined ? `missing mandatory ${name} argument` : `${name}: invalid IP address`)
}

const addressSlot = (slot: string) => ({
  read: ({ get }: ElementState): string => formatIpAddress(swap(get(slot))),
  write: ({ set }: ElementState, text: string): void => {
    const address = readIpAddress(text)
    if (address === undefined) throw new HandlerError('expected IP address')
    set(slot, BigInt(loaded(bytes32(address))))
  },
})

/** Slots hold addresses as programs load them. */
const swap = (word: bigint): number => loaded(bytes32(Number(word)))

export const arpHandlers: HandlerTable<Arguments> = {
  ipaddr: addressSlot('ipaddr'),
  broadcast: { read: addressSlot('broadcast').read },
  table: { read: readTable },
  stats: {
    read: ({ get }) => `${get('drops') + get('killed')} packets killed\n${get('queries')} ARP queries sent\n`,
  },
  queries: readSlot('queries'),
  responses: readSlot('responses'),
  drops: readSlot('drops'),
  count: { read: ({ map }) => `${[...map('table').keys()].length}` },
  length: { read: ({ map }) => `${openRing(map('waiting')).count()}` },
  insert: {
    write: (element, text) => {
      const [address, ether, more] = splitWords(text)
      const of = readArgument('IP', address)
      const to = readEtherAddress(ether ?? '')
      if (!to)
        throw new HandlerError(ether === undefined ? 'missing mandatory ETH argument' : 'ETH: invalid Ethernet address')
      if (more !== undefined) throw new HandlerError('too many arguments')
      insert(element, of, isBroadcast(to) ? undefined : to)
    },
  },
  delete: {
    write: (element, text) => {
      const [address, more] = splitWords(text)
      const of = readArgument('IP', address)
      if (more !== undefined) throw new HandlerError('too many arguments')
      insert(element, of, undefined)
    },
  },
  clear: {
    write: (element) => {
      const table = element.map('table')
      for (const key of [...table.keys()]) table.delete(key)
      for (const slot of ['queries', 'responses', 'drops']) element.set(slot, 0n)
      drop(element)
    },
  },
}
