/** The bench itself, at its smallest: it must not rot between the runs that people look at. */
import t from 'tap'
import { figureOf } from '../scale/figure.ts'
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

t.test('results of several numbers of hosts are drawn', async (t) => {
  const of = (hosts: number, reserved: number) => ({
    hosts,
    objects: 4 * hosts,
    changes: 10,
    cpuSeconds: 1,
    busySeconds: 0.5,
    wallSeconds: 1,
    reservedMs: { p50: reserved, p99: 2 * reserved },
    emptyBytes: 2 ** 27,
    residentBytes: 2 ** 28,
  })
  const svg = figureOf([of(100, 10), of(200, 20), of(400, 30)], 'a machine of 2 processors')
  const circles = [...svg.matchAll(/<circle cx="([\d.]+)"/g)].map(([, x]) => Number(x))
  const [first = 0, second = 0, third = 0] = circles
  t.ok(Math.abs(second - first - (third - second)) < 0.2, 'the same way for each doubling')
  for (const words of ['with nothing placed', 'median', '>400<', '>100<', 'A machine of 2 processors'])
    t.match(svg, words)
  t.notMatch(svg, 'NaN')
})

t.test('numbers that cannot be are told', async (t) => {
  t.throws(() => readOptions(['--plot', 'x.svg']), { message: /^--plot: two numbers of hosts or more/ })
  t.throws(() => readOptions(['--hosts', '500,1']), { message: '--hosts 1: a whole number from 2 to 10000' })
  t.equal(readOptions(['--help']), undefined)
})
