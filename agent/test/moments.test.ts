import t from 'tap'
import { momentMap } from '../moments.ts'

t.test('a moment stays as it was, whatever changes afterwards', async (t) => {
  const map = momentMap<string, number>()
  for (let number = 0; number < 1000; number++) map.set(`vif${number}.0`, number)
  const before = map.moment()
  t.equal(map.moment(), before, 'and is the same one while nothing changes')
  map.set('vif7.0', -7)
  map.delete('vif8.0')
  map.set('eth0', 1)
  t.same([before.get('vif7.0'), before.has('vif8.0'), before.has('eth0')], [7, true, false])
  t.equal([...before.values()].length, 1000)
  const after = map.moment()
  t.same([after.get('vif7.0'), after.has('vif8.0'), after.get('eth0')], [-7, false, 1])
  map.set('vif7.0', 70)
  t.same(
    [before.get('vif7.0'), after.get('vif7.0'), map.get('vif7.0')],
    [7, -7, 70],
    'nor do moments change each other',
  )
  t.equal(new Set(map.keys()).size, 1000)
})

t.test('numbers are keys, too; what is not there is deleted in vain', async (t) => {
  const map = momentMap<number, string>()
  map.set(3, 'a')
  map.set(3 + 256, 'b')
  const before = map.moment()
  map.delete(4)
  t.equal(map.moment(), before)
  t.same([map.get(3), map.get(259), map.get(4), map.has(4)], ['a', 'b', undefined, false])
})
