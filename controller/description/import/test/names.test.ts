import t from 'tap'
import { namePattern } from '../../limits.ts'
import { createRandom, randomText } from '../../test/random.ts'
import { createNamer, plainName } from '../names.ts'
import { createNotes } from '../notes.ts'

t.test('what is a name stays', async (t) => {
  for (const name of ['a', 'new-york', 'x-', 'a--b']) t.equal(plainName(name, 'node'), name)
})

t.test('others become one', async (t) => {
  t.equal(plainName('New York', 'node'), 'new-york')
  t.equal(plainName('São Paulo (2)', 'node'), 'sao-paulo-2')
  t.equal(plainName('10.0.0.1', 'node'), 'node-10-0-0-1')
  t.equal(plainName('東京', 'node'), 'node')
  t.equal(plainName('x'.repeat(100), 'node'), 'x'.repeat(40))
})

t.test('names are never the same, whatever was wanted', async (t) => {
  const random = createRandom(1)
  const namer = createNamer('node')
  const at = { line: 1, column: 1 }
  const names = Array.from({ length: 500 }, () =>
    namer.name(random.chance(0.5) ? randomText(random, 4) : 'a'.repeat(45), at),
  )
  t.equal(new Set(names).size, names.length)
  for (const name of names) if (!namePattern.test(name)) t.fail(name)
})

t.test('which names are others is one note, with examples', async (t) => {
  const namer = createNamer('node')
  const notes = createNotes('f')
  for (const [i, name] of ['a', 'B', 'C', 'D', 'E', 'F', 'G'].entries()) namer.name(name, { line: i + 1, column: 1 })
  namer.tell(notes)
  t.same(notes.all(), [
    {
      message: '6 nodes have other names here: "B" is b, "C" is c, "D" is d, "E" is e, "F" is f, and 1 more',
      object: '',
      where: 'f:2:1',
    },
  ])
})
