/** Descriptors and memory, with maps of the kernel's. */
import t from 'tap'
import { type BpfDescriptor, loadBpf } from '../bpf.ts'
import { loadNetlink } from '../netlink.ts'
import {
  BPF_MAP_CREATE,
  BPF_MAP_TYPE_DEVMAP,
  BPF_OBJ_GET_INFO_BY_FD,
  BPF_PROG_LOAD,
  bpfProblem,
  createMap,
  lookup,
  update,
  words,
} from './support/bpf.ts'
import { makeNamespace } from './support/network.ts'
import { openDescriptors } from './support/process.ts'

t.setTimeout(300_000)
const skip = bpfProblem()

const members: Record<keyof BpfDescriptor, 'value' | 'function'> = {
  number: 'value',
  closed: 'value',
  close: 'function',
}

t.test('a descriptor has what is declared', { skip }, async (t) => {
  const map = createMap()
  t.teardown(() => map.close())
  const found = Object.entries(Object.getOwnPropertyDescriptors(Object.getPrototypeOf(map)))
    .filter(([name]) => name !== 'constructor')
    .map(([name, { value }]) => [name, typeof value === 'function' ? 'function' : 'value'])
  t.same(Object.fromEntries(found), members)
  t.same(Object.keys(map), [])
  t.ok(map.number > 2)
})

t.test('values are written and read through references', { skip }, async (t) => {
  const map = createMap()
  t.teardown(() => map.close())
  update(map, 2, words(7, 9))
  t.same(lookup(map, 2), words(7, 9))
  t.same(lookup(map, 1), words(0, 0))
  t.throws(() => lookup(map, 4), { code: 'ENOENT', errno: -2, syscall: 'bpf' })
})

t.test('what the kernel writes into the attribute arrives, the address does not', { skip }, async (t) => {
  const map = createMap()
  t.teardown(() => map.close())
  const info = Buffer.alloc(1024)
  // u32 bpf_fd, u32 info_len, u64 info
  const attribute = words(0, info.length, 0, 0)
  loadBpf().call(BPF_OBJ_GET_INFO_BY_FD, attribute, [
    { at: 0, to: map },
    { at: 8, to: info },
  ])
  const length = attribute.readUInt32LE(4)
  t.ok(length >= 80 && length < info.length, `info of ${length} bytes`)
  t.same(attribute, words(0, length, 0, 0))
  t.equal(info.readUInt32LE(0), 2, 'BPF_MAP_TYPE_ARRAY')
})

t.test(
  'what the kernel writes arrives from another thread too, of a descriptor that is closed meanwhile',
  { skip },
  async (t) => {
    const before = openDescriptors()
    const maps = Array.from({ length: 20 }, (_, position) => createMap({ entries: position + 1 }))
    const asked = maps.map(async (map) => {
      const info = Buffer.alloc(1024)
      // u32 bpf_fd, u32 info_len, u64 info
      const attribute = words(0, info.length, 0, 0)
      await loadBpf().callLater(BPF_OBJ_GET_INFO_BY_FD, attribute, [
        { at: 0, to: map },
        { at: 8, to: info },
      ])
      t.ok(attribute.readUInt32LE(4) >= 80)
      t.equal(attribute.readUInt32LE(0), 0)
      return info.readUInt32LE(16)
    })
    for (const map of maps) map.close()
    t.same(
      await Promise.all(asked),
      maps.map((_, position) => position + 1),
      'the entries of each',
    )
    t.equal(openDescriptors(), before)
  },
)

t.test('a descriptor comes from another thread', { skip }, async (t) => {
  const before = openDescriptors()
  // map_type ARRAY, key_size, value_size, max_entries
  const map = await loadBpf().openLater(BPF_MAP_CREATE, Buffer.concat([words(2, 4, 8, 4), Buffer.alloc(56)]))
  update(map, 2, words(7, 9))
  t.same(lookup(map, 2), words(7, 9))
  map.close()
  t.equal(openDescriptors(), before)
})

t.test('a closed descriptor says so and gives its number back', { skip }, async (t) => {
  const before = openDescriptors()
  const maps = Array.from({ length: 50 }, () => createMap())
  t.equal(openDescriptors(), before + 50)
  for (const map of maps) map.close()
  t.equal(openDescriptors(), before)
  const [map] = maps
  if (!map) throw new Error('no map')
  t.equal(map.closed, true)
  map.close()
  const closed = { code: 'EBADF', syscall: 'bpf', message: /closed descriptor/ }
  t.throws(() => map.number, closed)
  t.throws(() => lookup(map, 0), closed)
  t.throws(() => loadBpf().mapMemory(map, 4096), closed)
})

