import t from 'tap'
import { isLz4, unpackLz4 } from '../lz4.ts'

const frame = (...blocks: readonly (readonly number[])[]): Buffer =>
  Buffer.concat([
    Buffer.from([0x02, 0x21, 0x4c, 0x18]),
    ...blocks.map((block) => {
      const size = Buffer.alloc(4)
      size.writeUInt32LE(block.length)
      return Buffer.concat([size, Buffer.from(block)])
    }),
  ])
const letters = (text: string): readonly number[] => [...Buffer.from(text)]

t.test('literals, copies, runs and long lengths', async (t) => {
  // Token: number of literals, length of the match less 4; then literals, distance, more of the length.
  t.equal(unpackLz4(frame([0x30, ...letters('abc')])).toString(), 'abc')
  t.equal(unpackLz4(frame([0x40, ...letters('abcd'), 4, 0, 0x10, ...letters('!')])).toString(), 'abcdabcd!')
  t.equal(unpackLz4(frame([0x12, ...letters('a'), 1, 0, 0x10, ...letters('b')])).toString(), 'aaaaaaab')
  const long = unpackLz4(frame([0x1f, ...letters('a'), 1, 0, 255, 30, 0x10, ...letters('b')]))
  t.equal(long.toString(), `${'a'.repeat(1 + 15 + 255 + 30 + 4)}b`)
  const literals = [0xf0, 5, ...letters('x'.repeat(20))]
  t.equal(unpackLz4(frame(literals, literals)).toString(), 'x'.repeat(40), 'two blocks')
})

t.test('what is damaged is refused', async (t) => {
  t.ok(isLz4(frame([0])))
  t.notOk(isLz4(Buffer.from('\x7fELF....', 'latin1')))
  t.throws(() => unpackLz4(frame([0x50, ...letters('abc')])), RangeError, 'literals beyond the end')
  t.throws(() => unpackLz4(frame([0x10, ...letters('a'), 2, 0])), RangeError, 'a distance before the beginning')
  t.throws(() => unpackLz4(Buffer.from([0x02, 0x21, 0x4c, 0x18, 9, 0, 0, 0, 1])), RangeError, 'a block beyond the end')
})
