import { endianness } from 'node:os'
import t from 'tap'
import type { BpfDescriptor } from '../../../native/bpf.ts'
import { attribute, objectName } from '../attribute.ts'

const otherOrder = endianness() === 'LE' ? false : 'the bytes are those of a little-endian machine'

t.test('fields stand where they are put, the rest is 0', { skip: otherOrder }, async (t) => {
  const { bytes, references } = attribute(40).u32(4, 0xffff_fffe).u64(8, 0x1_0000_0002n).name(20, 'counters')
  t.equal(
    bytes.toString('hex'),
    '00000000 feffffff 0200000001000000 00000000 636f756e746572730000000000000000 00000000'.replaceAll(' ', ''),
  )
  t.same(references, [])
})

t.test('addresses and descriptors are left to the addon, with where they go', async (t) => {
  const key = Buffer.alloc(4)
  const descriptor: BpfDescriptor = { number: 7, closed: false, close: () => {} }
  const { bytes, references } = attribute(32).descriptor(0, descriptor).pointer(8, key).pointer(16, undefined)
  t.same(bytes, Buffer.alloc(32))
  t.same(references, [
    { at: 0, to: descriptor },
    { at: 8, to: key },
  ])
})

t.test('a name becomes what the kernel takes', async (t) => {
  t.equal(objectName('alice.shop/vif1.0:in'), 'alice.shop_vif1')
  t.equal(objectName('c'), 'c')
  t.equal(attribute(16).name(0, 'x'.repeat(40)).bytes[15], 0, 'the last byte ends it')
})
