import t from 'tap'
import { checksum, makeFrame } from '../forward/frames.ts'
import { readOptions } from '../forward/options.ts'
import { makeDestinations, makeRoutes } from '../forward/routes.ts'
import { compareTimes, middleMean } from '../forward/timing.ts'
import { drawChart, stepOf } from '../svg.ts'

t.test('routes are different prefixes of their lengths, and destinations lie within one', async (t) => {
  const routes = makeRoutes(5000, 3)
  t.equal(new Set(routes.map(({ address, length }) => `${address}/${length}`)).size, 5000)
  t.ok(routes.every(({ address, length }) => address % 2 ** (32 - length) === 0))
  t.strictSame(new Set(routes.map(({ output }) => output)), new Set([0, 1, 2]))
  const inside = (destination: number): boolean =>
    routes.some(({ address, length }) => Math.floor(destination / 2 ** (32 - length)) === address / 2 ** (32 - length))
  t.ok(makeDestinations(routes, 100).every(inside))
  t.strictSame(makeRoutes(10, 2), makeRoutes(10, 2), 'the same in every run')
})

t.test('a frame has the checksums that routers ask for', async (t) => {
  for (const optionCount of [0, 3, 10]) {
    const frame = makeFrame({ bytes: 128, destination: 0x0102_0304, optionCount })
    t.equal(checksum(frame.subarray(14, 34 + 4 * optionCount)), 0)
    t.equal(frame.readUInt16BE(16), 114)
  }
})

t.test('ratios are those of rounds, without the floor beside with it', async (t) => {
  const found = compareTimes([22, 24, 35], [16, 17, 20], [10, 10, 10])
  t.match(found, { ns: 27, ofNs: 53 / 3, floorNs: 10, netRatio: (2 + 2 + 2.5) / 3 })
  t.equal(middleMean([1000, 4, 6, -50]), 5)
})

t.test('axes have few, round steps', async (t) => {
  t.strictSame([0.7, 6, 7.9, 61, 400, 1200].map(stepOf), [0.2, 1, 2, 20, 100, 200])
})

t.test('a chart shows each series in each panel, and quotes what it is told', async (t) => {
  const series = [
    {
      title: 'a < b',
      points: [
        [1, 2],
        [2, 4],
      ] as const,
    },
  ]
  const svg = drawChart(
    'title',
    ['note'],
    [
      { title: 'one', x: 'x', y: 'y', series },
      { title: 'two', x: 'x', y: 'y', series },
    ],
  )
  t.equal(svg.match(/<circle/g)?.length, 5, 'two points in two panels, and the legend')
  t.match(svg, 'a &lt; b')
  t.notMatch(svg, 'NaN')
})

t.test('options say what would be right', async (t) => {
  t.throws(() => readOptions(['--only', 'nothing'], 'out'), /path, lookup, live, flows/)
  t.throws(() => readOptions(['--flows', '7'], 'out'), /from 1 to 6/)
  t.match(readOptions(['--only', 'live', '--seconds', '0.1'], 'out'), {
    only: ['live'],
    seconds: 0.1,
    directory: 'out',
  })
  t.equal(readOptions(['--help'], 'out'), undefined)
})
