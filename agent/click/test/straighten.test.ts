import t from 'tap'
import { exit, type Item, isLabel, jeq, jump, label, mov } from '../../ebpf/asm/asm.ts'
import { dropEmptyJumps } from '../compile/code.ts'
import { straighten } from '../compile/straighten.ts'

const show = (items: readonly Item[]): string =>
  items.map((item) => (isLabel(item) ? `${item.label}:` : item.target ? `goto ${item.target}` : 'do')).join(' ')

t.test('what packets go on to follows, what is seldom comes behind', async (t) => {
  const program = [
    jeq('r0', 0, 'bad'),
    jump('next'),
    label('bad'),
    mov('r1', 1),
    jump('drop'),
    label('next'),
    label('last'),
    mov('r1', 2),
    exit(),
    label('drop'),
    exit(),
  ]
  t.equal(show(dropEmptyJumps(straighten(program))), 'goto bad next: last: do do bad: do drop: do')
})

t.test(
  'each piece stays, once: one that jumps back, one that nothing jumps to, one that is entered in its middle',
  async (t) => {
    const program = [
      label('a'),
      mov('r1', 1),
      label('b'),
      jeq('r1', 0, 'c'),
      jump('b'),
      label('c'),
      jump('a'),
      mov('r1', 2),
      exit(),
    ]
    t.equal(show(straighten(program)), show(program))
  },
)

t.test('functions stay whole, in their order', async (t) => {
  const program = [
    jump('x'),
    label('y'),
    exit(),
    label('x'),
    jump('y'),
    label('function'),
    jump('z'),
    label('w'),
    exit(),
    label('z'),
    jump('w'),
  ]
  t.equal(show(dropEmptyJumps(straighten(program))), 'x: y: do function: z: w: do')
})
