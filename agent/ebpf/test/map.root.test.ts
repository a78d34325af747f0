/** Maps of each kind, in the kernel. */
import t from 'tap'
import { openDescriptors } from '../../../native/test/support/process.ts'
import { readAll, updateAll } from '../batch.ts'
import { possibleCpuCount } from '../cpus.ts'
import { readMapInfo } from '../info.ts'
import { createMap, indexKey } from '../map.ts'
import { type MapSpec, mapTypes, specOf } from '../map-spec.ts'
import { onFirstCpu, sameOnEachCpu, splitByCpu, sumCounters } from '../per-cpu.ts'
import { lacking, load, makeMap, makePair, returns } from './support/kernel.ts'

t.setTimeout(300_000)
const skip = lacking()
const u64 = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(value)
  return bytes
}

t.test('each kind is made and says of itself what it is', { skip }, async (t) => {
  const specs: readonly MapSpec[] = [
    { name: 'a', kind: 'array', keyBytes: 4, valueBytes: 12, entries: 3 },
    { name: 'b', kind: 'hash', keyBytes: 6, valueBytes: 8, entries: 100 },
    { name: 'c', kind: 'lru-hash', keyBytes: 6, valueBytes: 8, entries: 100 },
    { name: 'd', kind: 'percpu-array', keyBytes: 4, valueBytes: 8, entries: 3 },
    { name: 'e', kind: 'percpu-hash', keyBytes: 4, valueBytes: 8, entries: 3 },
    { name: 'f', kind: 'lru-percpu-hash', keyBytes: 4, valueBytes: 8, entries: 100 },
    { name: 'g', kind: 'lpm-trie', keyBytes: 8, valueBytes: 4, entries: 100, sparse: true },
    { name: 'h', kind: 'prog-array', keyBytes: 4, valueBytes: 4, entries: 8 },
    { name: 'i', kind: 'devmap', keyBytes: 4, valueBytes: 4, entries: 8 },
    { name: 'j', kind: 'devmap-hash', keyBytes: 4, valueBytes: 4, entries: 8 },
    { name: 'k', kind: 'ringbuf', keyBytes: 0, valueBytes: 0, entries: 1 << 16 },
  ]
  for (const spec of specs) {
    const map = createMap(spec)
    t.same(specOf(readMapInfo(map.descriptor, spec.name)), spec)
    map.close()
  }
  t.same(new Set(specs.map(({ kind }) => kind)), new Set(Object.keys(mapTypes)))
})

t.test('a hash takes, gives, refuses and forgets', { skip }, async (t) => {
  const map = makeMap(t, { kind: 'hash', keyBytes: 6, entries: 2 })
  const [one, two, three] = [1, 2, 3].map((byte) => Buffer.alloc(6, byte)) as [Buffer, Buffer, Buffer]
  t.equal(map.lookup(one), undefined)
  map.update(one, u64(1n), 'absent')
  t.throws(() => map.update(one, u64(2n), 'absent'), { code: 'EEXIST', operation: 'map update', subject: 'values' })
  t.throws(() => map.update(two, u64(2n), 'present'), { code: 'ENOENT' })
  map.update(two, u64(2n))
  t.throws(() => map.update(three, u64(3n)), { code: 'E2BIG' })
  t.same(map.lookup(one), u64(1n))
  t.equal(map.delete(one), true)
  t.equal(map.delete(one), false)
  t.same([...map.entries()], [[two, u64(2n)]])
})

t.test('sizes that are not the map’s are refused before the kernel would overrun them', { skip }, async (t) => {
  const map = makeMap(t, { kind: 'percpu-hash', keyBytes: 4, valueBytes: 12 })
  t.equal(map.valueBytes, 16 * possibleCpuCount())
  t.throws(() => map.lookup(Buffer.alloc(3)), RangeError)
  t.throws(() => map.update(Buffer.alloc(4), Buffer.alloc(12)), { message: /a value of 12 bytes, the map values has/ })
  t.throws(() => map.delete(Buffer.alloc(8)), RangeError)
  t.throws(() => updateAll(map, [[Buffer.alloc(4), Buffer.alloc(12)]]), RangeError)
})

t.test('what cannot be is an error with its operation and object', { skip }, async (t) => {
  const impossible = { name: 'odd', kind: 'array', keyBytes: 5, valueBytes: 8, entries: 1 } as const
  t.throws(() => createMap(impossible), { name: 'BpfError', code: 'EINVAL', message: 'map create odd: EINVAL' })
  t.throws(() => makeMap(t).delete(indexKey(0)), { code: 'EINVAL', operation: 'map delete' })
  t.throws(() => makeMap(t, { kind: 'hash' }).memory(), { name: 'BpfError', message: /^map memory values: / })
})

