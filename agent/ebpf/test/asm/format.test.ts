/** Text as the verifier's log has it, and back from bytes. The kernel itself is asked in load.root.test.ts. */
import t from 'tap'
import {
  add,
  add32,
  annotate,
  assemble,
  atomicAdd,
  atomicCompareExchange,
  atomicExchange,
  atomicFetchAdd,
  be,
  call,
  callFunction,
  disassemble,
  exit,
  formatInstruction,
  formatProgram,
  type Instruction,
  jeq,
  jlt32,
  jset,
  jsgt,
  jump,
  label,
  ldFunction,
  ldImm64,
  ldMapFd,
  ldMapValue,
  ldx,
  le,
  mov,
  mov32,
  neg,
  neg32,
  type Program,
  r0,
  r1,
  r2,
  r10,
  rsh,
  st,
  stx,
  xor32,
} from '../../asm/asm.ts'

const texts: readonly (readonly [Instruction, string])[] = [
  [mov(r1, r2), 'r1 = r2'],
  [mov(r1, -1), 'r1 = -1'],
  [mov32(r1, 0xffff_ffff), 'w1 = -1'],
  [add32(r1, r2), 'w1 += w2'],
  [rsh(r1, 3), 'r1 >>= 3'],
  [xor32(r1, 3), 'w1 ^= 3'],
  [neg(r1), 'r1 = -r1'],
  [neg32(r1), 'w1 = -w1'],
  [be(r1, 16), 'r1 = be16 r1'],
  [le(r1, 64), 'r1 = le64 r1'],
  [ldx('u8', r1, r2, 0), 'r1 = *(u8 *)(r2 +0)'],
  [ldx('u64', r1, r10, -8), 'r1 = *(u64 *)(r10 -8)'],
  [stx('u16', r2, 4, r1), '*(u16 *)(r2 +4) = r1'],
  [st('u32', r2, 4, 7), '*(u32 *)(r2 +4) = 7'],
  [atomicAdd('u64', r1, 0, r2), 'lock *(u64 *)(r1 +0) += r2'],
  [atomicFetchAdd('u32', r1, 0, r2), 'r2 = atomic_fetch_add((u32 *)(r1 +0), r2)'],
  [atomicExchange('u64', r1, 8, r2), 'r2 = atomic64_xchg((u64 *)(r1 +8), r2)'],
  [atomicCompareExchange('u64', r1, 8, r2), 'r0 = atomic64_cmpxchg((u64 *)(r1 +8), r0, r2)'],
  [jeq(r1, 5, 'out'), 'if r1 == 0x5 goto out'],
  [jsgt(r1, -1, 'out'), 'if r1 s> 0xffffffff goto out'],
  [jset(r1, r2, 'out'), 'if r1 & r2 goto out'],
  [jlt32(r1, r2, 'out'), 'if w1 < w2 goto out'],
  [jump('out'), 'goto out'],
  [call('skbLoadBytes'), 'call bpf_skb_load_bytes#26'],
  [callFunction('out'), 'call out'],
  [exit(), 'exit'],
  [ldImm64(r1, -1n), 'r1 = 0xffffffffffffffff'],
  [ldMapFd(r1, 'table'), 'r1 = map[table]'],
  [ldMapValue(r1, 'counters', 16), 'r1 = map[counters][0]+16'],
  [ldFunction(r1, 'out'), 'r1 = func out'],
]

t.test('instructions read as in the log, labels and maps by name', async (t) => {
  for (const [instruction, text] of texts) t.equal(formatInstruction(instruction), text)
})

t.test('what is assembled is disassembled to the same, numbers in place of names', async (t) => {
  const program: Program = [...texts.map(([instruction]) => instruction), label('out'), exit()]
  const back = disassemble(assemble(program).bytes)
  const again = assemble(back)
  t.same(again.bytes, assemble(program).bytes)
  const named = /out|table|counters/
  texts.forEach(([, text], index) => {
    const instruction = back[index]
    if (instruction && !named.test(text)) t.equal(formatInstruction(instruction), text)
  })
  const [goto] = disassemble(assemble([jump('out'), mov(r0, 0), label('out'), exit()]).bytes)
  t.equal(goto && formatInstruction(goto), 'goto pc+1')
})

t.test('what is no program is refused', async (t) => {
  t.throws(() => disassemble(new Uint8Array(7)), { message: /no whole instructions/ })
  t.throws(() => disassemble(Uint8Array.of(0x18, 0, 0, 0, 0, 0, 0, 0)), { message: /second half/ })
  t.throws(() => disassemble(Uint8Array.of(0xb7, 0x0b, 0, 0, 0, 0, 0, 0)), { message: /r11 is no register/ })
  const [odd] = disassemble(Uint8Array.of(0xe7, 0, 0, 0, 0, 0, 0, 0))
  t.equal(odd && formatInstruction(odd), 'unknown opcode e7')
})

t.test('a program is printed with its labels and whose each part is', async (t) => {
  const program = [
    ...annotate({ subject: 'c :: Counter', where: 'a.click:1' }, [ldMapValue(r1, 'c', 0), add(r1, 1)]),
    ...annotate({ subject: 'Discard@2', where: 'a.click:2' }, [jump('drop')]),
    label('drop'),
    mov(r0, 2),
    exit(),
  ]
  t.equal(
    formatProgram(program),
    `; c :: Counter (a.click:1)
    0: (18) r1 = map[c][0]+0
    2: (07) r1 += 1
; Discard@2 (a.click:2)
    3: (05) goto drop
drop:
    4: (b7) r0 = 2
    5: (95) exit
`,
  )
})
