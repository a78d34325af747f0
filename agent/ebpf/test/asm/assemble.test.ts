/** Labels, functions, maps and notes, through assembly. */
import t from 'tap'
import {
  AssemblyError,
  annotate,
  assemble,
  callFunction,
  exit,
  type Item,
  jeq,
  jlt32,
  jump,
  label,
  ldFunction,
  ldImm64,
  ldMapFd,
  ldMapValue,
  mov,
  type Program,
  r0,
  r1,
  r2,
} from '../../asm/asm.ts'
import { slots } from './support/slots.ts'

const counter = { subject: 'c :: Counter', where: 'router.click:3' }
const refusal = (program: Program): AssemblyError => {
  try {
    assemble(program)
  } catch (error) {
    if (error instanceof AssemblyError) return error
  }
  throw new Error('was not refused')
}
const filler = (length: number): Item[] => Array.from({ length }, () => mov(r0, 0))

t.test('jumps count slots from the next one, forward and back, over wide instructions', async (t) => {
  const program = [
    label('again'),
    jeq(r1, 5, 'end'),
    ldImm64(r2, 1n),
    jlt32(r1, r2, 'again'),
    jump('end'),
    label('end'),
    label('also the end'),
    exit(),
  ]
  t.same(slots(program), [
    '15 01 0400 05000000', // 0: to 5
    '18 02 0000 01000000',
    '00 00 0000 00000000',
    'ae 21 fcff 00000000', // 3: to 0
    '05 00 0000 00000000', // 4: to 5
    '95 00 0000 00000000',
  ])
  t.same(
    [...assemble(program).labels],
    [
      ['again', 0],
      ['end', 5],
      ['also the end', 5],
    ],
  )
})

t.test('functions are called and referred to by distance in the immediate', async (t) => {
  const program = [
    callFunction('double'),
    ldFunction(r2, 'each'),
    exit(),
    label('each'),
    exit(),
    label('double'),
    exit(),
  ]
  t.same(slots(program), [
    '85 10 0000 04000000', // 0: to 5
    '18 42 0000 02000000', // 1: to 4
    '00 00 0000 00000000',
    '95 00 0000 00000000',
    '95 00 0000 00000000', // 4: each
    '95 00 0000 00000000', // 5: double
  ])
  t.same(assemble(program).functions, [
    { slot: 0, name: '' },
    { slot: 4, name: 'each' },
    { slot: 5, name: 'double' },
  ])
  t.same(slots([mov(r0, 0), exit(), label('f'), mov(r0, 1), callFunction('f'), exit()])[3], '85 10 0000 feffffff')
})

t.test('maps are told of by the slot that their descriptor goes to', async (t) => {
  const { maps } = assemble([ldMapFd(r1, 'table'), mov(r2, 1), ldMapValue(r1, 'counters', 8), exit()])
  t.same(maps, [
    { slot: 0, map: 'table' },
    { slot: 3, map: 'counters' },
  ])
})

t.test('notes stay with their slots, inner ones win', async (t) => {
  const inner = { subject: 'inner', where: 'x:1' }
  const program = annotate(counter, [ldImm64(r1, 1n), ...annotate(inner, [mov(r0, 0)]), exit()])
  t.same(
    assemble(program).slots.map((instruction) => instruction?.note),
    [counter, undefined, inner, counter],
  )
})

t.test('labels that are undefined, defined twice or before nothing are refused with who uses them', async (t) => {
  t.match(refusal(annotate(counter, [jump('nowhere'), exit()])), {
    message: "there is no label 'nowhere' to go to from 0 (c :: Counter, router.click:3)",
    note: counter,
  })
  t.match(refusal([callFunction('f'), exit()]), { message: /no label 'f'/ })
  t.match(refusal([label('a'), exit(), label('a'), exit()]), { message: "the label 'a' is defined twice" })
  t.match(refusal([exit(), label('a')]), { message: /'a' stands at the end/ })
})

t.test('a call reaches farther than a jump', async (t) => {
  t.same(slots([callFunction('far'), ...filler(40000), exit(), label('far'), exit()])[0], '85 10 0000 419c0000')
})
