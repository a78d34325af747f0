import { isDeepStrictEqual } from 'node:util'
import t from 'tap'
import { create, decode, encode, fromJson, toJson } from '../codec.ts'
import { descriptor, type Messages } from '../generated/weft.v1.ts'

t.test('a message survives the binary form, with every default filled in', async (t) => {
  const slice = create('Slice', {
    vnet: 'a.b',
    generation: 2 ** 53 - 1,
    nodes: [{ id: 'r1', startUp: { command: 'true' } }],
  })
  t.same(decode('Slice', encode('Slice', slice)), slice)
  t.equal(slice.epoch, 0)
  t.same(slice.links, [])
  t.equal(slice.nodes[0]?.startUp?.command, 'true')
  t.notOk('cpu' in (slice.nodes[0] ?? {}), 'a sub-message that was not sent is not there')
})

t.test('of every type the message made of nothing is the one that no bytes say', async (t) => {
  const names = Object.keys(descriptor.nested.weft.nested.v1.nested) as (keyof Messages)[]
  const whole = (name: keyof Messages): boolean => isDeepStrictEqual(decode(name, new Uint8Array()), create(name))
  const messages = names.filter((name) => 'fields' in (descriptor.nested.weft.nested.v1.nested[name] as object))
  t.ok(messages.length > 50)
  t.strictSame(
    messages.filter((name) => !whole(name)),
    [],
  )
})

t.test('the binary form is proto3 as any implementation writes it', async (t) => {
  const bytes = encode('DeleteSlice', create('DeleteSlice', { vnet: 'ab' }))
  t.equal(Buffer.from(bytes).toString('hex'), '0a026162', 'field 1, wire type 2, length 2, "ab"')
})

t.test('equal messages have equal bytes whatever the order of their members', async (t) => {
  const one = create('Segment', { technology: 'vxlan', identifier: 7 })
  const other = { ...create('Segment'), identifier: 7, technology: 'vxlan' }
  t.same(encode('Segment', one), encode('Segment', other))
})

t.test('canonical JSON: 64-bit integers are strings, enums names, bytes base64, defaults left out', async (t) => {
  const exec = create('ExecResult', { exitStatus: -1, stdout: Buffer.from('hi') })
  t.same(toJson('ExecResult', exec), { exitStatus: -1, stdout: 'aGk=' })
  t.same(toJson('Reported', create('Reported', { generation: 3, phase: 'PHASE_READY' })), {
    generation: '3',
    phase: 'PHASE_READY',
  })
  t.same(fromJson('ExecResult', toJson('ExecResult', exec)), exec)
})

t.test('JSON takes 64-bit integers as numbers or strings and the names of the .proto', async (t) => {
  const want = create('Slice', { generation: 5 })
  t.same(fromJson('Slice', { generation: 5 }), want)
  t.same(fromJson('Slice', { generation: '5' }), want)
  t.equal(fromJson('SliceNode', { memory_bytes: 9 }).memoryBytes, 9)
})

t.test('JSON that is no such message is refused with the place and what would be right', async (t) => {
  const bad: readonly [unknown, RegExp][] = [
    [{ apply: { slice: { vnt: 'a' } } }, /apply\.slice\.vnt is unknown/],
    [{ apply: { slice: { generation: -1 } } }, /apply\.slice\.generation is not an integer of at least 0/],
    [{ apply: { slice: { generation: 2 ** 53 } } }, /below 2\^53/],
    [{ apply: { slice: { nodes: {} } } }, /apply\.slice\.nodes is not a list/],
    [{ apply: { slice: { nodes: [3] } } }, /apply\.slice\.nodes\[0\] is not an object/],
    [{ apply: {}, get: {} }, /get is not allowed beside apply/],
    [{ get: { vnet: 3 } }, /get\.vnet is not a string/],
    [[], /the message is not an object/],
  ]
  for (const [json, message] of bad)
    t.throws(() => fromJson('HostCommand', json), { code: 'message.malformed', message })
  t.throws(() => fromJson('Reported', { phase: 'READY' }), { message: /one of PHASE_UNSPECIFIED/ })
})

t.test('bytes that are no message are refused', async (t) => {
  t.throws(() => decode('Slice', Buffer.from([0x0a, 0xff])), { code: 'message.malformed' })
})
