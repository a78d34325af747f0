import t from 'tap'
import { Full, HandlerError } from '../../handlers.ts'
import { type Command, change } from '../change.ts'
import { memoryBytes, type TableRoom } from '../layout.ts'
import { createTable } from '../open.ts'
import { roomFor } from '../room.ts'
import type { RouteTable } from '../table.ts'
import { formatRoute, readTableRoute } from '../text.ts'

const outputs = 4

const tableOf = (texts: readonly string[], room: TableRoom = roomFor([])): RouteTable => {
  const table = createTable(new ArrayBuffer(memoryBytes(room)), room, () => undefined)
  for (const text of texts) table.put(readTableRoute(text, outputs))
  return table
}

const commands = (lines: readonly string[]): readonly Command[] =>
  lines.map((line) => ({ verb: line.split(' ')[0] as Command['verb'], text: line.slice(line.indexOf(' ') + 1) }))

const texts = (table: RouteTable): readonly string[] => [...table.routes()].map(formatRoute)

t.test('commands hold one after the other, and what they come to is done with no prefix bare in between', async (t) => {
  const table = tableOf(['10.0.0.0/8 - 0', '10.1.0.0/16 - 1', '10.2.0.0/16 - 2'])
  const steps: string[] = []
  const watched: RouteTable = {
    ...table,
    put: (route) => {
      steps.push(`put ${formatRoute(route)}`)
      return table.put(route)
    },
    remove: (prefix) => {
      steps.push(`remove ${prefix.length}`)
      return table.remove(prefix)
    },
  }
  change(
    watched,
    commands([
      'remove 10.1/16',
      'add 10.1/16 3',
      'remove 10.2/16',
      'add 10.3/16 1',
      'remove 10.3/16',
      'add 11/8 1',
      'set 11/8 2',
    ]),
    outputs,
  )
  t.same(steps, ['put 10.1.0.0/16 - 3', 'put 11.0.0.0/8 - 2', 'remove 16'])
  t.same(texts(table), ['10.0.0.0/8 - 0', '10.1.0.0/16 - 3', '11.0.0.0/8 - 2'])
})

t.test('commands of which one is refused change nothing', async (t) => {
  const before = ['10.0.0.0/8 - 0', '10.1.0.0/16 1.1.1.1 1']
  const table = tableOf(before)
  const refused: readonly (readonly [lines: readonly string[], message: string])[] = [
    [['add 11/8 1', 'add 11/8 2'], "conflict with existing route '11.0.0.0/8 - 1'"],
    [['remove 10/8', 'remove 10/8'], "route '10.0.0.0/8 - -1' not found"],
    [['set 10/8 3', 'remove 10/8 0'], "route '10.0.0.0/8 - 0' not found"],
    [['set 10/8 3', 'set 10/8 4'], 'bad OUTPUT'],
  ]
  for (const [lines, message] of refused) {
    t.throws(() => change(table, commands(lines), outputs), new HandlerError(message))
    t.same(texts(table), before)
  }
})

t.test('commands for which there is no room change nothing and say what room would do', async (t) => {
  const before = ['10.0.0.0/8 - 0', '10.1.0.0/16 1.1.1.1 1']
  const small = { routes: 200, nextHops: 8, blocks: 4 }
  const table = tableOf(before, small)
  const lines = ['set 10/8 9.9.9.9 3', 'remove 10.1/16', ...Array.from({ length: 5 }, (_, i) => `add 10.${i}.7.0/24 2`)]
  let full: unknown
  try {
    change(table, commands(lines), outputs)
  } catch (error) {
    full = error
  }
  if (!(full instanceof Full)) return t.fail(`${full}`)
  t.match(full.message, /no room for \d+ next hops and \d+ blocks/)
  t.same(texts(table), before)
  t.same(table.inUse(), { routes: 2, nextHops: 2, blocks: 0 })
  const { routes = 0, nextHops = 0, blocks = 0 } = full.room
  t.equal(routes, 200, 'of nothing there is less')
  const larger = tableOf(before, { routes, nextHops, blocks })
  change(larger, commands(lines), outputs)
  t.equal(larger.count(), 6)
})
