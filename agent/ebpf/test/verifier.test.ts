/** Logs of verifiers, captured, Linux 6.1 and 6.18. */
import t from 'tap'
import { annotate, assemble, exit, ldImm64, ldx, mov, r0, r1, r2 } from '../asm/asm.ts'
import { readComplaint, VerifierError } from '../verifier.ts'

const packet = `0: R1=ctx() R10=fp0
0: (61) r2 = *(u32 *)(r1 +76)         ; R1=ctx() R2=pkt(r=0)
1: (71) r0 = *(u8 *)(r2 +0)
invalid access to packet, off=0 size=1, R2(id=0,off=0,r=0)
R2 offset is outside of the packet
processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
`

t.test('the complaint is what stands after the instruction that it is about', async (t) => {
  t.same(readComplaint(packet), {
    message: 'invalid access to packet, off=0 size=1, R2(id=0,off=0,r=0); R2 offset is outside of the packet',
    omittedLineCount: 4,
    slot: 1,
  })
})

t.test('a complaint about the shape names the instruction itself', async (t) => {
  const processed = 'processed 0 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0\n'
  t.match(readComplaint(`unreachable insn 2\n${processed}`), { message: 'unreachable insn 2', slot: 2 })
  t.match(readComplaint(`jump out of range from insn 3 to 9\n${processed}`), { slot: 3 })
  t.match(readComplaint(`back-edge from insn 7 to 1\n${processed}`), { slot: 7 })
  t.match(readComplaint(`last insn is not an exit or jmp\n${processed}`), {
    message: 'last insn is not an exit or jmp',
    omittedLineCount: 1,
    slot: undefined,
  })
})

t.test('states of paths, of backtracking and of functions are no complaints', async (t) => {
  const log = `func#0 @0
func#1 @4
0: R1=ctx(off=0,imm=0) R10=fp0
0: (85) call pc+3
caller:
 R10=fp0
callee:
 frame1: R1=ctx(off=0,imm=0) R10=fp0
4: (bf) r0 = r5
R5 !read_ok

from 3 to 5: R0=inv1 R10=fp0
mark_precise: frame0: last_idx 5 first_idx 0 subseq_idx -1
mark_precise: frame0: regs=r1 stack= before 4: (07) r1 += 1
processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
`
  t.match(readComplaint(log), { message: 'R5 !read_ok', slot: 4 })
})

t.test('a log that lost its beginning is read from its end', async (t) => {
  const log = `0=0x7a11e
2: (a5) if r0 < 0x989680 goto pc-2    ; R0=0x7a11f
1: (07) r0 += 1
BPF program is too large. Processed 1000001 insn
processed 1000001 insns (limit 1000000) max_states_per_insn 4 total_states 25001 peak_states 25001 mark_read 0
`
  t.match(readComplaint(log), { message: 'BPF program is too large. Processed 1000001 insn', slot: 1 })
})

t.test('of a log whose middle is missing the end is read, and what came before is not blamed', async (t) => {
  const log = `1: (07) r0 += 1                       ; R0=0x7a11f
2: (a5) if r0 < 0x9896
[…]
BPF program is too large. Processed 1000001 insn
processed 1000001 insns (limit 1000000) max_states_per_insn 4 total_states 25001 peak_states 25001 mark_read 0
`
  t.match(readComplaint(log), { message: 'BPF program is too large. Processed 1000001 insn', slot: undefined })
})

t.test('what is no log makes no error', async (t) => {
  t.same(readComplaint(''), { message: '', omittedLineCount: 0, slot: undefined })
  t.same(readComplaint('something else\n'), { message: 'something else', omittedLineCount: 0, slot: undefined })
})

t.test('the error says what, where in the program, and whose it is', async (t) => {
  const note = { subject: 'c :: Counter', where: 'router.click:3' }
  const { slots } = assemble([...annotate(note, [ldx('u32', r2, r1, 76)]), ldx('u8', r0, r2, 0), exit()])
  const error = new VerifierError({ errno: 13, subject: 'vif1.0', log: packet, slots, cause: undefined })
  t.equal(
    error.message,
    'program load vif1.0: EACCES (invalid access to packet, off=0 size=1, R2(id=0,off=0,r=0); R2 offset is outside of the packet; ' +
      'at 1: r0 = *(u8 *)(r2 +0); of c :: Counter, router.click:3; 4 lines of the log left out)',
  )
  t.match(error, { code: 'EACCES', slot: 1, note, log: packet, name: 'VerifierError' })
})

t.test('slots count wide instructions twice', async (t) => {
  const inner = { subject: 'b :: Strip', where: 'x:2' }
  const { slots } = assemble([ldImm64(r2, 5n), ...annotate(inner, [mov(r0, r1)]), exit()])
  const log = '2: (bf) r0 = r1\nR1 !read_ok\n'
  t.match(new VerifierError({ errno: 13, subject: 'p', log, slots, cause: undefined }), {
    note: inner,
    instruction: { dst: 'r0' },
  })
})
