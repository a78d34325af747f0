import t from 'tap'
import { add, type Item, label, ldx, mov, st, stx } from '../../ebpf/asm/asm.ts'
import { annotationSlot, packetTypeSlot } from '../compile/stack.ts'
import { dropUnread, readsContext, readWords } from '../compile/unread.ts'

const write = (at: number): Item => st('u8', 'r10', annotationSlot(at), 1)
const clear = (at: number): Item => st('u64', 'r10', annotationSlot(at), 0)
const read = (at: number): Item => ldx('u8', 'r0', 'r10', annotationSlot(at))
const keep = (items: readonly Item[]): Item[] => dropUnread(items, readWords(items))

t.test('what is written into a word of which any byte is read stays', async (t) => {
  const items = [clear(0), clear(8), write(3), write(9), read(1), label('end')]
  t.same(keep(items), [clear(0), write(3), read(1), label('end')])
})

t.test('a read over the border of two words keeps both', async (t) => {
  const items = [clear(0), clear(8), clear(16), ldx('u32', 'r0', 'r10', annotationSlot(6))]
  t.same(keep(items), [items[0], items[1], items[3]])
})

t.test('all stay where somebody is told where they lie', async (t) => {
  const items = [clear(0), clear(40), mov('r2', 'r10'), add('r2', packetTypeSlot)]
  t.same(keep(items), items)
})

t.test('what is no annotation stays', async (t) => {
  const items = [st('u64', 'r10', packetTypeSlot - 8, 0), stx('u32', 'r7', -8, 'r1'), stx('u64', 'r10', -136, 'r0')]
  t.same(keep(items), items)
})

t.test('a read of the context is found', async (t) => {
  t.ok(readsContext([ldx('u32', 'r0', 'r6', 48)], 48))
  t.notOk(readsContext([ldx('u32', 'r0', 'r7', 48), stx('u32', 'r6', 48, 'r0')], 48))
})