t.test('values of CPUs are written for all or one and added up', { skip }, async (t) => {
  const map = makeMap(t, { kind: 'percpu-array', entries: 1 })
  map.update(indexKey(0), sameOnEachCpu(map, u64(5n)))
  const whole = map.lookup(indexKey(0)) ?? Buffer.alloc(0)
  t.equal(splitByCpu(map, whole).length, possibleCpuCount())
  t.same(sumCounters(map, whole), [5n * BigInt(possibleCpuCount())])
  map.update(indexKey(0), onFirstCpu(map, u64(9n)))
  t.same(sumCounters(map, map.lookup(indexKey(0)) ?? Buffer.alloc(0)), [9n])
})

t.test('many entries are written and read at once, by batches or without them', { skip }, async (t) => {
  const count = 10_000
  const entries = Array.from({ length: count }, (_, index) => [indexKey(index), u64(BigInt(index) << 20n)] as const)
  for (const kind of ['hash', 'lru-hash', 'array'] as const) {
    const map = makeMap(t, { kind, entries: count * 2 })
    updateAll(map, entries)
    const read = new Map(readAll(map).map(([key, value]) => [key.readUInt32LE(), value.readBigUInt64LE()]))
    t.equal(read.size, kind === 'array' ? 2 * count : count, kind)
    t.ok(
      entries.every(([key, value]) => read.get(key.readUInt32LE()) === value.readBigUInt64LE()),
      kind,
    )
    t.equal([...map.keys()].length, read.size)
  }
  const full = makeMap(t, { kind: 'hash', entries: 10 })
  t.throws(() => updateAll(full, entries), { code: 'E2BIG' })
  const empty = makeMap(t, { kind: 'hash', entries: 10 })
  t.same(readAll(empty), [])
  const perCpu = makeMap(t, { kind: 'percpu-hash', entries: 10 })
  updateAll(perCpu, [[indexKey(3), sameOnEachCpu(perCpu, u64(1n))]])
  t.same(readAll(perCpu), [[indexKey(3), sameOnEachCpu(perCpu, u64(1n))]])
})

t.test('a map without batches is read and written all the same', { skip }, async (t) => {
  const programs = makeMap(t, { kind: 'prog-array', valueBytes: 4 })
  const program = load(t, { kind: 'tc', instructions: returns(0) })
  updateAll(programs, [[indexKey(2), indexKey(program.descriptor.number)]])
  t.same(
    readAll(programs).map(([key, id]) => [key.readUInt32LE(), id.readUInt32LE()]),
    [[2, program.id]],
    'a program array is read by numbers of programs',
  )
})

t.test('a walk ends where entries are deleted on the way', { skip }, async (t) => {
  const map = makeMap(t, { kind: 'hash', entries: 100 })
  for (let index = 0; index < 100; index++) map.update(indexKey(index), u64(1n))
  let seen = 0
  for (const key of map.keys()) {
    seen++
    map.delete(key)
  }
  t.ok(seen >= 100)
  t.same([...map.keys()], [])
})

t.test('the memory of an array is its values', { skip: lacking('mapped-arrays') }, async (t) => {
  const map = makeMap(t, { mappable: true, valueBytes: 4, entries: 1000 })
  const values = new Uint32Array(map.memory())
  t.equal(values.length, 2000, 'each takes eight bytes')
  map.update(indexKey(999), Buffer.from('01020304', 'hex'))
  t.equal(values[2 * 999], 0x04030201)
  values[0] = 5
  t.equal(map.lookup(indexKey(0))?.readUInt32LE(), 5)
})

t.test('a frozen map is not changed from outside', { skip }, async (t) => {
  const map = makeMap(t, { readOnlyProgram: true })
  map.update(indexKey(0), u64(1n))
  map.freeze()
  t.throws(() => map.update(indexKey(0), u64(2n)), { code: 'EPERM' })
  t.same(map.lookup(indexKey(0)), u64(1n))
})

t.test('a map of devices takes those of its namespace', { skip }, async (t) => {
  const { namespace, w1 } = await makePair(t)
  const spec = { name: 'devices', kind: 'devmap', keyBytes: 4, valueBytes: 4, entries: 4 } as const
  const map = createMap(spec, { namespace: namespace.path })
  t.teardown(() => map.close())
  map.update(indexKey(0), indexKey(w1))
  t.same(map.lookup(indexKey(0)), indexKey(w1))
  t.throws(() => map.update(indexKey(1), indexKey(4_000_000)), { code: 'EINVAL' })
})

t.test('what is closed, and what was refused, leaves no descriptor', { skip }, async (t) => {
  const before = openDescriptors()
  for (let round = 0; round < 50; round++) {
    createMap({ name: 'm', kind: 'array', keyBytes: 4, valueBytes: 8, entries: 1 }).close()
    t.throws(() => createMap({ name: 'm', kind: 'array', keyBytes: 3, valueBytes: 8, entries: 1 }))
  }
  t.equal(openDescriptors(), before)
})
