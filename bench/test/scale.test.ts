/** The bench itself, at its smallest: it must not rot between the runs that people look at. */
import t from 'tap'
import { measureScale } from '../scale/measure.ts'
import { readOptions } from '../scale/options.ts'

t.test('a PIP with a few hosts is filled, changed and measured', { timeout: 300_000 }, async (t) => {
  const options = readOptions(['--hosts', '4', '--objects', '10', '--changes', '8', '--clients', '2'])
  if (!options) throw new Error('no help was asked for')
  const result = await measureScale(4, options, () => {})
  t.match(result, { hosts: 4, objects: 40, changes: 8 })
  for (const value of [result.cpuSeconds, result.busySeconds, result.wallSeconds, result.reservedMs.p50])
    t.ok(value > 0)
  t.ok(result.residentBytes > 2 ** 20)
})

t.test('numbers that cannot be are told', async (t) => {
  t.throws(() => readOptions(['--hosts', '500,1']), { message: '--hosts 1: a whole number from 2 to 10000' })
  t.equal(readOptions(['--help']), undefined)
})
