import t from 'tap'
import { editDistance, nearest, suggest } from '../nearest.ts'

t.test('edits are counted, a swap of neighbours as one', async (t) => {
  t.equal(editDistance('', 'abc'), 3)
  t.equal(editDistance('memory', 'memory'), 0)
  t.equal(editDistance('memroy', 'memory'), 1)
  t.equal(editDistance('kitten', 'sitting'), 3)
})

t.test('the nearest name is found, and none where nothing is near', async (t) => {
  t.equal(nearest('memroy', ['memory', 'image']), 'memory')
  t.equal(nearest('LXC', ['lxc', 'xen']), 'lxc')
  t.equal(nearest('wbe', ['web', 'db']), 'web')
  t.equal(nearest('completely-else', ['web', 'db']), undefined)
  t.equal(nearest('zz', ['a', 'b']), undefined)
  t.equal(nearest('x'.repeat(100_000), ['x']), undefined)
})

t.test('a hint is the nearest name, or what there is', async (t) => {
  t.equal(suggest('wbe', ['web', 'db']), 'did you mean "web"?')
  t.equal(suggest('router', ['web', 'db']), 'known: web, db')
  t.equal(suggest('router', []), '')
  t.match(
    suggest(
      'q',
      Array.from({ length: 40 }, (_, i) => `node-${i}`),
    ),
    /, and 28 more$/,
  )
})
