/**
 * What ARPQuerier keeps, and how several processors share it without a lock.
 *
 * `table`: an entry for each address that somebody asked for or that is known. Its Ethernet address and half of its own IP address are one
 * word, so that whoever reads or writes an entry that the kernel has just given to another address finds out, or does no harm.
 *
 * `waiting`: a ring of packets. One that comes takes the next place in it, and the packet that waits there yet is dropped. Who may touch a place is
 * said by its state, a sequence number and a letter in one word, changed by compare-and-exchange. Packets for one address are chained, the
 * latest first; the head of the chain is a word of the address' entry. A reply first writes the Ethernet address and then takes the whole
 * chain; who adds to a chain looks afterwards whether the address has become known and takes its packet back: one of both sees the other.
 */
import { add, and, call, ldMapFd, mov, type Register, stx } from '../../../ebpf/asm/asm.ts'
import type { Code } from '../../compile/code.ts'
import type { ElementMap } from '../../compile/element.ts'

/** Offsets in an entry of the table. Times are nanoseconds since the machine started; 0: never. */
export const entry = {
  /** Low 48 bits the Ethernet address, high 16 the last two bytes of the IP address; 0: not known. */
  address: 0,
  /** When it was learnt, or asked for first. */
  liveAt: 8,
  polledAt: 16,
  /** How often in vain. */
  polls: 24,
  /** Low 48 bits 1 + the sequence number of the packet that came last, 0 without one; high 16 how many wait. */
  waiting: 32,
  bytes: 40,
} as const

/** Offsets in a place of the ring. */
export const place = {
  /** Sequence number, and below it three bits of `state`. */
  state: 0,
  /** The packet for the same address that came before, as in `entry.waiting`; once taken: 1 + the place of the one that came after, or 0. */
  next: 8,
  address: 16,
  length: 20,
  /** When it came; once taken: when that was. */
  at: 24,
  /** The packet type and the annotations, as they lie on the stack. */
  annotations: 32,
  packet: 88,
} as const
export const annotationBytes = place.packet - place.annotations

/** In the entry behind the last place. */
export const ring = { next: 0, length: 8, oldest: 16 } as const

export const state = { gone: 0, filling: 1, waiting: 2, leaving: 3, takenBack: 4 } as const
export const stateBits = 3
/** Who takes a place has done with it long before; one that it could not finish with (no memory) is free then. */
export const mostLeavingNs = 1_000_000_000

/** A longer packet is not kept. */
export const mostPacketBytes = 9216
/** Bytes that bpf_csum_diff takes in one call: so many lie behind the longest packet, where a sum may reach as far as the verifier knows. */
export const summedPieceBytes = 512
export const placeBytes = place.packet + mostPacketBytes + summedPieceBytes
/** So many packets wait at most, whatever CAPACITY says: 2.5 MB. */
export const mostWaiting = 256
/** Few places would be full of packets that were given up, where their turn does not come. */
const fewestPlaces = 64
/** Where ENTRY_CAPACITY is 0 or high, the kernel forgets what was used least lately. */
const mostEntries = 8192
const mostExactEntries = 512

export interface Capacities {
  /** Packets that may wait in all. */
  readonly packets: number
  /** Places in the ring, a power of two. */
  readonly places: number
  /** For one address; undefined: as many as in all. */
  readonly packetsForOne: number | undefined
  /** Whether the oldest entry has to go for a new one; else the kernel sees to that. */
  readonly exact: boolean
  readonly entries: number
}

interface Given {
  readonly CAPACITY: number
  readonly ENTRY_CAPACITY: number
  readonly ENTRY_PACKET_CAPACITY: number
}

const orMost = (given: number, most: number): number => (given === 0 ? most : Math.min(given, most))

export const capacitiesOf = ({ CAPACITY, ENTRY_CAPACITY, ENTRY_PACKET_CAPACITY }: Given): Capacities => {
  const packets = orMost(CAPACITY, mostWaiting)
  const exact = ENTRY_CAPACITY > 0 && ENTRY_CAPACITY <= mostExactEntries
  return {
    packets,
    places: Math.max(fewestPlaces, 2 ** Math.ceil(Math.log2(packets))),
    packetsForOne: ENTRY_PACKET_CAPACITY === 0 || ENTRY_PACKET_CAPACITY >= packets ? undefined : ENTRY_PACKET_CAPACITY,
    exact,
    entries: exact ? ENTRY_CAPACITY : Math.max(mostEntries, Math.min(ENTRY_CAPACITY, 8 * mostEntries)),
  }
}

export const mapsOf = ({
  places,
  exact,
  entries,
}: Capacities): { readonly table: ElementMap; readonly waiting: ElementMap } => ({
  table: { kind: exact ? 'hash' : 'lru-hash', keyBytes: 4, valueBytes: entry.bytes, entries: { count: entries } },
  waiting: {
    kind: 'array',
    keyBytes: 4,
    valueBytes: placeBytes,
    entries: { count: places + 1 },
    mappable: true,
  },
})

/** r0 = the value of a map at the key at `keyAt` from r10, or 0. Loses r1 to r5. */
export const lookUp = (map: string, keyAt: number): Code => [
  ldMapFd('r1', map),
  mov('r2', 'r10'),
  add('r2', keyAt),
  call('mapLookupElem'),
]

/** r0 = the place of a sequence number; `keyAt` is lost. */
export const lookUpPlace = (map: string, places: number, sequence: Register, keyAt: number): Code => [
  mov('r1', sequence),
  and('r1', places - 1),
  stx('u32', 'r10', keyAt, 'r1'),
  lookUp(map, keyAt),
]

/** r0 = what is kept of the ring itself; `keyAt` is lost. */
export const lookUpRing = (map: string, places: number, keyAt: number): Code => [
  mov('r1', places),
  stx('u32', 'r10', keyAt, 'r1'),
  lookUp(map, keyAt),
]
