import t from 'tap'
import {
  formatCpu,
  formatDuration,
  formatRate,
  formatSize,
  parseCpu,
  parseDuration,
  parseRate,
  parseSize,
} from '../units.ts'

t.test('quantities are read in the units that people write', async (t) => {
  t.equal(parseRate('10 Mbit/s'), 10_000_000)
  t.equal(parseRate('10mbit'), 10_000_000)
  t.equal(parseRate('2.5 Gbps'), 2_500_000_000)
  t.equal(parseRate(64_000), 64_000)
  t.equal(parseSize('128 MiB'), 134_217_728)
  t.equal(parseSize('1.5GB'), 1_500_000_000)
  t.equal(parseSize('0'), 0)
  t.equal(parseDuration('5 ms'), 5_000)
  t.equal(parseDuration('250us'), 250)
  t.equal(parseDuration('3 µs'), 3)
  t.equal(parseCpu(2), 2_000)
  t.equal(parseCpu('0.25'), 250)
  t.equal(parseCpu('500m'), 500)
})

t.test('a decimal fraction is the whole number that it means', async (t) => {
  t.equal(parseRate('0.0011 Mbit/s'), 1_100)
  t.equal(parseRate('1.1 Gbit/s'), 1_100_000_000)
})

t.test('what is no quantity is refused', async (t) => {
  for (const value of ['', 'fast', '-1 Mbit/s', '10 MiB', '1e3 kbit/s', '0.5 bit/s', '99999999 Tbit/s', true, null, {}])
    t.equal(parseRate(value), undefined, JSON.stringify(value))
  t.equal(parseSize('10 Mb/s'), undefined)
  t.equal(parseSize('10 constructor'), undefined)
  t.equal(parseCpu('0.0005'), undefined, 'less than a thousandth')
})

t.test('what is formatted reads back', async (t) => {
  for (const value of [0, 1, 999, 1_000, 1_500_000, 10_000_000, 1_000_000_000]) {
    t.equal(parseRate(formatRate(value)), value)
    t.equal(parseDuration(formatDuration(value)), value)
  }
  for (const value of [0, 512, 1024, 128 * 2 ** 20, 2 ** 30, 1.5 * 2 ** 40])
    t.equal(parseSize(formatSize(value)), value)
  t.equal(formatRate(10_000_000), '10 Mbit/s')
  t.equal(formatSize(134_217_728), '128 MiB')
  t.equal(formatCpu(1_500), '1.5 CPU')
})
