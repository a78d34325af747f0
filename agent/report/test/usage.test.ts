import t from 'tap'
import { cpuMillis, parseAvailable, parseStat, usageReader } from '../usage.ts'

const stat = (user: number, idle: number): string =>
  [`cpu  ${user} 0 10 ${idle} 5 0 1 0 0 0`, 'cpu0 1 0 0 0 0 0 0 0 0 0', 'cpu1 1 0 0 0 0 0 0 0 0 0', 'intr 1'].join('\n')

t.test('time of the CPUs between two readings, in thousandths of one', async (t) => {
  const before = parseStat(stat(100, 1000))
  t.same(before, { busy: 111, all: 1116, cpus: 2 })
  t.equal(cpuMillis(before, parseStat(stat(150, 1050))), 1000, 'half of two CPUs')
  t.equal(cpuMillis(before, before), 0)
  t.equal(cpuMillis(before, parseStat(stat(100, 2000))), 0)
})

t.test('memory that is available', async (t) => {
  t.equal(parseAvailable('MemTotal:  100 kB\nMemFree: 1 kB\nMemAvailable:   2048 kB\n'), 2 * 1024 * 1024)
  t.equal(parseAvailable('nothing'), 0)
})

t.test('a reading tells the counters of the NICs that are there', async (t) => {
  const read = usageReader({
    directory: '/',
    counters: async () => new Map([['eth1', { receiveBytes: 5, transmitBytes: 7 }]]),
    nics: () => ['eth1', 'eth9'],
    count: () => ({ nodes: 2, links: 1, givenMemoryBytes: 5e6, givenDiskBytes: 0 }),
  })
  const usage = await read()
  t.match(usage, {
    nodes: 2,
    links: 1,
    givenMemoryBytes: 5e6,
    nics: [{ name: 'eth1', receiveBytes: 5, transmitBytes: 7 }],
  })
  t.equal(usage.nics.length, 1)
  t.ok(usage.memoryAvailableBytes > 0 && usage.diskAvailableBytes > 0 && usage.unixMs > 0)
})
