/** Long programs: each jump is followed in the assembled bytes, and must come out where its label is. */
import t from 'tap'
import {
  annotate,
  assemble,
  exit,
  type Item,
  jeq,
  jump,
  label,
  ldImm64,
  mov,
  type Program,
  r0,
  r1,
  r2,
} from '../../asm/asm.ts'

const filler = (length: number): Item[] => Array.from({ length }, () => mov(r0, 0))
const opcode = { goto: 0x05, jeq: 0x15, exit: 0x95 } as const

/** An assembled program to walk through. */
const walk = (program: Program) => {
  const { bytes, labels, slots } = assemble(program)
  const view = new DataView(bytes.buffer)
  const opcodeAt = (slot: number): number => view.getUint8(slot * 8)
  const target = (slot: number): number => slot + 1 + view.getInt16(slot * 8 + 2, true)
  /** From a slot on, the first that holds no `goto`. */
  const follow = (slot: number): number => (opcodeAt(slot) === opcode.goto ? follow(target(slot)) : slot)
  return {
    slots,
    opcodeAt,
    follow,
    /** Where a conditional jump leads when it is taken. */
    taken: (slot: number): number => follow(target(slot)),
    slotOf: (name: string): number | undefined => labels.get(name),
  }
}

t.test('a short program is left as it is', async (t) => {
  const program = [jeq(r1, 0, 'end'), ...filler(1000), label('end'), exit()]
  t.equal(walk(program).slots.length, 1002)
})

t.test('a jump ahead arrives however far it is, by several stones where it must', async (t) => {
  for (const length of [27_990, 32_767, 32_768, 60_000, 200_000]) {
    const { taken, slotOf } = walk([jeq(r1, 0, 'end'), ...filler(length), label('end'), exit()])
    t.equal(taken(0), slotOf('end'), `${length}`)
  }
})

t.test('the straight path runs through all instructions of the program and over the stones', async (t) => {
  const { opcodeAt, follow, slots } = walk([jeq(r1, 0, 'end'), ...filler(100_000), label('end'), exit()])
  let count = 1
  for (let slot = 0; opcodeAt(slot) !== opcode.exit; slot = follow(slot + 1)) count++
  t.equal(count, 100_002)
  t.ok(slots.length > 100_002)
})

t.test('jumps from everywhere to several labels all arrive', async (t) => {
  const names = ['drop', 'host', 'out']
  const blocks = Array.from({ length: 300 }, (_, block) => [
    ...annotate({ subject: `e${block}`, where: `x:${block}` }, [jeq(r1, block, names[block % 3] ?? '')]),
    ...filler(297),
    ldImm64(r2, 1n),
  ])
  const ends = names.flatMap((name) => [label(name), mov(r0, 1), exit()])
  const { slots, taken, slotOf } = walk([...blocks.flat(), ...ends])
  let seen = 0
  slots.forEach((instruction, slot) => {
    if (instruction?.opcode !== opcode.jeq) return
    seen++
    const { imm: block } = instruction
    if (taken(slot) !== slotOf(names[block % 3] ?? '')) t.fail(`the jump of block ${block} arrives at ${taken(slot)}`)
  })
  t.equal(seen, 300)
})

t.test('a stone belongs to whom the jump belongs', async (t) => {
  const note = { subject: 'c :: Classifier', where: 'x:1' }
  const program = [...annotate(note, [jeq(r1, 0, 'end')]), ...filler(60_000), label('end'), exit()]
  const stones = walk(program).slots.filter((instruction) => instruction?.target === 'end')
  t.ok(stones.length > 0)
  t.ok(stones.every((stone) => stone?.note === note))
})

t.test('after a goto the stones need none over them, which nothing would reach', async (t) => {
  const around = (at: Item): Program => [
    jeq(r1, 0, 'end'),
    ...filler(27_998),
    at,
    label('other'),
    ...filler(20_000),
    label('end'),
    exit(),
  ]
  const [after, straight] = [walk(around(jump('end'))), walk(around(mov(r0, 0)))]
  t.equal(after.taken(0), after.slotOf('end'))
  t.equal(after.follow(27_999), after.slotOf('end'))
  t.equal(after.slots[28_000]?.target, 'end', 'the stone stands right behind the goto')
  t.equal(straight.follow(28_000), straight.slotOf('other'))
  t.equal(straight.slots.length, after.slots.length + 1)
})

t.test('a label that is nowhere is still told by its name', async (t) => {
  const program = [jeq(r1, 0, 'nowhere'), ...filler(100_000), exit()]
  t.throws(() => assemble(program), { message: /no label 'nowhere'/ })
})

t.test('a jump back arrives however far it is, from everywhere behind', async (t) => {
  const names = ['drop', 'host']
  const ends = names.flatMap((name) => [label(name), mov(r0, 1), exit()])
  const blocks = Array.from({ length: 400 }, (_, block) => [jeq(r1, block, names[block % 2] ?? ''), ...filler(299)])
  const { slots, taken, slotOf } = walk([jump('start'), ...ends, label('start'), ...blocks.flat(), exit()])
  const jumps = slots.flatMap((instruction, slot) =>
    instruction?.opcode === opcode.jeq ? [{ instruction, slot }] : [],
  )
  t.equal(jumps.length, 400)
  for (const { instruction, slot } of jumps) {
    if (taken(slot) !== slotOf(names[instruction.imm % 2] ?? ''))
      t.fail(`the jump at ${slot} arrives at ${taken(slot)}`)
  }
})

t.test('a label that nobody goes back to has no stones', async (t) => {
  const program = [label('start'), jeq(r1, 0, 'start'), ...filler(100_000), exit()]
  t.equal(walk(program).slots.length, 100_002)
})
