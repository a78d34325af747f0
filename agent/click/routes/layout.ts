/**
 * Where what lies in the memory of a route table: the one value of an array that programs read and that is mapped into the process, in words
 * of 32 bits. First what programs read:
 *
 *     next hops    two words each: gateway in the network's byte order (0: none), output; the first one is of no route
 *     entries      65,536 by the upper 16 bits of an address (level 1); then blocks of 256, by the next 8 bits below level 1, or by the last
 *                  8 below such a block
 *
 * An entry is a leaf, with its highest bit set, or the place of a block in bytes from the start of level 1:
 *
 *     31   30      25 24                  3 2 0
 *     1    prefix len   number of next hop   0      leaf: of the route whose prefix has that length
 *
 * A leaf's length says which routes it may be replaced by; `leaf & mask` is where its next hop is.
 *
 * Then what is for handlers alone: the set of routes, and the accounts of what is in use. Nothing of a table is in a process only: whoever
 * maps the memory can read and change it, also long after the one that made it has ended.
 */

/** What a table has room for. `nextHops`, a power of two, counts that of no route. */
export type TableRoom = {
  readonly routes: number
  readonly nextHops: number
  readonly blocks: number
}

export const wordBytes = 4
export const blockLength = 256
export const blockBytes = blockLength * wordBytes
export const firstLevelLength = 65_536
export const firstLevelBytes = firstLevelLength * wordBytes
export const nextHopBytes = 8

/** What the verifier lets a program reach into a value is below 2^29 bytes (BPF_MAX_VAR_OFF); 900,000 routes use 50 MiB. */
export const mostBlocks = 1 << 18
/** As many as a leaf has bits for. */
export const mostNextHops = 1 << 22

/** The place of a block, as entries name it; the same back. */
export const placeOfBlock = (block: number): number => firstLevelBytes + block * blockBytes
export const blockAt = (place: number): number => (place - firstLevelBytes) / blockBytes

/** The highest place of a block: what is greater is a leaf. */
export const lastPlace = ({ blocks }: TableRoom): number => placeOfBlock(blocks - 1)

const leafBit = 0x8000_0000
const lengthShift = 25

/** The leaf of a route's entries. */
export const leafOf = (length: number, nextHop: number): number =>
  (leafBit | (length << lengthShift) | (nextHop * nextHopBytes)) >>> 0

export const isLeaf = (entry: number): boolean => entry >= leafBit
export const lengthOf = (leaf: number): number => (leaf >>> lengthShift) & 63
export const nextHopOf = (leaf: number): number => (leaf & ((1 << lengthShift) - 1)) / nextHopBytes

/** Where no route is: any route's leaf may replace it, also the default route's. */
export const noRoute = leafOf(0, 0)
export const noOutput = 0xffff_ffff

export const headerWords = 16
/** Words of a pool before its queue. */
export const poolWords = 4

/** Of an index, a power of two that is in use by half at most. */
const indexLength = (count: number): number => 2 ** Math.ceil(Math.log2(2 * count))

/** Words of each part, in the order in which they lie. */
const lengths = ({ routes, nextHops, blocks }: TableRoom) => ({
  header: headerWords,
  nextHops: 2 * nextHops,
  entries: firstLevelLength + blocks * blockLength,
  hopPool: poolWords + nextHops,
  hopCounts: nextHops,
  hopIndex: indexLength(nextHops),
  blockPool: poolWords + blocks,
  blockCounts: blocks,
  routes: 2 * routes,
  routeIndex: indexLength(routes),
})

export type PartName = keyof ReturnType<typeof lengths>

/** Bytes of the memory. */
export const memoryBytes = (room: TableRoom): number =>
  wordBytes * Object.values(lengths(room)).reduce((sum, length) => sum + length, 0)

/** Bytes from the start of the memory. */
export const placeOfPart = (room: TableRoom, name: PartName): number => {
  let at = 0
  for (const [each, length] of Object.entries(lengths(room))) {
    if (each === name) return at
    at += length * wordBytes
  }
  throw new RangeError(`no part ${name}`)
}

export const partOf = (memory: ArrayBuffer, room: TableRoom, name: PartName): Uint32Array =>
  new Uint32Array(memory, placeOfPart(room, name), lengths(room)[name])
