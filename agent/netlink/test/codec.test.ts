import t from 'tap'
import { AttributeDecoder } from '../codec/decoder.ts'
import { AttributeEncoder } from '../codec/encoder.ts'
import { bool, decodeFields, encodeFields, ip, mac, text, u8, u16be, u32, unknownFields } from '../codec/fields.ts'
import { decodeMessages, encodeMessage } from '../codec/message.ts'
import { bytes, otherOrder } from './support/bytes.ts'

const all = bytes(`
  05 00 01 00 07 00 00 00                          // 1: u8 7, padded
  06 00 02 00 02 01 00 00                          // 2: u16 0x0102
  08 00 03 00 04 03 02 01                          // 3: u32 0x01020304
  0c 00 04 00 08 07 06 05 04 03 02 01              // 4: u64 0x0102030405060708
  08 00 05 00 fe ff ff ff                          // 5: s32 -2
  06 00 06 00 12 b5 00 00                          // 6: u16 big-endian 4789
  08 00 07 00 01 02 03 04                          // 7: u32 big-endian 0x01020304
  07 00 08 00 76 39 00 00                          // 8: string "v9" with its zero
  07 00 09 00 aa bb cc 00                          // 9: three bytes
  04 00 0a 00                                      // 10: flag
  10 00 0b 80 05 00 01 00 01 00 00 00 04 00 02 00  // 11: nested: 1: u8 1, 2: flag
`)

t.test('every form of attribute is written as the kernel reads it, and read back', { skip: otherOrder }, async (t) => {
  const encoder = new AttributeEncoder()
    .u8(1, 7)
    .u16(2, 0x0102)
    .u32(3, 0x01020304)
    .u64(4, 0x0102030405060708n)
    .s32(5, -2)
    .u16be(6, 4789)
    .u32be(7, 0x01020304)
    .string(8, 'v9')
    .bytes(9, Buffer.from([0xaa, 0xbb, 0xcc]))
    .flag(10)
    .nested(11, (inner) => inner.u8(1, 1).flag(2))
  t.same(encoder.finish(), all)

  const decoder = new AttributeDecoder(all)
  const values: Record<number, unknown> = {}
  const read: Record<number, () => unknown> = {
    1: () => decoder.u8(),
    2: () => decoder.u16(),
    3: () => decoder.u32(),
    4: () => decoder.u64(),
    5: () => decoder.s32(),
    6: () => decoder.u16be(),
    7: () => decoder.u32be(),
    8: () => decoder.string(),
    9: () => decoder.raw().value.toString('hex'),
    10: () => decoder.value.length,
    11: () =>
      decoder.nested((inner) => {
        const types: number[] = []
        while (inner.next()) types.push(inner.type)
        return types
      }),
  }
  while (decoder.next()) values[decoder.type] = read[decoder.type]?.()
  decoder.finish()
  t.same(values, {
    1: 7,
    2: 0x0102,
    3: 0x01020304,
    4: 0x0102030405060708n,
    5: -2,
    6: 4789,
    7: 0x01020304,
    8: 'v9',
    9: 'aabbcc',
    10: 0,
    11: [1, 2],
  })
})

t.test('a value that does not fit is told once, at the end, the first one first', async (t) => {
  const wrong: readonly [(encoder: AttributeEncoder) => unknown, RegExp][] = [
    [(encoder) => encoder.u8(1, 256), /attribute 1: 256 does not fit in 8 bits/],
    [(encoder) => encoder.u16(2, -1), /-1 does not fit in 16 bits/],
    [(encoder) => encoder.u32(3, 1.5), /1.5 does not fit in 32 bits/],
    [(encoder) => encoder.u64(4, -1), /64 bits/],
    [(encoder) => encoder.u64(4, 0.5), /no integer/],
    [(encoder) => encoder.s32(5, 2 ** 31), /signed/],
    [(encoder) => encoder.string(6, 'a\0b'), /zero/],
    [(encoder) => encoder.bytes(7, Buffer.alloc(65_536)), /more than an attribute holds/],
    [(encoder) => encoder.nested(8, (inner) => inner.bytes(1, Buffer.alloc(65_530))), /attribute 8: .* more/],
  ]
  for (const [write, message] of wrong) {
    const encoder = new AttributeEncoder()
    write(encoder)
    encoder.u8(99, 999)
    t.throws(() => encoder.finish(), { name: 'CodecError', code: 'ERR_NETLINK_CODEC', message })
  }
})

t.test('what is malformed gives zeros while it is read and an error at the end', { skip: otherOrder }, async (t) => {
  const cases: readonly [string, RegExp][] = [
    ['ff 00 01 00 07 00 00 00', /length 255 at offset 0 of 8/],
    ['03 00 01 00', /length 3/],
    ['06 00 01 00 07 00 00 00', /attribute 1: 2 bytes where 4 were expected/],
    ['0c 00 02 80 ff 00 01 00 01 00 00 00', /length 255/],
  ]
  for (const [text, message] of cases) {
    const decoder = new AttributeDecoder(bytes(text))
    while (decoder.next()) {
      if (decoder.type === 1) t.equal(decoder.u32(), 0)
      else decoder.nested((inner) => inner.next())
    }
    t.notOk(decoder.next())
    t.throws(() => decoder.finish(), { code: 'ERR_NETLINK_CODEC', message })
  }
  const trailing = new AttributeDecoder(bytes('00 00'))
  t.notOk(trailing.next(), 'less than a header is padding')
  trailing.finish()
})

t.test('a table of fields writes what is given, reads what is there and keeps what it does not know', async (t) => {
  const table = {
    number: u8(1),
    flag: bool(2),
    word: u32(3),
    port: u16be(4),
    name: text(5),
    address: ip(6),
    ether: mac(7),
  }
  const values = {
    number: 3,
    flag: true,
    word: 9,
    port: 4789,
    name: 'x',
    address: '192.0.2.1',
    ether: '02:00:00:00:00:01',
  }
  const encoder = new AttributeEncoder()
  encodeFields(encoder, table, values)
  encoder.u8(99, 1)
  t.same(decodeFields(encoder.finish(), table), values)
  t.same(unknownFields(encoder.finish(), table), [{ type: 99, value: Buffer.from([1]) }])
  t.equal(new AttributeEncoder().finish().length, 0)
})

t.test('a datagram of several messages is read back into them', { skip: otherOrder }, async (t) => {
  const first = { type: 16, flags: 5, sequence: 1, portId: 7, body: Buffer.from([1, 2, 3]) }
  const second = { type: 3, flags: 2, sequence: 2, portId: 7, body: Buffer.alloc(4) }
  const datagram = Buffer.concat([encodeMessage(first), encodeMessage(second)])
  t.same(
    datagram.subarray(0, 20),
    bytes(`
      13 00 00 00  // length 19, without the padding
      10 00 05 00  // type 16, flags request and ack
      01 00 00 00  // sequence 1
      07 00 00 00  // port id 7
      01 02 03 00  // body and padding
    `),
  )
  t.same(decodeMessages(datagram), [first, second])
  t.throws(() => decodeMessages(datagram.subarray(0, 17)), { code: 'ERR_NETLINK_CODEC' })
  t.same(decodeMessages(Buffer.alloc(3)), [])
})
