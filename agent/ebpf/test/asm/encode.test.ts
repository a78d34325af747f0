/** Each verb against its bytes: opcode, source and destination, offset, immediate, little-endian (RFC 9669 section 3). */
import t from 'tap'
import {
  AssemblyError,
  add,
  add32,
  and,
  arsh,
  atomicAdd,
  atomicAnd,
  atomicCompareExchange,
  atomicExchange,
  atomicFetchAdd,
  atomicOr,
  atomicXor,
  be,
  call,
  div,
  exit,
  helpers,
  type Instruction,
  jset32,
  ldImm64,
  ldMapFd,
  ldMapValue,
  ldx,
  le,
  lsh,
  mod,
  mov,
  mov32,
  mul,
  neg,
  neg32,
  or,
  r0,
  r1,
  r2,
  r3,
  r6,
  r10,
  rsh,
  st,
  stx,
  sub,
  xor,
} from '../../asm/asm.ts'
import { slots } from './support/slots.ts'

const encodes = (name: string, cases: readonly (readonly [Instruction, string])[]): void => {
  t.test(name, async (t) => {
    for (const [instruction, bytes] of cases) t.same(slots([instruction, exit()])[0], bytes, bytes)
  })
}

encodes('arithmetic of 64 bits, with a register and with an immediate', [
  [mov(r1, r2), 'bf 21 0000 00000000'],
  [mov(r1, -1), 'b7 01 0000 ffffffff'],
  [add(r1, r2), '0f 21 0000 00000000'],
  [add(r10, -8), '07 0a 0000 f8ffffff'],
  [sub(r1, 1), '17 01 0000 01000000'],
  [mul(r1, 2), '27 01 0000 02000000'],
  [div(r1, 3), '37 01 0000 03000000'],
  [or(r1, 4), '47 01 0000 04000000'],
  [and(r1, 5), '57 01 0000 05000000'],
  [lsh(r1, 6), '67 01 0000 06000000'],
  [rsh(r1, 7), '77 01 0000 07000000'],
  [neg(r1), '87 01 0000 00000000'],
  [mod(r1, 8), '97 01 0000 08000000'],
  [xor(r1, 9), 'a7 01 0000 09000000'],
  [arsh(r1, 10), 'c7 01 0000 0a000000'],
])

encodes('arithmetic of 32 bits takes immediates signed or unsigned', [
  [mov32(r1, r2), 'bc 21 0000 00000000'],
  [mov32(r1, 0xffff_fffe), 'b4 01 0000 feffffff'],
  [add32(r1, -2), '04 01 0000 feffffff'],
  [neg32(r6), '84 06 0000 00000000'],
])

encodes('byte order', [
  [be(r1, 16), 'dc 01 0000 10000000'],
  [be(r1, 64), 'dc 01 0000 40000000'],
  [le(r2, 32), 'd4 02 0000 20000000'],
])

encodes('loads and stores of each size', [
  [ldx('u8', r1, r2, 0), '71 21 0000 00000000'],
  [ldx('u16', r1, r2, 12), '69 21 0c00 00000000'],
  [ldx('u32', r1, r2, -4), '61 21 fcff 00000000'],
  [ldx('u64', r1, r2, 32767), '79 21 ff7f 00000000'],
  [stx('u8', r2, 0, r1), '73 12 0000 00000000'],
  [stx('u16', r2, 2, r1), '6b 12 0200 00000000'],
  [stx('u32', r10, -4, r1), '63 1a fcff 00000000'],
  [stx('u64', r10, -8, r1), '7b 1a f8ff 00000000'],
  [st('u8', r1, 0, 255), '72 01 0000 ff000000'],
  [st('u16', r1, 0, 0xffff), '6a 01 0000 ffff0000'],
  [st('u32', r1, 4, 0xffff_ffff), '62 01 0400 ffffffff'],
  [st('u64', r10, -8, -1), '7a 0a f8ff ffffffff'],
])

encodes('atomic operations', [
  [atomicAdd('u64', r0, 8, r1), 'db 10 0800 00000000'],
  [atomicAdd('u32', r0, 0, r1), 'c3 10 0000 00000000'],
  [atomicOr('u64', r0, 0, r1), 'db 10 0000 40000000'],
  [atomicAnd('u64', r0, 0, r1), 'db 10 0000 50000000'],
  [atomicXor('u64', r0, 0, r1), 'db 10 0000 a0000000'],
  [atomicFetchAdd('u64', r0, 0, r1), 'db 10 0000 01000000'],
  [atomicExchange('u64', r0, 0, r1), 'db 10 0000 e1000000'],
  [atomicCompareExchange('u32', r2, 0, r3), 'c3 32 0000 f1000000'],
])

encodes('calls of helpers by their number', [
  [call('mapLookupElem'), '85 00 0000 01000000'],
  [call('fibLookup'), '85 00 0000 45000000'],
  [exit(), '95 00 0000 00000000'],
])

t.test('loads of 64 bits take two slots, the low half in the first', async (t) => {
  t.same(slots([ldImm64(r1, 0x1122_3344_5566_7788n), exit()]).slice(0, 2), [
    '18 01 0000 88776655',
    '00 00 0000 44332211',
  ])
  t.same(slots([ldImm64(r1, -1n), exit()]).slice(0, 2), ['18 01 0000 ffffffff', '00 00 0000 ffffffff'])
  t.same(slots([ldMapFd(r2, 'm'), exit()]).slice(0, 2), ['18 12 0000 00000000', '00 00 0000 00000000'])
  t.same(slots([ldMapValue(r2, 'm', 24), exit()]).slice(0, 2), ['18 22 0000 00000000', '00 00 0000 18000000'])
})

t.test('an operand that would become another one is refused where it is written', async (t) => {
  const refused = (write: () => Instruction) => t.throws(write, AssemblyError)
  refused(() => mov(r1, 0x8000_0000))
  refused(() => add(r1, 0.5))
  refused(() => mov32(r1, 2 ** 32))
  refused(() => jset32(r1, -(2 ** 31) - 1, 'x'))
  refused(() => ldx('u8', r1, r2, 32768))
  refused(() => stx('u8', r1, -32769, r2))
  refused(() => st('u8', r1, 0, 256))
  refused(() => st('u8', r1, 0, -129))
  refused(() => st('u64', r1, 0, 2 ** 31))
  refused(() => ldImm64(r1, 1n << 64n))
  refused(() => ldMapValue(r1, 'm', -1))
})

t.test('no two helpers share a number', async (t) => {
  t.equal(new Set(Object.values(helpers)).size, Object.keys(helpers).length)
})