t.test('a descriptor comes from bpf(2) alone, and nothing else passes for one', { skip }, async (t) => {
  const map = createMap()
  const socket = loadNetlink().open(0, { onDatagram: () => {}, onError: () => {} })
  t.teardown(() => {
    map.close()
    socket.close()
  })
  const Descriptor = map.constructor as { new (...args: readonly unknown[]): BpfDescriptor; (): BpfDescriptor }
  t.equal(new Descriptor(map.number).closed, true)
  t.throws(() => Descriptor(), TypeError)
  for (const other of [socket, Object.create(map), { ...map }]) {
    t.throws(() => lookup(other as BpfDescriptor, 0), { code: 'ERR_INVALID_ARG_TYPE' })
    t.throws(() => Reflect.apply(map.close, other, []), TypeError)
  }
})

t.test('a refused load leaves nothing open and its log readable', { skip }, async (t) => {
  const before = openDescriptors()
  const log = Buffer.alloc(4096)
  const license = Buffer.from('Apache-2.0\0')
  const noExit = Buffer.from('b700000000000000', 'hex')
  // prog_type SOCKET_FILTER, insn_cnt, u64 insns, u64 license, log_level, log_size, u64 log_buf
  const attribute = Buffer.concat([words(1, 1, 0, 0, 0, 0, 1, log.length, 0, 0), Buffer.alloc(80)])
  const references = [
    { at: 8, to: noExit },
    { at: 16, to: license },
    { at: 32, to: log },
  ]
  t.throws(() => loadBpf().open(BPF_PROG_LOAD, attribute, references), { code: 'EINVAL' })
  t.match(log.toString('latin1'), /last insn is not an exit or jmp/)
  t.equal(openDescriptors(), before)
})

t.test('the memory of an array is shared both ways and outlives its descriptor', { skip }, async (t) => {
  const map = createMap({ shared: true, valueBytes: 8, entries: 1024 })
  const memory = loadBpf().mapMemory(map, 8192)
  const values = new Uint32Array(memory)
  values[2 * 100] = 0xdead
  t.same(lookup(map, 100), words(0xdead, 0))
  update(map, 1023, words(5, 6))
  t.equal(values[2 * 1023 + 1], 6)
  map.close()
  values[0] = 1
  t.equal(values[2 * 1023], 5)
  loadBpf().unmapMemory(memory)
  loadBpf().unmapMemory(memory)
  t.equal(memory.byteLength, 0)
  t.equal(values[0], undefined)
})

t.test('what cannot be mapped is refused', { skip }, async (t) => {
  const [plain, shared] = [createMap(), createMap({ shared: true })]
  t.teardown(() => {
    plain.close()
    shared.close()
  })
  t.throws(() => loadBpf().mapMemory(plain, 32), { syscall: 'mmap', code: /EINVAL|ENODEV|ENOTSUPP/ })
  t.throws(() => loadBpf().mapMemory(shared, 1 << 20), { syscall: 'mmap', code: 'EINVAL' }, 'more than it holds')
  t.throws(() => loadBpf().mapMemory(shared, 0), { code: 'ERR_OUT_OF_RANGE' })
})

t.test('interfaces are looked up in the namespace of the call', { skip }, async (t) => {
  const namespace = await makeNamespace()
  const devices = createMap({ type: BPF_MAP_TYPE_DEVMAP, valueBytes: 4 })
  t.teardown(async () => {
    devices.close()
    await namespace.release()
  })
  // Indexes count from 1 in each namespace: the first one that is free here is used there.
  const absentHere = (index: number): boolean => {
    try {
      update(devices, 0, words(index))
      return false
    } catch {
      return true
    }
  }
  let index = 2
  while (!absentHere(index)) index++
  for (let tap = 2; tap <= index; tap++) loadNetlink().createTap(`wtap${tap}`, { namespace: namespace.path })
  t.throws(() => update(devices, 0, words(index)), { code: 'EINVAL' })
  update(devices, 0, words(index), { namespace: namespace.path })
  t.equal(lookup(devices, 0, 4).readUInt32LE(0), index)
})
