import t from 'tap'
import { bytes, delay, parseQuantity, rate } from '../description/units.ts'
import { formatCpu, formatDuration, formatRate, formatSize } from '../units.ts'

t.test('a quantity is told in the greatest unit that it fills', async (t) => {
  t.equal(formatRate(10_000_000), '10 Mbit/s')
  t.equal(formatRate(2_500_000_000), '2.5 Gbit/s')
  t.equal(formatRate(0), '0 bit/s')
  t.equal(formatSize(134_217_728), '128 MiB')
  t.equal(formatSize(1023), '1023 B')
  t.equal(formatDuration(1_500), '1.5 ms')
  t.equal(formatDuration(2_000_000), '2 s')
  t.equal(formatCpu(1_500), '1.5 CPU')
})

t.test('what is told reads back where three digits suffice', async (t) => {
  for (const value of [1, 999, 1_000, 1_500_000, 10_000_000, 1_000_000_000]) {
    t.same(parseQuantity(rate, formatRate(value)), { value })
    t.same(parseQuantity(delay, formatDuration(value)), { value })
  }
  for (const value of [512, 1024, 128 * 2 ** 20, 2 ** 30, 1.5 * 2 ** 40])
    t.same(parseQuantity(bytes, formatSize(value)), { value })
})
