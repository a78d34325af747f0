/** Layouts that stand in bytes: types of functions, the context of a test run, names of pins. */
import { endianness } from 'node:os'
import t from 'tap'
import { describeFunctions } from '../btf.ts'
import { namePinned, pinName, pinPath } from '../pins.ts'
import { decodeSkb, encodeSkb } from '../test-run.ts'

const otherOrder = endianness() === 'LE' ? false : 'the bytes are those of a little-endian machine'
const hex = (text: string): string => text.replaceAll(/\/\/.*$/gm, '').replaceAll(/\s+/g, '')

t.test('functions are described as static ones that return int', async (t) => {
  const { btf, functionInfo } = describeFunctions('main', [
    { slot: 0, name: '' },
    { slot: 9, name: 'lookup@3/each' },
  ])
  t.equal(
    btf.toString('hex'),
    hex(`
      9feb 01 00 18000000              // magic, version, flags, bytes of this header
      00000000 34000000                // offset and length of types
      34000000 18000000                // offset and length of strings
      01000000 00000001 04000000 20000001  // 1: int, 4 bytes, signed, 32 bits
      00000000 0000000d 01000000       // 2: a function that returns 1
      05000000 0000000c 02000000       // 3: main is a 2, static
      0a000000 0000000c 02000000       // 4: the other one
      00 696e7400 6d61696e00 6c6f6f6b75705f335f6561636800
    `),
  )
  t.equal(functionInfo.toString('hex'), hex('00000000 03000000 09000000 04000000'))
})

t.test('a context is written and read back', { skip: otherOrder }, async (t) => {
  const context = {
    mark: 7,
    priority: 3,
    ingressInterfaceIndex: 2,
    interfaceIndex: 5,
    control: [1, 2, 3, 4, 5],
    timestampNs: 1n << 40n,
    segmentBytes: 1448,
    segmentCount: 9,
  }
  const bytes = encodeSkb(context)
  t.equal(bytes.length, 192)
  t.equal(bytes.readUInt32LE(40), 5, 'ifindex')
  t.equal(bytes.readUInt32LE(52), 2, 'cb[1]')
  t.same(decodeSkb(bytes), context)
  t.same(encodeSkb({}), Buffer.alloc(192))
})

t.test('a pin has a name without dots, and its own back', async (t) => {
  t.equal(pinPath(['alice.shop', 'vif1.0', 'ingress']), '/sys/fs/bpf/weft/v1/alice%2eshop/vif1%2e0/ingress')
  for (const name of ['..', '.', 'a/b', '100%', '%2e', 'plain', 'a%2fb']) {
    t.notMatch(pinName(name), /[./]/)
    t.equal(namePinned(pinName(name)), name)
  }
})
